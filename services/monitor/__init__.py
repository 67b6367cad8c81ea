"""The monitor service: shuts its host down before the battery is empty, and never without need."""

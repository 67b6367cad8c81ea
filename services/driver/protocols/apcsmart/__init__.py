"""APC's smart protocol: tables, shapes of replies and decisions, without input or output."""

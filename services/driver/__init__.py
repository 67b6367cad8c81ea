"""The driver service: power devices on the bus."""

"""The services; each meets the others only on the bus."""

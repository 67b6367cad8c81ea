"""Devices that are derived from other devices on the bus: what they show, and what they decide."""

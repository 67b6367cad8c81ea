"""The ways to a device: bytes in and out, and nothing about what they mean."""

"""What the devices say: protocols and models, without input or output."""

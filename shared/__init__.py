"""The language of the bus; knows no service."""

"""Lets devices appear in Home Assistant by themselves, with their controls and their energy."""

"""USB HID power devices: report descriptors, paths, values; tables of what vendors mean by them."""

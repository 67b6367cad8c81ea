"""Moving between NUT's settings files and ours: `nutbus import` and `nutbus export`."""

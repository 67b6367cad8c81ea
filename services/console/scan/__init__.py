"""`nutbus scan`: find power devices on the network and on serial lines, as nut-scanner does."""

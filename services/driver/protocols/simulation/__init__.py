"""Simulated power devices: a line-interactive UPS and a switched PDU.

They are pure models: no clock and no input or output. `advance(seconds)` lets time pass, `set` and
`command` act on the device, `reading` tells what a driver would read from it.
"""

"""Every parser that faces a network or a device, as a function of any bytes, by name.

A target returns or raises one of its `errors`; anything else is a mistake of ours. tools/fuzz runs
them for minutes under coverage, test_fuzz.py for a moment in the suite.
"""

from tests.fuzz import bus, devices, files, lines, snmp, talk, web

TARGETS = {
    name: target
    for part in (lines, bus, snmp, devices, talk, files, web)
    for name, target in part.TARGETS.items()
}

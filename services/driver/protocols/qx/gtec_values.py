"""What the letters of the dialect gtec mean: each says one thing about the UPS.

Facts: NUT, drivers/nutdrv_qx_gtec.c.
"""

from services.driver.protocols.qx.table import Cut, Found

TEST = "battery.test.status"
# The letters that say what feeds the load; a UPS that says none of them is off.
_MODES = {"A": "!OL", "C": "BYPASS", "M": "OL"}
_WORDS = {"B": "LB", "F": "FSD", "J": "RB", "N": "OVER"}
_ALARMS = {
    "D": "UPS failed",
    "G": "Site fault",
    "H": "EPROM fail",
    "P": "Battery disconnected",
}
_TESTS = {
    "E": "Test in progress",
    "I": "Test passed - Result: OK",
    "J": "Test passed - Result: Failed",
    "K": "Battery disconnected",
    "L": "Test status unknown",
}


def status(cut: Cut) -> Found:
    """Read the letters; those that are not known say nothing."""
    letters = cut.text.strip()
    if not letters.isascii() or not (letters.isalpha() or not letters):
        raise ValueError(f"{cut.text!r} are no letters of a status")
    modes = [_MODES[letter] for letter in letters if letter in _MODES] or ["OFF"]
    words = [_WORDS[letter] for letter in letters if letter in _WORDS]
    tests = [_TESTS[letter] for letter in letters if letter in _TESTS]
    return Found(
        words=("OL", *words, modes[-1]),
        alarms=tuple(_ALARMS[letter] for letter in letters if letter in _ALARMS),
        variables={TEST: tests[-1]} if tests else {},
    )

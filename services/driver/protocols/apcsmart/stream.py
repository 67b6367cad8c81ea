"""What comes over the line: replies, and alert characters that come at any time, even in replies.

A reply ends in CR LF; an alert is a single character without an end.
"""

from typing import NamedTuple

from shared.errors import DeviceError

END = b"\n"
ALERTS = b"!$%+?=#|&*"
# A capability string holds #, which is no alert there.
CAPABILITY_ALERTS = b"!$%+?=|&*"
SETTINGS_CHANGED = b"|"
POWERING_DOWN = b"*"
NOT_AVAILABLE = "NA"


class Said(NamedTuple):
    """A reply without its end, and the alerts that came with it."""

    text: str
    alerts: bytes


def said(line: bytes, alerts: bytes = ALERTS) -> Said:
    """Tell the reply from the alerts; Latin-1, since codes beyond ASCII occur in replies."""
    body = line.translate(None, b"\r\n")
    found = bytes(byte for byte in body if byte in alerts)
    return Said(body.translate(None, alerts).decode("latin-1"), found)


def is_only_alerts(line: bytes) -> bool:
    """Tell whether there is no reply in the line, but at least one alert."""
    text, alerts = said(line)
    return not text and bool(alerts)


def agreed(first: bytes, second: bytes) -> Said:
    """Settle a text in which alerts seem to be, from two replies to the same question.

    What comes twice at the same place belongs to the text: a UPS may be named `ups#1`.
    """
    if first == second:
        return Said(said(first, b"").text, b"")
    one, two = said(first), said(second)
    if one.text != two.text:
        raise DeviceError(f"replies that do not agree: {first!r} and {second!r}")
    return Said(one.text, one.alerts + two.alerts)

"""Replies as values of variables, after their form has been checked; nothing is guessed."""

import re

from services.driver.protocols.apcsmart.rows import Format, Row
from services.driver.protocols.apcsmart.stream import NOT_AVAILABLE
from services.driver.protocols.apcsmart.tables import REASONS, STATUS_BITS
from shared.errors import DeviceError

MAX_PACKED = 4
NO_SENSOR = "N/A"  # NUT's word for an empty place in a packed reply

_SECONDS = {Format.MINUTES: 60, Format.HOURS: 3600}
_FORMS = {
    Format.TEXT: r"[ -~]{1,64}",
    Format.PERCENT: r"\d{1,3}(\.\d{1,2})?",
    Format.VOLT: r"\d{1,3}(\.\d{1,2})?",
    Format.AMP: r"\d{1,3}(\.\d{1,2})?",
    Format.CELSIUS: r"-?\d{1,3}(\.\d{1,2})?",
    Format.HEX: r"[0-9A-F]{2}",
    Format.DECIMAL: r"\d{1,3}(\.\d{1,2})?",
    Format.SECONDS: r"\d{1,4}",
    Format.MINUTES: r"\d{1,4}:?",
    # ON: only when it is switched on. Neither of the words is an interval: 0, as NUT says it.
    Format.HOURS: r"\d{1,4}(\.\d)?|ON ?|OFF",
    Format.REASON: r"[A-Z]",
}
_PACKED = r"NO|"
_STATUS = re.compile(r"[0-9A-Fa-f]{2}")
_BOTH_SUPPLIES = {"OL", "OB"}


def fits(row: Row, reply: str) -> bool:
    """Tell whether the reply has the form of the row."""
    if reply == NOT_AVAILABLE or (row.pattern and not re.fullmatch(row.pattern, reply)):
        return False
    form = _FORMS[row.format]
    if not row.is_packed:
        return re.fullmatch(form, reply) is not None
    parts = reply.split(",")
    return (
        bool(reply)
        and len(parts) <= MAX_PACKED
        and all(re.fullmatch(f"{form}|{_PACKED}", part) for part in parts)
    )


def outline(row: Row, reply: str) -> str:
    """Say what stays the same in the replies of one device: a device pads its numbers.

    A reply that lost a character is told by it.
    """
    if row.format in (Format.TEXT, Format.HEX, Format.REASON, Format.HOURS):
        return "*" * len(reply)
    return re.sub(r"\d", "0", reply)


def values(row: Row, reply: str) -> dict[str, str]:
    """Return the variables of a reply; DeviceError if it does not fit the row."""
    if not fits(row, reply):
        raise DeviceError(f"unexpected reply to {row.code!r} ({row.variable}): {reply!r}")
    if not row.is_packed:
        return {row.variable: value(row, reply)}
    return {
        row.variable.replace(".0.", f".{place}."): value(row, part) if part else NO_SENSOR
        for place, part in enumerate(reply.split(","), 1)
    }


def value(row: Row, text: str) -> str:
    """Return one value as NUT has it: times in seconds, reasons in words, all else as it came."""
    if row.format in _SECONDS:
        number = re.match(r"\d+", text)
        return str(int(number[0]) * _SECONDS[row.format]) if number else "0"
    if row.format is Format.REASON:
        return dict(REASONS).get(text, text)
    return text.rstrip() if row.format is Format.TEXT else text


def status(reply: str) -> str:
    """Return the status words of a reply to Q; DeviceError if it makes no sense."""
    if not _STATUS.fullmatch(reply):
        raise DeviceError(f"unexpected reply to b'Q' (ups.status): {reply!r}")
    bits = int(reply, 16)
    words = [word for bit, word in STATUS_BITS if bits >> bit & 1]
    if set(words) >= _BOTH_SUPPLIES:
        raise DeviceError(f"a status of both mains and battery: {reply!r}")
    return " ".join(words) or "OFF"

"""What a row makes of a number, and which number stands for a text that is to be written."""

from services.driver.protocols.hid.table import Known, Lookup, Row

_TOO_GREAT = 2.0**63


def text(row: Row, value: float, known: Known) -> str | None:
    """Write a value of a row as people read it; None if it means nothing."""
    if not _is_sound(value):
        return None
    if row.lookup is None:
        return row.form % value
    return translated(row.lookup, value, known)


def translated(lookup: Lookup, value: float, known: Known) -> str | None:
    """Look a number up, or convert it."""
    if not _is_sound(value):
        return None
    if lookup.read:
        return lookup.read(value, known)
    return next((text for number, text in lookup.texts if number == int(value)), None)


def number(lookup: Lookup | None, text: str | None, known: Known) -> float | None:
    """Give the value to write for a text; None if there is none. No text at all counts as 0."""
    if lookup and lookup.write:
        return lookup.write(text, known)
    if lookup and lookup.texts:
        return next((float(number) for number, each in lookup.texts if each == text), None)
    return _plain(text)


def choices(row: Row, known: Known) -> tuple[str, ...]:
    """List what may be written to an enumerated row of this device."""
    if not (row.is_enumerated and row.is_writable and row.lookup):
        return ()
    lookup = row.lookup
    return tuple(
        text for number, text in lookup.texts if translated(lookup, number, known) is not None
    )


def _plain(text: str | None) -> float | None:
    if text is None:
        return 0.0
    try:
        value = float(text)
    except ValueError:
        return None
    return value if _is_sound(value) else None


def _is_sound(value: float) -> bool:
    """Tell a number from infinity, no number, and what no report has the bits for."""
    return abs(value) < _TOO_GREAT

"""Numbers out of what devices say, which may be anything; pure."""

import math
import re
from typing import Final

LARGEST: Final = 1e12  # what is greater is no measurement

_NUMBER: Final = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*\Z", re.ASCII)


def number(text: str | None) -> float | None:
    """Read a value as a number; None if it is none that a measurement can be."""
    if text is None or len(text) > 40 or not _NUMBER.match(text):
        return None
    value = float(text)
    return value if math.isfinite(value) and abs(value) <= LARGEST else None

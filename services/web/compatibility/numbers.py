"""Numbers at the start of a text, as C's strtol, atoi and strtod find them."""

import math
import re
from typing import Final

_WHOLE: Final = re.compile(r"\s*([+-]?\d{1,18})(?!\d)", re.ASCII)
_REAL: Final = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)


def whole(text: str) -> int | None:
    """Read the whole number at the start of a text, None if there is none or it is too long."""
    found = _WHOLE.match(text)
    return int(found[1]) if found else None


def real(text: str) -> float | None:
    """Read the number at the start of a text, None if there is none or it is no finite one."""
    found = _REAL.match(text)
    number = float(found[1]) if found else math.inf
    return number if math.isfinite(number) else None

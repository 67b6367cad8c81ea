"""Say on standard error what is being done."""

import sys
import time

_BEGAN = time.monotonic()


def say(line: str) -> None:
    """Write one line, with the seconds since the start."""
    print(f"{time.monotonic() - _BEGAN:5.0f} s  {line}", file=sys.stderr, flush=True)

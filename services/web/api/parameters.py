"""What may be asked of the past, and how it is read from a request."""

import math
import time
from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.requests import Request

from services.web.api.openapi import Parameter
from services.web.history.energy import Span
from services.web.history.reader import LEAST_POINTS, MOST_POINTS
from shared.topics import is_name

DAY: Final = 86400.0
NAME_PATTERN: Final = "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"
LATEST: Final = 4_102_444_800  # the year 2100
LONGEST_NAME: Final = 128
LONGEST_NUMBER: Final = 12  # digits
STEPS: Final = (0, 60, 900, 3600, 86400)

_TIME: Final[dict[str, Any]] = {"type": "number", "minimum": 0, "maximum": LATEST}
NAME: Final = Parameter("name", "path", {"type": "string", "pattern": NAME_PATTERN}, "The device.")
BEGIN: Final = Parameter("begin", "query", _TIME, "Seconds since the epoch; a day before the end.")
END: Final = Parameter("end", "query", _TIME, "Seconds since the epoch; now if it is left out.")
VARIABLE: Final = Parameter(
    "variable",
    "query",
    {"type": "string", "maxLength": LONGEST_NAME},
    "The variable; battery.charge.",
)
POINTS: Final = Parameter(
    "points", "query",
    {"type": "integer", "minimum": LEAST_POINTS, "maximum": MOST_POINTS, "default": 600},
    "How many points at most.",
)  # fmt: skip
STEP: Final = Parameter(
    "step", "query", {"type": "integer", "enum": list(STEPS), "default": 0},
    "Seconds that a row sums up; 0 for the samples as they came.",
)  # fmt: skip
SPAN: Final = Parameter(
    "span", "query", {"type": "string", "enum": [*Span], "default": "day"}, "What to add up by."
)
DEVICE: Final = Parameter(
    "device", "query", {"type": "string", "pattern": NAME_PATTERN}, "Only those of this device."
)


class WrongError(ValueError):
    """A parameter is wrong; the text says which and what is right."""


def name_of(request: Request) -> str:
    """Read the device's name in the path; WrongError says what is right."""
    return named(str(request.path_params["name"]))


def named(name: str) -> str:
    """Pass the name of a device; WrongError says what is right."""
    if not is_name(name):
        raise WrongError(f"a device has a name such as rack1, of the pattern {NAME_PATTERN}")
    return name


def variables_of(query: QueryParams) -> list[str]:
    """Read which variables are asked for, each once; WrongError says what is right."""
    asked = list(dict.fromkeys(query.getlist("variable")))
    if any(len(each) > LONGEST_NAME for each in asked):
        raise WrongError(f"the name of a variable has {LONGEST_NAME} characters at most")
    return asked


def stretch(query: QueryParams, usual: float = DAY) -> tuple[float, float]:
    """Read from when until when; WrongError says what is right."""
    end = _time(query, "end", time.time())
    begin = _time(query, "begin", max(end - usual, 0.0))
    if not begin < end:
        raise WrongError("begin is before end")
    return begin, end


def _time(query: QueryParams, key: str, default: float) -> float:
    try:
        value = float(query.get(key, default))
    except ValueError:
        value = math.nan
    if not 0 <= value <= LATEST:
        raise WrongError(f"{key} is seconds since the epoch, from 0 to {LATEST}")
    return value


def whole(query: QueryParams, key: str, default: int, least: int, most: int) -> int:
    """Read a whole number within limits; WrongError says what is right."""
    text = query.get(key, str(default))
    is_whole = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
    if not (is_whole and least <= int(text) <= most):
        raise WrongError(f"{key} is a whole number from {least} to {most}")
    return int(text)

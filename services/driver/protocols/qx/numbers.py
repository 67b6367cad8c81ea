"""Numbers in the columns of replies, and in requests: strict to read, printf to write."""

import re

_NUMBER = re.compile(r" *(\d+(?:\.\d*)?|\.\d+) *\Z", re.ASCII)
_WHOLE = re.compile(r"\d+\Z", re.ASCII)
_FILLER = re.compile(r"[-#*. _]+\Z", re.ASCII)
FORM = re.compile(r"%(0?\d*(?:\.\d+)?)(?:l?)([dfs])")


def number(text: str) -> float:
    """Read a number without sign or exponent, blanks around it allowed; else ValueError."""
    found = _NUMBER.match(text)
    if found is None:
        raise ValueError(f"{text!r} is no number")
    return float(found[1])


def whole(text: str) -> int:
    """Read digits and nothing else; else ValueError."""
    if not _WHOLE.match(text):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def is_filler(text: str) -> bool:
    """Tell whether a device filled the columns with `--.-` or the like, having no value."""
    return _FILLER.match(text) is not None


def written(form: str, value: float | str) -> str:
    """Write a value in a printf form of one place, such as "%.1f", "%03d" or "PM-%s"."""
    place = FORM.search(form)
    if place is None:
        raise ValueError(f"{form!r} has no place for a value")
    size, kind = place.groups()
    if kind == "s":
        shown = str(value)
    elif kind == "d":
        shown = f"%{size}d" % int(value)
    else:
        shown = f"%{size}f" % float(value)
    return form[: place.start()] + shown + form[place.end() :]

"""A picture of upsimage as lines, one rectangle and texts, ready for PNG or SVG. Pure.

Facts: NUT 2.8.0, clients/upsimage.c; places are pixels from the left and the top, inclusive.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from services.web.compatibility.scales import Bar

LETTER_WIDTH: Final = 7
LETTER_HEIGHT: Final = 13
BAR_MARGIN: Final = 25
MOST_LETTERS: Final = 80


@dataclass(frozen=True, slots=True)
class Line:
    """A dash of the scale, from one place to another in a row."""

    left: int
    right: int
    top: int
    colour: int


@dataclass(frozen=True, slots=True)
class Rectangle:
    """The bar itself."""

    left: int
    top: int
    right: int
    bottom: int
    colour: int


@dataclass(frozen=True, slots=True)
class Text:
    """Letters of 7 by 13 pixels; those that go up start at the bottom and lie on their left."""

    left: int
    top: int
    text: str
    colour: int
    goes_up: bool = False


Shape = Line | Rectangle | Text


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture; its background is transparent, colours are 0xRRGGBB."""

    width: int
    height: int
    background: int
    shapes: tuple[Shape, ...]


def drawing(bar: Bar, numbers: Mapping[str, int]) -> Drawing:
    """Draw a bar on its scale."""
    return _drawing(numbers, (*_scale(bar, numbers), *_value(bar, numbers)))


def notice(text: str, numbers: Mapping[str, int]) -> Drawing:
    """Draw why there is no bar."""
    text = text[:MOST_LETTERS]
    width, height = numbers["width"], numbers["height"]
    length = len(text) * LETTER_WIDTH
    colour = numbers["summary_col"]
    if width > height:
        left, top = _half(width - length), (height - LETTER_HEIGHT) // 2
        return _drawing(numbers, (Text(left, top, text, colour),))
    left, bottom = (width - LETTER_HEIGHT) // 2, (height + length) // 2
    return _drawing(numbers, (Text(left, bottom, text, colour, goes_up=True),))


def _drawing(numbers: Mapping[str, int], shapes: tuple[Shape, ...]) -> Drawing:
    return Drawing(numbers["width"], numbers["height"], numbers["back_col"], shapes)


def _scale(bar: Bar, numbers: Mapping[str, int]) -> Iterator[Shape]:
    width, height = numbers["width"], numbers["scale_height"]
    levels = range(bar.high, bar.low - 1, -bar.steps.minor)
    tops = {level: height * (bar.high - level) // (bar.high - bar.low) for level in levels}
    for level, top in tops.items():
        is_major = level % bar.steps.major == 0
        zone = f"{_zone(bar, level)}_zone_{'maj' if is_major else 'min'}_col"
        margin = 0 if is_major else 5 if level % bar.steps.middle == 0 else 10
        yield Line(margin, width - margin, top, numbers[zone])
    for level, top in tops.items():
        if level % bar.steps.major == 0:
            left = width - len(str(level)) * LETTER_WIDTH
            yield Text(left, top, str(level), numbers["scale_num_col"])


def _zone(bar: Bar, level: int) -> str:
    if any(least <= level <= most for least, most in bar.warning):
        return "warn"
    return "ok" if bar.good[0] <= level <= bar.good[1] else "neutral"


def _value(bar: Bar, numbers: Mapping[str, int]) -> Iterator[Shape]:
    width, bottom = numbers["width"], numbers["scale_height"]
    top = int((1.0 - (bar.value - bar.low) / (bar.high - bar.low)) * bottom)
    top = min(max(top, 0), bottom)
    yield Rectangle(BAR_MARGIN, top, width - BAR_MARGIN, bottom, numbers["bar_col"])
    left = _half(width - len(bar.text) * LETTER_WIDTH)
    yield Text(left, numbers["height"] - LETTER_HEIGHT, bar.text, numbers["summary_col"])


def _half(number: int) -> int:
    return int(number / 2)

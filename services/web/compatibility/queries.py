"""What a query string asks of NUT's CGI programs. Pure.

Facts: NUT, clients/cgilib.c, upsstats.c, upsimagearg.h and upsimage.c. Of an argument that comes
twice the last one counts, and one that is too long counts as not given.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

LONGEST: Final = 128  # characters of a name and of a value
LONGEST_OF_PICTURE: Final = 64
LARGEST_REFRESH: Final = 2**31 - 1

_WHITE: Final = 0xFFFFFF
_DECIMAL: Final = re.compile(r"\s*([+-]?\d+)", re.ASCII)
_HEXADECIMAL: Final = re.compile(r"0x([0-9A-Fa-f]*)")


@dataclass(frozen=True, slots=True)
class StatsQuery:
    """What upsstats is to show; an empty `host` is asked for as well, None is all of them."""

    host: str | None = None
    is_tree: bool = False
    is_json: bool = False
    refresh: int = 0
    single_template: str | None = None
    list_template: str | None = None


@dataclass(frozen=True, slots=True)
class PictureQuery:
    """What upsimage is to draw; `numbers` has a value in range for each name of ARGUMENTS."""

    host: str | None
    display: str | None
    numbers: Mapping[str, int]
    is_svg: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    """A number that a picture takes; one outside `least` and `most` is brought inside."""

    default: int
    least: int
    most: int


ARGUMENTS: Final[Mapping[str, Range]] = {
    "width": Range(100, 50, 200),
    "height": Range(350, 100, 500),
    "scale_height": Range(300, 100, 500),
    "back_col": Range(0x000000, 0, _WHITE),
    "scale_num_col": Range(0xFFFF00, 0, _WHITE),
    "summary_col": Range(0xFFFF00, 0, _WHITE),
    "ok_zone_maj_col": Range(0x00FF00, 0, _WHITE),
    "ok_zone_min_col": Range(0x007800, 0, _WHITE),
    "neutral_zone_maj_col": Range(0xFFFFFF, 0, _WHITE),
    "neutral_zone_min_col": Range(0x646464, 0, _WHITE),
    "warn_zone_maj_col": Range(0xFF0000, 0, _WHITE),
    "warn_zone_min_col": Range(0x960000, 0, _WHITE),
    "bar_col": Range(0x00FF00, 0, _WHITE),
    "tempmin": Range(0, -100, 150),
    "tempmax": Range(40, -100, 150),
    "nom_in_freq": Range(50, 0, 100),
    "nom_out_freq": Range(50, 0, 100),
}


def stats_query(query: bytes) -> StatsQuery:
    """Read the query string of upsstats.cgi."""
    given = dict(_arguments(query, LONGEST))
    refresh = _decimal(given.get("refresh", ""))
    return StatsQuery(
        host=given.get("host"),
        is_tree="treemode" in given,
        is_json="json" in given,
        refresh=refresh if 0 < refresh <= LARGEST_REFRESH else 0,
        single_template=given.get("template_single"),
        list_template=given.get("template_list"),
    )


def picture_query(query: bytes) -> PictureQuery:
    """Read the query string of upsimage.cgi; `format=svg` is ours."""
    given = dict(_arguments(query, LONGEST_OF_PICTURE))
    return PictureQuery(
        host=given.get("host"),
        display=given.get("display"),
        numbers={name: _within(limits, given.get(name)) for name, limits in ARGUMENTS.items()},
        is_svg=given.get("format") == "svg",
    )


def _arguments(query: bytes, longest: int) -> Iterable[tuple[str, str]]:
    text = query.decode("utf-8", "replace")
    for name, value in parse_qsl(text, keep_blank_values=True):
        if len(name) <= longest and len(value) <= longest:
            yield name, re.sub(r"[\r\n]", " ", value)


def _within(limits: Range, text: str | None) -> int:
    if text is None:
        return limits.default
    hexadecimal = _HEXADECIMAL.match(text)
    number = int(hexadecimal[1] or "0", 16) if hexadecimal else _decimal(text)
    return min(max(number, limits.least), limits.most)


def _decimal(text: str) -> int:
    """Read the number at the start of a text, 0 if there is none."""
    number = _DECIMAL.match(text)
    return int(number[1]) if number else 0

"""Pictures of upsimage: whatever is asked for, a picture comes back in no time."""

import io
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from services.web.compatibility.drawings import Rectangle, drawing, notice
from services.web.compatibility.png import png
from services.web.compatibility.queries import ARGUMENTS, picture_query, stats_query
from services.web.compatibility.scales import DISPLAYS, PictureError, bar
from services.web.compatibility.svg import svg

DEFAULTS = {name: limits.default for name, limits in ARGUMENTS.items()}
ODD = ("", "abc", "nan", "inf", "-inf", "1e999", "-1", "0", "9" * 40, "12 V", " 7", "1e300", "0x10")


def drawn(display: str, variables: dict[str, str], query: bytes = b""):
    numbers = picture_query(query).numbers
    try:
        return drawing(bar(display, variables, numbers), numbers)
    except PictureError as error:
        return notice(str(error), numbers)


@pytest.mark.parametrize("display", DISPLAYS)
@pytest.mark.parametrize("value", ODD)
def test_odd_numbers_make_a_picture_too(display, value):
    row = DISPLAYS[display]
    for limit in ODD:
        told = {display: value, row.low: limit, row.nominal: limit, row.high: limit}
        picture = drawn(display, told)
        assert len(picture.shapes) < 12_000
        for shape in picture.shapes:
            if isinstance(shape, Rectangle):
                assert 0 <= shape.top <= shape.bottom


@given(some.binary())
def test_any_query_is_understood(query):
    stats_query(query)
    asked = picture_query(query)
    for name, limits in ARGUMENTS.items():
        assert limits.least <= asked.numbers[name] <= limits.most


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("150", 150),
        ("0x96", 150),
        ("49", 50),
        ("-1", 50),
        ("abc", 50),
        ("", 50),
        ("120abc", 120),
        ("999999999999999999999", 200),
        ("9" * 65, 100),  # too long: as if not given
        ("0x", 50),
        ("0xfffffffffffffffff", 200),
        ("%2b70", 70),
        ("1e2", 50),
    ],
)
def test_numbers_are_read_as_c_reads_them_and_kept_in_range(text, number):
    assert picture_query(f"width={text}".encode()).numbers["width"] == number


def test_the_last_of_two_arguments_counts_and_long_ones_do_not():
    assert stats_query(b"host=a&host=b").host == "b"
    assert stats_query(b"host=a&host=" + b"b" * 129).host == "a"
    assert stats_query(b"host=" + b"b" * 100_000).host is None
    assert stats_query(b"host=a%0d%0ab").host == "a  b"


@pytest.mark.parametrize(
    ("text", "refresh"), [("5", 5), ("0", 0), ("-5", 0), ("x", 0), ("9" * 100, 0), (" 7s", 7)]
)
def test_only_a_sane_refresh_counts(text, refresh):
    assert stats_query(f"refresh={text}".encode()).refresh == refresh


@pytest.mark.parametrize(
    "query", [b"", b"width=200&height=150&scale_height=100", b"width=60&height=500"]
)
def test_png_and_svg_have_the_same_size_and_colours(query):
    picture = drawn("ups.load", {"ups.load": "42"}, query + b"&bar_col=0xabcdef")
    image = Image.open(io.BytesIO(png(picture)))
    tree = ElementTree.fromstring(svg(picture, "UPS load: 42"))
    assert image.size == (picture.width, picture.height)
    assert (tree.get("width"), tree.get("height")) == tuple(map(str, image.size))
    content = image.convert("RGB").tobytes()
    colours = {f"#{content[at : at + 3].hex()}" for at in range(0, len(content), 3)}
    fills = {each.get("fill") for each in tree.iter() if each.get("fill")}
    assert colours - {"#000000"} <= fills
    assert "#abcdef" in colours & fills


@pytest.mark.parametrize("text", ["<script>", "a & b", "\x00\x1b]", "\udcff°ü", ""])
def test_a_text_in_a_picture_stays_a_text(text):
    for query in (b"", b"width=200&height=100"):
        picture = notice(text, picture_query(query).numbers)
        assert Image.open(io.BytesIO(png(picture))).size == (picture.width, picture.height)
        tree = ElementTree.fromstring(svg(picture, text))
        assert [each.tag.rpartition("}")[2] for each in tree] == ["title", "text"]


def test_a_text_that_is_long_is_cut():
    assert len(png(notice("x" * 100_000, DEFAULTS))) < 20_000


def test_what_cannot_be_drawn_is_said():
    for display, variables, said in (
        ("ups.nothing", {}, "Unknown display"),
        ("ups.load", {}, "ups.load N/A"),
        ("ups.load", {"ups.load": "much"}, "ups.load N/A"),
        ("input.frequency", {"input.frequency": "50"}, "Can't determine range"),
    ):
        with pytest.raises(PictureError, match=said):
            bar(display, variables, DEFAULTS)

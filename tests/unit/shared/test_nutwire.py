from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nutwire import UNREADABLE, LineReader, WireError, join, quote, split

printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
# Bytes that mean something to the grammar, so that random streams reach all of it.
streams = st.text(st.sampled_from('ab"\\#= \t\r\n\x01é')).map(lambda text: text.encode("latin-1"))
sizes = st.lists(st.integers(1, 7))


def chunks(stream: bytes, lengths: Iterable[int]) -> list[bytes]:
    pieces = []
    for length in lengths:
        pieces.append(stream[:length])
        stream = stream[length:]
    return [*pieces, stream]


def lines(stream: bytes, lengths: Iterable[int] = (), limit: int = 65536) -> list[bytes]:
    reader = LineReader(limit)
    return [line for piece in chunks(stream, lengths) for line in reader.feed(piece)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("GET VAR ups1 ups.status", ["GET", "VAR", "ups1", "ups.status"]),
        ("  GET\t VAR\v\fx\r", ["GET", "VAR", "x"]),
        ('SET VAR u v "a b"', ["SET", "VAR", "u", "v", "a b"]),
        (r'"a \"b\" \\ \# c"', ['a "b" \\ # c']),
        ('desc = "UPS #1"', ["desc", "=", "UPS #1"]),
        ("a=b", ["a", "=", "b"]),
        ("==", ["=", "="]),
        ('"a=b"', ["a=b"]),
        (r"a\=b c\ d", ["a=b", "c d"]),
        ("VER # which one", ["VER"]),
        ("VER#x", ["VER"]),
        (r"VER\#x", ["VER#x"]),
        ('""', [""]),
        ('"a""b"c', ["a", "b", "c"]),
        ('a"b c"', ['a"b', 'c"']),
        ("V\\\nER x", ["VER", "x"]),
        ('"one \\\ntwo"', ["one two"]),
        ('"one\ntwo"', ["onetwo"]),
        ("VER\nHELP", ["VER"]),
        ("VER\\", ["VER"]),
        ("Ser\xe9v\x01ice", ["Service"]),
        ("\x01 x", ["", "x"]),
        ("a\x7f", ["a\x7f"]),
        ("", []),
        (" \t", []),
        ("# nothing", []),
    ],
)
def test_a_line_has_these_words(line, words):
    assert split(line) == words
    assert split(line.encode("latin-1")) == words


def test_surplus_words_are_dropped_and_long_ones_cut():
    assert split("a " * 40) == ["a"] * 32
    assert split("x" * 600 + " " + '"' + "y" * 600 + '"') == ["x" * 512, "y" * 512]
    assert split("abc def ghi", words=2, length=1) == ["a", "d"]


@pytest.mark.parametrize("line", ['"', 'SET VAR u v "on', '"a\\"', '"a" "b\nc', "x " * 40 + '"'])
def test_a_quote_that_is_not_closed_is_an_error_that_shows_it(line):
    with pytest.raises(WireError, match="quote not closed"):
        split(line)


def test_an_endless_quote_is_refused_without_delay():
    with pytest.raises(WireError):
        split('"' + "a\\b" * 1_000_000)


def test_what_no_reply_may_hold_is_spelt_in_ascii():
    assert quote("Büro “Nord” — 25 °C, 3 Ω") == '"Buro \\"Nord\\" - 25 degC, 3 Ohm"'
    assert quote("a\nb\tc\x00\x7f") == '"a b c  "'
    assert quote("電源\ud800") == '"???"'
    assert quote("Model # one") == '"Model \\# one"'


@given(printable)
def test_a_quoted_value_splits_back_to_itself(value):
    assert split(quote(value), length=max(1, len(value))) == [value]


@given(st.lists(printable))
def test_joined_words_split_back_to_themselves(words):
    assert split(join(words), words=1000, length=1000) == words


def test_only_words_that_need_it_are_quoted():
    assert join(["SET", "VAR", "u", "ups.id", "a b", ""]) == 'SET VAR u ups.id "a b" ""'


@given(st.text() | st.text(st.sampled_from('a"\\# =\n\té')))
def test_any_text_quotes_to_one_printable_line(value):
    quoted = quote(value)
    assert quoted.isascii()
    assert quoted.isprintable()
    assert len(split(quoted)) == 1


@given(st.text() | st.text(st.sampled_from('a"\\# =\n\té')))
def test_any_text_has_words_or_is_refused(line):
    try:
        words = split(line)
    except WireError:
        return
    assert len(words) <= 32
    assert all(len(word) <= 512 and word.isascii() for word in words)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"VER\nHELP\nLIST", [b"VER", b"HELP"]),
        (b"VER\r\n\n", [b"VER\r", b""]),
        (b'SET "a b"\nVER\n', [b'SET "a b"', b"VER"]),
        (b'SET "a\nVER\n"\nHELP\n', [b'SET "a\nVER\n"', b"HELP"]),
        (b'V\\\nER\n"\\"\n"\n', [b"V\\\nER", b'"\\"\n"']),
        (b'VER # "\nHELP\n', [b'VER # "', b"HELP"]),
        (b'VE"R\nHELP\n', [b'VE"R', b"HELP"]),
    ],
)
def test_a_stream_is_cut_into_logical_lines(stream, expected):
    assert lines(stream) == expected
    assert lines(stream, [1] * len(stream)) == expected


@pytest.mark.parametrize("filling", [b"x", b'"x', b'"x\\"', b"# x", b"\\\\"])
def test_a_line_over_the_limit_is_answered_once_and_reading_goes_on(filling):
    long = (filling * 100)[:99] + b"\nNO\n" if b'"' not in filling else b'"' + b"x" * 99 + b"\n"
    expected = [b"VER", UNREADABLE, *([b"NO"] if b'"' not in filling else []), b"HELP"]
    stream = b"VER\n" + long + b"HELP\n"
    assert lines(stream, limit=16) == expected
    assert lines(stream, [1] * len(stream), limit=16) == expected


def test_a_line_of_just_the_limit_is_read():
    assert lines(b"x" * 16 + b"\n" + b"y" * 17 + b"\n", limit=16) == [b"x" * 16, UNREADABLE]
    assert lines(b'"' * 16 + b"\n", limit=16) == [b'"' * 16]


def test_a_quote_over_the_limit_ends_at_the_very_next_line_feed():
    assert lines(b'"abc\nVER\n', limit=4) == [UNREADABLE, b"VER"]


def test_a_quote_counts_from_its_own_line_after_lines_without_one():
    reader = LineReader()
    assert reader.feed(b'"a"\n#') == [b'"a"']
    assert reader.feed(b"\nVER\n") == [b"#", b"VER"]
    assert reader.feed(b'"x\ny"\n') == [b'"x\ny"']


def test_an_unreadable_line_is_refused_by_split():
    with pytest.raises(WireError):
        split(UNREADABLE)


@given(streams, sizes, st.sampled_from([3, 8, 65536]))
def test_how_a_stream_is_chunked_makes_no_difference(stream, lengths, limit):
    assert lines(stream, lengths, limit) == lines(stream, (), limit)


@given(st.binary(), sizes)
def test_any_bytes_are_cut_alike(stream, lengths):
    assert lines(stream, lengths, 8) == lines(stream, (), 8)


@given(streams)
def test_every_line_of_a_stream_can_be_split(stream):
    for line in lines(stream):
        split(line)


@given(st.lists(streams))
def test_no_more_than_the_limit_is_kept(pieces):
    reader = LineReader(limit=8)
    for piece in pieces:
        reader.feed(piece)
        assert len(reader._kept) <= 8


@given(st.lists(st.lists(printable, min_size=1), max_size=5))
def test_requests_arrive_as_they_were_sent(requests):
    stream = "".join(join(request) + "\n" for request in requests).encode("ascii")
    received = [split(line, words=1000, length=1000) for line in lines(stream, [3] * 20)]
    assert received == requests

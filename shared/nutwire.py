r"""The words and lines of the NUT text protocol, without any network.

The grammar is that of NUT's `common/parseconf.c`, which also reads its settings files. In a line
outside quotes white space separates words, `=` is a word of its own and `#` begins a comment;
`"…"` makes one word; `\` takes the next character literally, and before LF it joins two physical
lines. LF does not end a line inside quotes. Only the bytes 0x20 to 0x7f are kept in words.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from shared.errors import PowerError

WORD_LIMIT: Final = 32
LENGTH_LIMIT: Final = 512
LINE_LIMIT: Final = 65536

UNREADABLE: Final = b'"'
"""What `LineReader` gives for a line over its limit; `split` refuses it."""

_TOKEN = re.compile(
    r"""[ \t\r\v\f]*+(?:
        "(?P<quoted>(?:[^"\\]++|\\.)*+)"
      | (?P<open>")
      | (?P<bare>=|(?:\\.?|[^\s"\#=\\])(?:\\.?|[^\s\#=\\]++)*+)
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_DROPPED = re.compile(r"[^\x20-\x7f]")
_SPECIAL = re.compile(r'["\\#=]')
_QUOTED = re.compile(r'["\\#]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SPELT = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "“": '"', "”": '"', "\u2013": "-", "\u2014": "-",
        "\u2044": "/", "°": "deg", "μ": "u", "Ω": "Ohm", "ß": "ss", "æ": "ae", "Æ": "AE",
        "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D",
    }
)  # fmt: skip


class WireError(PowerError):
    """A line that has no words: a quote in it is never closed, or it is too long."""


def split(line: str | bytes, words: int = WORD_LIMIT, length: int = LENGTH_LIMIT) -> list[str]:
    """Split one logical line into its words.

    Surplus words are dropped and long ones cut, as upsd does. Unlike upsd, which drops the whole
    line, a `#` inside quotes is taken literally. Raise WireError if a quote is not closed.
    """
    text = line if isinstance(line, str) else line.decode("latin-1")
    if text.isascii() and text.isprintable() and not _SPECIAL.search(text):
        found = text.split()
    else:
        found = _tokens(text)
    return [word[:length] for word in found[:words]]


def quote(value: str) -> str:
    """Quote a value for a line; what is not printable ASCII is spelt in it or replaced."""
    return f'"{_QUOTED.sub(_escaped, spell(value))}"'


def spell(value: str) -> str:
    """Spell a value in printable ASCII: accents are lost, controls become spaces, the rest `?`."""
    if value.isascii() and value.isprintable():
        return value
    apart = unicodedata.normalize("NFKD", value).translate(_SPELT)
    letters = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return _CONTROL.sub(" ", letters.encode("ascii", "replace").decode("ascii"))


def join(words: Iterable[str]) -> str:
    """Build a line, without its LF, of which `split` gives these words; quote what needs it."""
    return " ".join(word if _is_plain(word) else quote(word) for word in words)


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    position = 0
    while token := _TOKEN.match(text, position):
        if token["open"]:
            raise WireError(f"quote not closed: {text[token.start('open') :][:40]!r}")
        raw = token["bare"] if token["quoted"] is None else token["quoted"]
        found.append(_DROPPED.sub("", _ESCAPE.sub(r"\1", raw)))
        position = token.end()
    return found


def _escaped(match: re.Match[str]) -> str:
    return "\\" + match[0]


def _is_plain(word: str) -> bool:
    printable = word.isascii() and word.isprintable()
    return bool(word) and printable and " " not in word and not _SPECIAL.search(word)


# Where a reader stands in a line, one row of 256 next states for each: the state machine of
# parseconf.c with its words left out. END is reached by the LF that ends a logical line.
_BETWEEN, _WORD, _QUOTE, _COMMENT, _WORD_ESCAPE, _QUOTE_ESCAPE, _END = range(7)


def _row(otherwise: int, exceptions: dict[bytes, int]) -> bytes:
    row = bytearray([otherwise] * 256)
    for characters, state in exceptions.items():
        for character in characters:
            row[character] = state
    return bytes(row)


_SEPARATORS: Final = b" \t\r\v\f="
_BARE: Final = {b"\n": _END, _SEPARATORS: _BETWEEN, b"#": _COMMENT, b"\\": _WORD_ESCAPE}
_NEXT: Final = {
    _BETWEEN: _row(_WORD, {**_BARE, b'"': _QUOTE}),
    _WORD: _row(_WORD, _BARE),
    _QUOTE: _row(_QUOTE, {b'"': _BETWEEN, b"\\": _QUOTE_ESCAPE}),
    _COMMENT: _row(_COMMENT, {b"\n": _END}),
    _WORD_ESCAPE: _row(_WORD, {}),
    _QUOTE_ESCAPE: _row(_QUOTE, {}),
}


class LineReader:
    """Cuts a stream of bytes, in whatever pieces it comes, into logical lines.

    Lines are given raw and without the LF that ends them, so that they can be looked up before
    they are split. A line longer than the limit, be it endless or with a quote that is never
    closed, gives `UNREADABLE` once, and reading goes on after the next LF. No more than the limit
    is ever kept.
    """

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._kept = b""
        self._scanned = 0  # how much of what is kept the state below has seen
        self._state = _BETWEEN
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes from the stream and give the lines they complete."""
        if self._skipping:
            data = data[self._resume(data, 0) :]
        data = self._kept + data
        if b'"' in data or b"\\" in data:
            return self._scan(data)
        lines = data.split(b"\n")
        self._kept = lines.pop()
        return lines if len(data) <= self._limit else self._checked(lines)

    def _checked(self, lines: list[bytes]) -> list[bytes]:
        if len(self._kept) > self._limit:
            lines.append(self._kept)
            self._kept = b""
            self._skipping = True
        return [line if len(line) <= self._limit else UNREADABLE for line in lines]

    def _scan(self, data: bytes) -> list[bytes]:
        lines: list[bytes] = []
        start, position, state = 0, self._scanned, self._state
        while position < len(data):
            state = _NEXT[state][data[position]]
            position += 1
            if state == _END:
                lines.append(data[start : position - 1])
            elif position - start > self._limit:
                lines.append(UNREADABLE)
                position = self._resume(data, position - 1)
            else:
                continue
            start, state = position, _BETWEEN
        self._keep(data[start:], state)
        return lines

    def _keep(self, rest: bytes, state: int) -> None:
        special = b'"' in rest or b"\\" in rest
        self._kept = rest
        self._scanned, self._state = (len(rest), state) if special else (0, _BETWEEN)

    def _resume(self, data: bytes, position: int) -> int:
        end = data.find(b"\n", position)
        self._skipping = end < 0
        return len(data) if self._skipping else end + 1

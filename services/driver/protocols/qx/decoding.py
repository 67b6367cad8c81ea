"""Decoding: what a reply says by the rows of its query, or why it cannot be believed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from services.driver.protocols.qx.numbers import is_filler, number, written
from services.driver.protocols.qx.table import (
    ALARM,
    END,
    STATUS,
    Cut,
    Dialect,
    Field,
    Found,
    Knowledge,
    Query,
)
from shared.errors import DeviceError

PRINTABLE = range(0x20, 0x7F)
TEXT = "%s"
DIGITS = frozenset("0123456789.")
SEPARATORS = frozenset(" \r")


class DeclinedError(DeviceError):
    """The device said clearly that it does not know the request."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the fields of one reply say, by their place in the query, and which say nothing.

    `known` is all that is known after it.
    """

    found: dict[int, Found]
    unreadable: dict[int, str]
    known: Knowledge


def decode(
    query: Query, dialect: Dialect, raw: bytes, known: Knowledge, places: Iterable[int]
) -> Decoded:
    """Read the fields in these places of the query; DeviceError if the reply is not of its shape.

    A field may use what those before it found.
    """
    reply = repaired(query, dialect, raw)
    if query.example:
        _check_gaps(query, reply)
    says: dict[int, Found] = {}
    unreadable: dict[int, str] = {}
    for place in places:
        field = query.fields[place]
        try:
            found = _read(query, field, reply, known)
        except (ValueError, LookupError, ArithmeticError) as error:
            unreadable[place] = f"{field.variable}: {error}"
        else:
            says[place] = found
            known = learned(known, field, found)
    return Decoded(says, unreadable, known)


def learned(known: Knowledge, field: Field, found: Found) -> Knowledge:
    """Add what a field said to what is known."""
    variables, private = dict(found.variables), dict(found.private)
    if found.text:
        (private if field.private else variables)[field.variable] = found.text
    words = told(known.words, found)
    if not (variables or private or found.words):
        return known
    return replace(
        known,
        variables=merged(known.variables, variables),
        private=merged(known.private, private),
        words=words,
    )


def merged(old: Mapping[str, str], new: Mapping[str, str]) -> Mapping[str, str]:
    """Lay new values over old ones; an empty one removes."""
    if not new:
        return old
    return {name: value for name, value in {**old, **new}.items() if value}


def told(words: frozenset[str], found: Found) -> frozenset[str]:
    """Add the status words of a field, or take away what it says is not so."""
    for word in found.words:
        words = words - {word[1:]} if word.startswith("!") else words | {word}
    return words


def repaired(query: Query, dialect: Dialect, raw: bytes) -> str:
    """Check a reply and bring it to the shape that the columns count in."""
    if raw == query.request.encode("latin-1"):
        raise DeclinedError(f"the device echoes {raw!r}")
    check_rejection(dialect, query.request, raw)
    reply = query.repair(raw) if query.repair else raw
    check_rejection(dialect, query.request, reply)
    length = f"{query.length} to {query.longest}" if query.longest else f"{query.length} or more"
    if len(reply) < query.length or 0 < query.longest < len(reply):
        raise _odd(query, raw, f"{len(reply)} bytes, not {length}")
    if not reply.startswith(query.lead.encode("latin-1")):
        raise _odd(query, raw, f"it does not begin with {query.lead!r}")
    if not reply.endswith(END):
        raise _odd(query, raw, "it does not end")
    if not query.is_binary and any(byte not in PRINTABLE for byte in reply[:-1]):
        raise _odd(query, raw, "it holds what is no text")
    return reply.decode("latin-1")


def check_rejection(dialect: Dialect, request: str, reply: bytes) -> None:
    """Tell a reply that means "I do not know that" (DeclinedError)."""
    if dialect.rejected and reply.lower() == dialect.rejected.lower():
        raise DeclinedError(f"the device declines {request!r}")


def _odd(query: Query, raw: bytes, why: str) -> DeviceError:
    return DeviceError(f"unexpected reply to {query.request!r}: {raw!r}: {why}")


def _read(query: Query, field: Field, reply: str, known: Knowledge) -> Found:
    text = _cut(query, field, reply)
    is_number = field.form != "" and field.form[-1] != "s" and not field.says
    if is_number and is_filler(text):
        return Found()
    if field.says:
        return _meant(field, field.says.get(text))
    if field.convert is None:
        return Found(_plain(field, text, is_number))
    result = field.convert(Cut(text, field, reply, known))
    return result if isinstance(result, Found) else _meant(field, result)


def _meant(field: Field, result: str | None) -> Found:
    """Make of a text what its variable takes: words, an alarm or a value."""
    if result is None:
        raise ValueError("this text has no meaning")
    if field.variable == STATUS:
        return Found(words=tuple(result.split()))
    if field.variable == ALARM:
        return Found(alarms=(result,) if result else ())
    return Found(result)


def _cut(query: Query, field: Field, reply: str) -> str:
    body = reply.removesuffix("\r")
    if field.end is not None and field.end > len(body) and field.end > query.length - 1:
        raise ValueError("the reply ends before it")
    return body[field.start : field.end]


def _plain(field: Field, text: str, is_number: bool) -> str:
    if is_number:
        return written(field.form, number(text))
    text = text.strip("# ") if field.trim else text
    return written(field.form, text) if field.form and text else text


def _check_gaps(query: Query, reply: str) -> None:
    """Refuse a reply with digits between its columns: then they are not where they should be."""
    if all(field.form == TEXT for field in query.fields):
        return
    example = (query.repair(query.example) if query.repair else query.example).decode("latin-1")
    columns: set[int] = set()
    for field in query.fields:
        end = len(reply) if field.end is None else min(field.end, len(reply))
        columns.update(range(field.start, end))
    for place, letter in enumerate(example[: len(reply)]):
        if letter in SEPARATORS and place not in columns and reply[place] in DIGITS:
            raise DeviceError(f"unexpected reply to {query.request!r}: {reply!r}: shifted columns")

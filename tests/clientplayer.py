"""Plays the sequences of `tests.clientsequences` as their clients do, and judges what they get."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.clientsequences import PROTOCOL, Each, Sequence, Step
from tests.ournut import OurNut
from tests.realnut import RealNut

LISTED = {"UPS": "ups", "VAR": "variable", "CMD": "command", "RW": "writable"}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A line and its reply, in the pieces in which it came."""

    line: str
    pieces: tuple[bytes, ...]

    @property
    def reply(self) -> str:
        return b"".join(self.pieces).decode("ascii")  # a letter that is none fails here


@dataclass(slots=True)
class Client:
    """Plays sequences on one connection and remembers what was said."""

    connection: socket.socket
    line_end: bytes = b"\n"
    said: list[Exchange] = field(default_factory=list)
    found: dict[str, list[str]] = field(default_factory=dict)

    def play(self, steps: tuple[Step, ...], names: dict[str, str]) -> None:
        for step in steps:
            if isinstance(step, Each):
                for found in self.found[step.found]:
                    self.play(step.steps, {**names, step.found: found})
            else:
                self.ask(step.format_map(names))

    def ask(self, line: str) -> Exchange:
        """Send a line as this client ends it, and wait for the whole reply."""
        self.connection.sendall(line.encode() + self.line_end)
        pieces: list[bytes] = []
        while not is_whole(b"".join(pieces)):
            piece = self.connection.recv(65536)
            assert piece, f"{line!r}: the server hung up after {pieces}"
            pieces.append(piece)
        self.said.append(Exchange(line, tuple(pieces)))
        self._find(line.split(" "), self.said[-1].reply)
        return self.said[-1]

    def is_closed(self) -> bool:
        return self.connection.recv(1) == b""

    def _find(self, words: list[str], reply: str) -> None:
        match words:
            case ["LIST", kind, *of] if kind in LISTED:
                beginning = " ".join([kind, *of]) + " "
                rows = [row for row in reply.split("\n") if row.startswith(beginning)]
                self.found[LISTED[kind]] = [
                    row.removeprefix(beginning).split(" ")[0] for row in rows
                ]
            case ["GET", "TYPE", _, variable]:
                types = reply.split()
                for kind, word in (("enumeration", "ENUM"), ("range", "RANGE")):
                    self.found[kind] = [variable] if word in types else []


def is_whole(received: bytes) -> bool:
    """Tell whether a reply is at its end: that of its line, or of its list."""
    if not received.endswith(b"\n"):
        return False
    return not received.startswith(b"BEGIN ") or b"\nEND LIST " in received


@contextmanager
def client(server: RealNut | OurNut, like: Sequence) -> Iterator[Client]:
    """Connect as a client does, that waits as long as it for a reply."""
    with socket.create_connection((server.host, server.port), timeout=like.patience) as connection:
        yield Client(connection, like.line_end)


def accepted(sequence: Sequence, exchange: Exchange) -> bool:
    """Tell whether the client takes a reply."""
    rules = {**PROTOCOL, **sequence.accepts}
    words = exchange.line.split(" ")
    rule = rules.get(" ".join(words[:2])) or rules[words[0]]
    device = words[2 if words[0] in ("GET", "LIST", "SET") else 1] if len(words) > 2 else ""
    rule = rule.replace("{ups}", re.escape(device)).replace("{last}", re.escape(words[-1]))
    return re.fullmatch(rule, exchange.reply) is not None

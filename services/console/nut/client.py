"""A blocking client of the NUT protocol: one connection, one question at a time."""

import contextlib
import logging
import os
import re
import socket
import ssl
from collections.abc import Generator
from dataclasses import dataclass
from errno import ETIMEDOUT
from pathlib import Path
from typing import Any, Final, Self

from services.console.nut import wording
from shared.errors import PowerError
from shared.nutaddress import Address
from shared.nutwire import WireError, join, split

CONNECT_TIMEOUT: Final = 10.0
REPLY_TIMEOUT: Final = 5.0
LINE_LIMIT: Final = 65536

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_log = logging.getLogger(__name__)


class ClientError(PowerError):
    """The server refused or could not be asked; the text is what NUT's tools print.

    `word` is the server's own error word, or empty if the server did not answer with one.
    """

    def __init__(self, text: str, word: str = "") -> None:
        super().__init__(text)
        self.word = word


@dataclass(frozen=True, slots=True)
class Security:
    """How to speak TLS: whom to trust, and the certificate (with its key) to show if asked."""

    authorities: Path | None = None
    certificate: Path | None = None
    is_verified: bool = True

    def context(self) -> ssl.SSLContext:
        """Make the TLS context; raise ClientError naming a file that cannot be used."""
        context = ssl.create_default_context()
        if not self.is_verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.authorities is not None:
            with _readable(self.authorities):
                context.load_verify_locations(self.authorities)
        if self.certificate is not None:
            with _readable(self.certificate):
                context.load_cert_chain(self.certificate)
        return context


class Client:
    """A connection to a NUT server. Every method may raise ClientError."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = bytearray()
        self.is_open = True

    @classmethod
    def connect(
        cls,
        address: Address,
        security: Security | None = None,
        timeout: float | None = CONNECT_TIMEOUT,
    ) -> Self:
        """Connect, and speak TLS from then on if `security` is given."""
        context = security.context() if security else None
        client = cls(_connected(address, timeout))
        if context is not None:
            client._start_tls(context, address.host)
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, *words: str) -> str:
        """Send a request and return the first line of the reply as it came, `ERR …` included."""
        self._send(_request(words))
        return self._line()

    def get(self, *query: str) -> list[str]:
        """Send GET and return all words of the reply; those of the query come first."""
        self._send(_request(("GET", *query)))
        return self._answer(query)

    def rows(self, *query: str, least: int = 0) -> list[list[str]]:
        """Send LIST and return its rows, each with at least `least` words."""
        self._send(_request(("LIST", *query)))
        self._answer(("BEGIN", "LIST", *query))
        rows: list[list[str]] = []
        while (words := self._words())[:2] != ["END", "LIST"]:
            self._check_echo(words, query)
            if len(words) < least:
                self._drop()
                got = f"got {len(words)} args, need at least {least}"
                raise ClientError(f"insufficient data ({got})")
            rows.append(words)
        return rows

    def close(self) -> None:
        """Take leave of the server and close; an unreachable server does not matter."""
        if self.is_open:
            with contextlib.suppress(ClientError):
                self._send("LOGOUT")
            self._drop()

    def _start_tls(self, context: ssl.SSLContext, host: str) -> None:
        reply = self.ask("STARTTLS")
        if not reply.startswith("OK"):
            self._drop()
            raise ClientError(f"{wording.TLS_UNAVAILABLE} (the server answered {reply!r})")
        try:
            self._connection = context.wrap_socket(self._connection, server_hostname=host)
        except (OSError, ValueError) as error:
            self._drop()
            raise ClientError(wording.TLS_ERROR.format(_reason(error))) from error

    def _send(self, line: str) -> None:
        if not self.is_open:
            raise ClientError(wording.DISCONNECTED)
        _log.debug("> %s", "PASSWORD ..." if line.startswith("PASSWORD") else line)
        try:
            self._connection.sendall(line.encode("ascii") + b"\n")
        except OSError as error:
            self._drop()
            raise ClientError(wording.WRITE_ERROR.format(_reason(error))) from error

    def _answer(self, echo: tuple[str, ...]) -> list[str]:
        words = self._words()
        self._check_echo(words, echo)
        return words

    def _check_echo(self, words: list[str], query: tuple[str, ...]) -> None:
        said = [word.casefold() for word in words[: len(query)]]
        if said != [_sendable(word).casefold() for word in query]:
            self._drop()  # else every later question would get the answer of the one before
            raise ClientError(wording.PROTOCOL_ERROR)

    def _words(self) -> list[str]:
        line = self._line()
        try:
            words = split(line, length=LINE_LIMIT)
        except WireError as error:
            raise ClientError(wording.PARSE_ERROR.format(error)) from error
        if words[:1] == ["ERR"]:
            word = words[1] if len(words) > 1 else ""
            raise ClientError(wording.SENTENCES.get(word, wording.UNKNOWN), word)
        return words

    def _line(self) -> str:
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > LINE_LIMIT:
                self._drop()
                raise ClientError(wording.PROTOCOL_ERROR)
            self._received += self._chunk()
        line = self._received[:end].decode("latin-1")
        del self._received[: end + 1]
        _log.debug("< %s", line)
        return line

    def _chunk(self) -> bytes:
        try:
            chunk = self._connection.recv(LINE_LIMIT)
        except TimeoutError:
            chunk = b""
        except OSError as error:
            self._drop()
            raise ClientError(wording.READ_ERROR.format(_reason(error))) from error
        if not chunk:
            self._drop()
            raise ClientError(wording.DISCONNECTED)
        return chunk

    def _drop(self) -> None:
        self.is_open = False
        self._connection.close()


def _connected(address: Address, timeout: float | None) -> socket.socket:
    failure: OSError | None = None
    for family, kind, protocol, place in _places(address):
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(timeout)
        try:
            connection.connect(place)
        except OSError as error:
            connection.close()
            failure = error
        else:
            connection.settimeout(REPLY_TIMEOUT)
            return connection
    raise ClientError(wording.CONNECTION_FAILURE.format(_reason(failure))) from failure


def _places(address: Address) -> list[tuple[int, int, int, Any]]:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_NONAME:
            raise ClientError(wording.NO_SUCH_HOST) from error
        raise ClientError(wording.CONNECTION_FAILURE.format(error.strerror)) from error
    except UnicodeError as error:  # not a name that could be asked for
        raise ClientError(wording.NO_SUCH_HOST) from error
    return [(family, kind, protocol, place) for family, kind, protocol, _, place in found]


def _reason(error: Exception | None) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return os.strerror(ETIMEDOUT)
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


@contextlib.contextmanager
def _readable(path: Path) -> Generator[None]:
    try:
        yield
    except (OSError, ssl.SSLError) as error:
        raise ClientError(f"cannot use the certificate file {path}: {_reason(error)}") from error


def _request(words: tuple[str, ...]) -> str:
    return join(_sendable(word) for word in words)


def _sendable(word: str) -> str:
    # Servers drop what is not printable ASCII, so a password with such letters matches without.
    return _UNPRINTABLE.sub("", word)

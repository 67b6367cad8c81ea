"""One connection to a NUT server, as a client of the NUT protocol, in asyncio.

A connection that answers late or strangely is not to be trusted again: it is closed, since every
later question would get the answer of the one before.
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from shared.dialling import dialled, plain_reason
from shared.errors import PowerError, SettingsError
from shared.nutwire import WireError, join, split

PATIENCE: Final = 10.0  # seconds for a connection, and for each reply
LEAVE_PATIENCE: Final = 1.0
LINE_LIMIT: Final = 65536
ROW_LIMIT: Final = 100_000
# upsd takes this much at a time; in TLS it does not see what is left of a record until more comes.
BURST: Final = 512

_LOGIN: Final = frozenset({"USERNAME", "PASSWORD"})
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]")

_Reply = TypeVar("_Reply")


class LineError(PowerError):
    """The server cannot be reached, or its answers make no sense; the connection is closed."""


class ServerRefusalError(PowerError):
    """The server answered ERR; `word` is what it said behind that. The connection is good."""

    def __init__(self, request: str, word: str) -> None:
        super().__init__(f"the server refused {request}: {word}")
        self.word = word


@dataclass(frozen=True, slots=True)
class Security:
    """How to speak TLS: whom to trust, what to show if asked, whether plain text will do.

    `host` is the name that the certificate must have, if it is not that of the server.
    """

    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    is_verified: bool = True
    is_required: bool = True
    host: str | None = None

    def context(self) -> ssl.SSLContext:
        """Make the TLS context; SettingsError names a file that cannot be used."""
        context = ssl.create_default_context()
        if not self.is_verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        try:
            if self.authorities is not None and self.authorities.is_dir():
                context.load_verify_locations(capath=self.authorities)
            elif self.authorities is not None:
                context.load_verify_locations(cafile=self.authorities)
            if self.certificate is not None:
                # Without a password here, an encrypted key would be asked for at the terminal.
                context.load_cert_chain(self.certificate, self.key, password="")
        except OSError as error:  # ssl.SSLError is one
            files = (self.authorities, self.certificate, self.key)
            named = " and ".join(str(file) for file in files if file)
            raise SettingsError(f"cannot use {named} for TLS: {error}") from None
        return context


class Line:
    """A connection; every method may raise LineError, and what asks ServerRefusalError."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, where: str
    ) -> None:
        self.where = where
        self._reader = reader
        self._writer = writer

    async def ask(self, *words: str) -> list[str]:
        """Send one request and return the words of the reply."""
        (reply,) = await self.ask_all([words])
        if isinstance(reply, ServerRefusalError):
            raise reply
        return reply

    async def ask_all(
        self, requests: Sequence[Sequence[str]]
    ) -> list[list[str] | ServerRefusalError]:
        """Send requests in one go and return a reply, or a refusal, for each."""
        return await self._exchange(requests, self._reply)

    async def list_all(
        self, queries: Sequence[Sequence[str]]
    ) -> list[list[list[str]] | ServerRefusalError]:
        """Send LIST for each query and return its rows, or a refusal; all in one go.

        A row is without the words of the query, with which the server begins it.
        """
        return await self._exchange([("LIST", *query) for query in queries], self._rows)

    async def get(self, *queries: Sequence[str]) -> list[str | None]:
        """Send GET for each query and return the last words of the replies, in one go.

        None stands for a variable that the device does not have.
        """
        replies = await self.ask_all([("GET", *query) for query in queries])
        return [self._value(reply, query) for reply, query in zip(replies, queries, strict=True)]

    async def encrypt(self, security: Security, host: str) -> bool:
        """Go on in TLS; False if the server has none and plain text will do."""
        try:
            await self.ask("STARTTLS")
        except ServerRefusalError as refusal:
            if not security.is_required:
                return False
            raise LineError(f"{self.where} has no TLS ({refusal.word})") from None
        async with self._guarded():
            await self._writer.start_tls(security.context(), server_hostname=security.host or host)
        return True

    async def leave(self) -> None:
        """Take leave and close; a server that does not hear it does not matter."""
        with contextlib.suppress(OSError):
            async with asyncio.timeout(LEAVE_PATIENCE):
                if not self._writer.is_closing():
                    self._writer.write(b"LOGOUT\n")
                    await self._writer.drain()
        self._writer.close()
        with contextlib.suppress(OSError):
            async with asyncio.timeout(LEAVE_PATIENCE):
                await self._writer.wait_closed()

    def _value(self, reply: list[str] | ServerRefusalError, query: Sequence[str]) -> str | None:
        if isinstance(reply, ServerRefusalError):
            if reply.word == "VAR-NOT-SUPPORTED":
                return None
            raise reply
        said = [word.casefold() for word in reply[: len(query)]]
        if said != [word.casefold() for word in query] or len(reply) <= len(query):
            self._writer.close()
            raise LineError(f"{self.where} answered {' '.join(query)} with something else")
        return reply[len(query)]

    async def _exchange(
        self,
        requests: Sequence[Sequence[str]],
        read: Callable[[Sequence[str]], Awaitable[_Reply]],
    ) -> list[_Reply]:
        replies: list[_Reply] = []
        async with self._guarded():
            for burst in _bursts(requests):
                self._writer.write(b"".join(_encoded(words) for words in burst))
                await self._writer.drain()
                replies += [await read(words) for words in burst]
        return replies

    async def _rows(self, request: Sequence[str]) -> list[list[str]] | ServerRefusalError:
        begin = await self._reply(request)
        if isinstance(begin, ServerRefusalError):
            return begin
        self._check_echo(begin, ("BEGIN", *request))
        rows: list[list[str]] = []
        while (words := await self._reply(request)) and isinstance(words, list):
            if words[:2] == ["END", "LIST"]:
                self._check_echo(words, ("END", *request))
                return rows
            self._check_echo(words, request[1:])
            rows.append(words[len(request) - 1 :])
            if len(rows) > ROW_LIMIT:
                raise WireError("a list without end")
        raise WireError("a list that was broken off")

    def _check_echo(self, words: Sequence[str], query: Sequence[str]) -> None:
        said = [word.casefold() for word in words[: len(query)]]
        if said != [word.casefold() for word in query]:
            raise WireError(f"{' '.join(words)[:80]!r} in the reply to {' '.join(query)}")

    async def _reply(self, request: Sequence[str]) -> list[str] | ServerRefusalError:
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        words = split(line, length=LINE_LIMIT)
        if not words:
            raise WireError("an empty line")
        if words[0] == "ERR":
            shown = request[0] if request[0] == "PASSWORD" else " ".join(request)
            return ServerRefusalError(shown, words[1] if len(words) > 1 else "ERR")
        return words

    @contextlib.asynccontextmanager
    async def _guarded(self) -> AsyncGenerator[None]:
        """Close the line, with one sentence, on anything that is not as it should be."""
        try:
            async with asyncio.timeout(PATIENCE):
                yield
        except TimeoutError:
            why = f"{self.where} did not answer within {PATIENCE:g} s"
        except EOFError:
            why = f"{self.where} hung up"
        except ssl.SSLCertVerificationError as error:
            why = f"the certificate of {self.where} is not trusted: {error.verify_message}"
        except OSError as error:
            why = f"the connection to {self.where} broke: {error.strerror or error}"
        except (WireError, ValueError) as error:  # ValueError: a line without end
            why = f"{self.where} answered what makes no sense: {error}"
        except BaseException:
            self._writer.close()  # a cancelled question leaves its answer behind
            raise
        else:
            return
        self._writer.close()
        raise LineError(why)


@contextlib.asynccontextmanager
async def connected(host: str, port: int, security: Security | None) -> AsyncGenerator[Line]:
    """Be connected inside the block, in TLS if there is a `security`; LineError says why not."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        async with asyncio.timeout(PATIENCE):
            plain = await dialled(host, port, None, PATIENCE)
            try:
                reader, writer = await asyncio.open_connection(sock=plain, limit=LINE_LIMIT)
            except BaseException:
                plain.close()
                raise
    except OSError as error:  # TimeoutError is one
        why = plain_reason(error)
        raise LineError(f"cannot reach the NUT server at {where}: {why}") from None
    line = Line(reader, writer, where)
    try:
        if security:
            await line.encrypt(security, host)
        yield line
    finally:
        await line.leave()


def _encoded(words: Sequence[str]) -> bytes:
    if words[0] in _LOGIN:
        # A server drops what is not printable ASCII from its own settings too: so they match.
        words = [_UNPRINTABLE.sub("", word) for word in words]
    return (join(words) + "\n").encode("ascii", "ignore")


def _bursts(requests: Sequence[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    """Divide requests into what is sent at once."""
    burst: list[Sequence[str]] = []
    size = 0
    for words in requests:
        more = len(_encoded(words))
        if burst and size + more > BURST:
            yield burst
            burst, size = [], 0
        burst.append(words)
        size += more
    if burst:
        yield burst

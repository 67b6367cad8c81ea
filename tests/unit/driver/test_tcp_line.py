"""TCP lines: whole replies or a clear error, whatever the other end does."""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from services.driver.transports.tcp import TcpLine
from shared.errors import DeviceError
from shared.listening import Address

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def peer(talk: Talk, host: str = "127.0.0.1") -> AsyncGenerator[TcpLine]:
    """Give a line to a server that does as `talk` says."""

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(served, host, 0)
    line = TcpLine(Address(host, server.sockets[0].getsockname()[1]))
    try:
        async with server, asyncio.timeout(20):
            await line.open()
            yield line
            await line.close()
    finally:
        await line.close()


def says(*parts: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)

    return talk


async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def echoes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_what_was_written_is_answered(host):
    async with peer(echoes, host) as line:
        await line.write(b"one\r\ntwo\nthree> 12345")
        assert await line.read_line() == b"one"
        assert await line.read_line() == b"two"
        assert await line.read_until(b"> ") == b"three> "
        assert await line.read(3) == b"123"
        assert await line.read(2) == b"45"


async def test_pieces_are_put_together():
    async with peer(says(b"a", b"b", b"c\r", b"\nrest")) as line:
        assert await line.read_line() == b"abc"
        assert await line.read(4) == b"rest"


async def test_a_hang_up_is_told():
    async with peer(says(b"half a li")) as line:
        with pytest.raises(DeviceError, match=r"127\.0\.0\.1:\d+: hung up in the midst of b'half"):
            await line.read_line()
        with pytest.raises(DeviceError, match="hung up"):
            await line.read(100)


async def test_silence_is_told_and_what_came_is_kept():
    async with peer(listens) as line:
        with pytest.raises(DeviceError, match=r"no whole reply in 0\.05 s"):
            await line.read_line(within=0.05)


async def test_a_line_without_end_is_refused():
    async with peer(says(b"x" * 5000)) as line:
        with pytest.raises(DeviceError, match="more than 1000 bytes without an end"):
            await line.read_line(longest=1000)


async def test_an_end_beyond_the_limit_is_refused():
    async with peer(says(b"x" * 1500 + b"\n")) as line:
        with pytest.raises(DeviceError, match="more than 1000 bytes"):
            await line.read_line(longest=1000)


async def test_input_is_noticed_and_nothing_is_lost():
    go = asyncio.Event()

    async def talk(reader, writer):
        await go.wait()
        writer.write(b"news\n")
        await reader.read()

    async with peer(talk) as line:
        waiting = asyncio.ensure_future(line.has_input())
        await asyncio.sleep(0)
        waiting.cancel()  # as the owner of a driver does
        with pytest.raises(asyncio.CancelledError):
            await waiting
        go.set()
        await line.has_input()
        await line.has_input()
        assert await line.read_line() == b"news"


async def test_a_hang_up_ends_the_wait_for_input():
    async with peer(says()) as line:
        await line.has_input()
        with pytest.raises(DeviceError, match="hung up"):
            await line.read_line()


async def test_small_writes_are_not_held_back():
    async with peer(listens) as line:
        assert line._writer is not None
        plain = line._writer.get_extra_info("socket")
        assert plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_refused_connection_is_told(free_port):
    line = TcpLine(Address("127.0.0.1", free_port))
    with pytest.raises(DeviceError, match=f"127.0.0.1:{free_port}: Connection refused"):
        await line.open()
    await line.close()


async def test_an_unknown_name_is_told():
    line = TcpLine(Address("no-such-host.invalid", 3551))
    with pytest.raises(DeviceError, match=r"no-such-host.invalid:3551: the name .* is not known"):
        await line.open()


async def test_a_peer_that_never_accepts_is_given_up():
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        line = TcpLine(Address("127.0.0.1", deaf.getsockname()[1]))
        with pytest.raises(DeviceError, match=r"no connection in 0\.2 s"):
            await line.open(within=0.2)
        for filler in fillers:
            filler.close()


async def test_a_peer_that_takes_nothing_is_given_up():
    stop = asyncio.Event()

    async def talk(reader, writer):
        await stop.wait()

    async with peer(talk) as line:
        with pytest.raises(DeviceError, match=r"took no bytes for 0\.2 s"):
            await line.write(b"x" * 50_000_000, within=0.2)
        stop.set()


async def test_a_closed_line_says_so():
    line = TcpLine(Address("127.0.0.1", 1))
    for use in (line.write(b"x"), line.read(1), line.read_line()):
        with pytest.raises(DeviceError, match=r"127\.0\.0\.1:1: the line is closed"):
            await use
    await line.close()


async def test_words_before_tls_are_not_taken_for_words_within():
    async with peer(says(b"OK STARTTLS\nERR INJECTED\n")) as line:
        assert await line.read_line() == b"OK STARTTLS"
        with pytest.raises(DeviceError, match="came before TLS began"):
            await line.start_tls(ssl.create_default_context())

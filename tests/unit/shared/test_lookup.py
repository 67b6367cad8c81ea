"""Names of hosts while the name server is dead, as it is in a power cut."""

import asyncio
import contextlib
import socket
import threading

import pytest

from shared import lookup
from shared.dialling import dialled
from shared.lookup import addresses

TIMEOUT = 30.0
LOOKUPS = 40  # more than any event loop has threads for them


class NameServer:
    """Says nothing of names that end in .dead until it is `well`; counts what is asked."""

    def __init__(self, real):
        self.real = real
        self.asked = []
        self.well = threading.Event()

    def __call__(self, host, port, **options):
        if options.get("flags") != socket.AI_NUMERICHOST and host.endswith(".dead"):
            self.asked.append(host)
            self.well.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")
        return self.real(host, port, **options)


@pytest.fixture
def name_server(monkeypatch):
    server = NameServer(socket.getaddrinfo)
    monkeypatch.setattr(socket, "getaddrinfo", server)
    yield server
    server.well.set()


@contextlib.asynccontextmanager
async def listening():
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def failure(host, patience=TIMEOUT):
    with pytest.raises(OSError) as caught:  # noqa: PT011 -- the text is looked at
        await dialled(host, 1, None, patience)
    return str(caught.value)


async def test_lookups_that_hang_keep_nobody_else_waiting(name_server):
    async with asyncio.timeout(TIMEOUT), listening() as port, asyncio.TaskGroup() as tasks:
        waiting = [
            tasks.create_task(dialled(f"{number}.dead", 1, None, TIMEOUT))
            for number in range(LOOKUPS)
        ]
        for host in ("127.0.0.1", "localhost"):
            (await dialled(host, port, None, TIMEOUT)).close()
        for task in waiting:
            task.cancel()


async def test_who_waits_in_vain_is_told_for_what(name_server):
    assert await failure("a.dead", 0.05) == "no name server tells the address of 'a.dead'"


async def test_a_name_is_looked_up_once_however_many_ask_and_give_up(name_server):
    async with asyncio.timeout(TIMEOUT):
        for _ in range(3):
            assert "no name server" in await failure("b.dead", 0.05)
        last = asyncio.create_task(failure("b.dead"))
        await asyncio.sleep(0)
        name_server.well.set()
        assert "Temporary failure" in await last
    assert name_server.asked == ["b.dead"]
    assert not lookup._PENDING


async def test_what_is_no_name_is_refused():
    with pytest.raises(OSError, match="no name of a host"):
        await addresses("x" * 70, 1)

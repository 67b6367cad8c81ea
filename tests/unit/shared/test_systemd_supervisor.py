"""What systemd is told: a socket of the test's own stands for its."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import supervisor
from shared.supervisor import Supervisor


class Listener:
    """Hears what systemd would."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.line.bind("\0" + address[1:] if address.startswith("@") else address)

    def heard(self) -> list[str]:
        words = []
        while True:
            try:
                words += self.line.recv(4096).decode().splitlines()
            except BlockingIOError:
                return words

    async def hears(self, word: str) -> None:
        """Wait for a word."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(10):
            while word not in (await loop.sock_recv(self.line, 4096)).decode().splitlines():
                pass


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Listener]:
    listener = Listener(str(tmp_path / "notify"))
    yield listener
    listener.line.close()


def test_ready_is_said_when_the_last_part_serves(systemd):
    told = Supervisor(systemd.address, awaited=["gateway", "clients"])
    told.serves("gateway")
    assert systemd.heard() == []
    told.serves("clients")
    assert systemd.heard() == ["READY=1", "STATUS=serving"]


def test_an_abstract_socket_is_reached_too(tmp_path):
    listener = Listener(f"@{tmp_path}")
    Supervisor(listener.address).serves("anything")
    assert "READY=1" in listener.heard()
    listener.line.close()


def test_a_part_that_is_not_awaited_does_not_make_it_ready(systemd):
    told = Supervisor(systemd.address, awaited=["driver"])
    told.serves("pages")
    assert systemd.heard() == []


def test_a_reload_before_it_is_ready_does_not_make_it_ready(systemd):
    told = Supervisor(systemd.address, awaited=["driver"])
    told.reloading()
    told.reloaded("serving")
    assert systemd.heard() == ["STATUS=serving"]


def test_a_reload_is_told_with_the_time_and_its_end(systemd):
    told = Supervisor(systemd.address)
    told.ready("serving")
    systemd.heard()
    told.reloading()
    told.reloaded("serving")
    first, second, *rest = systemd.heard()
    assert (first, rest) == ("RELOADING=1", ["READY=1", "STATUS=serving"])
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0


def test_a_status_is_one_line_whatever_is_in_it(systemd):
    Supervisor(systemd.address).say("lost\nREADY=1")
    assert systemd.heard() == ["STATUS=lost READY=1"]


def test_what_systemd_left_in_the_environment_is_taken_from_it():
    environment = {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1", "A": "b"}
    Supervisor.from_environment(environment)
    assert environment == {"A": "b"}


@pytest.mark.parametrize(
    ("pid", "is_alive"),
    [(os.getpid(), True), (os.getppid(), True), (2**22 + 1, False)],
    ids=["this process", "its parent", "another"],
)
async def test_the_watchdog_of_this_process_or_its_parent_is_fed(systemd, pid, is_alive):
    environment = {
        "NOTIFY_SOCKET": systemd.address,
        "WATCHDOG_USEC": "20000",
        "WATCHDOG_PID": str(pid),
    }
    told = Supervisor.from_environment(environment)
    told.ready("serving")
    systemd.heard()
    keeping = asyncio.create_task(told.keep(60))
    if is_alive:
        await systemd.hears("WATCHDOG=1")
        await systemd.hears("WATCHDOG=1")
    else:
        await asyncio.wait({keeping}, timeout=10)
        assert keeping.done()
        assert systemd.heard() == []
    keeping.cancel()


async def test_it_is_ready_after_a_while_even_without_its_broker(systemd):
    told = Supervisor(systemd.address, awaited=["driver"])
    keeping = asyncio.create_task(told.keep(0.05))
    await systemd.hears("STATUS=still waits for: driver")
    async with asyncio.timeout(10):
        await keeping


async def test_a_broken_event_loop_starves_the_watchdog(systemd):
    told = Supervisor(systemd.address, alive_within=0.02)
    keeping = asyncio.create_task(told.keep(60))
    await systemd.hears("WATCHDOG=1")
    systemd.heard()
    assert systemd.line.fileno() >= 0
    for _ in range(1000):  # busy, and nobody else gets a turn
        assert systemd.heard() == []
    keeping.cancel()


async def test_without_systemd_nothing_happens():
    told = Supervisor.from_environment({})
    told.ready("serving")
    await told.keep(60)


def test_a_socket_that_is_gone_hurts_nobody(tmp_path):
    Supervisor(str(tmp_path / "gone")).ready("serving")


async def test_each_task_has_the_supervisor_of_who_started_it(systemd):
    async def service() -> None:
        supervisor.enter(Supervisor(systemd.address))
        await asyncio.create_task(part())

    async def part() -> None:
        supervisor.current().serves("part")

    await asyncio.create_task(service())
    assert "READY=1" in systemd.heard()
    await part()
    assert systemd.heard() == []

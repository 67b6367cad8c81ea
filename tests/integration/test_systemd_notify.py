"""Services as systemd starts them: real processes, a real broker, and a socket for their words."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

# The monitor keeps its privileges here: another user may not be able to read this Python.
SERVICES = ("driver", "gateway", "scheduler", "web", "broker", "monitor -p")


class Service:
    """A service that runs, and what it has told."""

    def __init__(self, process: asyncio.subprocess.Process, line: socket.socket) -> None:
        self.process = process
        self._line = line

    async def hears(self, *words: str) -> None:
        """Wait until all these words have come, in any order."""
        missing, loop = set(words), asyncio.get_running_loop()
        async with asyncio.timeout(40):
            while missing:
                missing -= set((await loop.sock_recv(self._line, 4096)).decode().splitlines())

    def heard(self) -> list[str]:
        words = []
        with contextlib.suppress(BlockingIOError):
            while True:
                words += self._line.recv(4096).decode().splitlines()
        return words


@contextlib.asynccontextmanager
async def started(folder: Path, *command: str, **environment: str) -> AsyncIterator[Service]:
    address = folder / f"{command[0]}.notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line:
        line.bind(str(address))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.console", *command),
            env={
                "PATH": "/usr/bin:/bin",
                "NOTIFY_SOCKET": str(address),
                "STATE_DIRECTORY": str(folder),
                "NUTBUS_CONFIG": str(folder / "nutbus.toml"),
                **environment,
            },
        )
        try:
            yield Service(process, line)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


@pytest.fixture
def settings(broker, tmp_path: Path, unused_ports) -> Path:
    file = tmp_path / "nutbus.toml"
    nut, web, mqtt = unused_ports
    file.write_text(
        f"""
        [bus]
        broker = "{broker.url}"
        [broker]
        listen = ["127.0.0.1:{mqtt}"]
        [devices.rack1]
        driver = "simulated"
        [devices.rack2]
        driver = "simulated"
        [gateway]
        listen = ["127.0.0.1:{nut}"]
        [monitor]
        pid_file = "{tmp_path}/monitor.pid"
        shutdown_command = "true"
        supplies = [{{device = "rack1", role = "primary"}}]
        [scheduler]
        [web]
        listen = ["127.0.0.1:{web}"]
        """
    )
    return file


@pytest.fixture
def unused_ports() -> tuple[int, int, int]:
    from tests.ports import free_port  # noqa: PLC0415 -- the fixture of that name hides it

    return free_port(), free_port(), free_port()


@pytest.mark.parametrize("command", SERVICES)
async def test_a_service_says_when_it_serves_reloads_and_stops(settings, command):
    async with started(settings.parent, *command.split(), WATCHDOG_USEC="100000") as service:
        await service.hears("READY=1", "STATUS=serving", "WATCHDOG=1")
        service.process.send_signal(signal.SIGHUP)
        await service.hears("RELOADING=1", "READY=1")
        settings.write_text("[nonsense]")
        service.process.send_signal(signal.SIGHUP)
        await service.hears(
            "STATUS=serving with the old settings: the new ones are wrong, see the log"
        )
        service.process.send_signal(signal.SIGTERM)
        await service.hears("STOPPING=1")
        async with asyncio.timeout(30):
            assert await service.process.wait() == 0


async def test_a_service_whose_broker_goes_says_so(settings, broker):
    async with started(settings.parent, "driver") as service:
        await service.hears("READY=1")
        await broker.stop()
        await service.hears(
            f"STATUS=the connection to the broker at {broker.url} was lost: it hung up;"
            " it is tried again"
        )
        await broker.start()
        await service.hears("STATUS=serving")


async def test_a_service_without_its_broker_is_not_ready_yet(settings, broker):
    await broker.stop()
    async with started(settings.parent, "driver", WATCHDOG_USEC="100000") as service:
        await service.hears("WATCHDOG=1")
        assert "READY=1" not in service.heard()
        await broker.start()
        await service.hears("READY=1")


async def test_one_process_for_all_is_ready_when_all_serve(settings):
    async with started(settings.parent, "up") as service:
        await service.hears("READY=1", "STATUS=serving")
        gateway = settings.read_text().partition("[gateway]")[2].partition(":")[2]
        port = int(gateway.partition('"')[0])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()


async def test_a_hanging_service_starves_the_watchdog(settings):
    async with started(settings.parent, "driver", WATCHDOG_USEC="100000") as service:
        await service.hears("READY=1")
        os.kill(service.process.pid, signal.SIGSTOP)
        while service.heard():
            pass
        assert service.heard() == []
        os.kill(service.process.pid, signal.SIGCONT)
        await service.hears("WATCHDOG=1")


async def test_two_drivers_of_one_device_each_are_two_services(settings):
    async with (
        started(settings.parent, "driver", "--device", "rack1") as first,
        contextlib.AsyncExitStack() as stack,
    ):
        await first.hears("READY=1")
        folder = settings.parent / "second"
        folder.mkdir()
        (folder / "nutbus.toml").write_text(settings.read_text())
        second = await stack.enter_async_context(started(folder, "driver", "--device", "rack2"))
        await second.hears("READY=1")
        listing = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.console", "list", "--config", str(settings)),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await listing.communicate()
        assert [line.split()[:2] for line in out.decode().splitlines()] == [
            ["rack1", "online"],
            ["rack2", "online"],
        ]


async def test_a_device_that_is_not_in_the_settings_is_no_service(settings):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.console", "driver", "--device", "rock1"),
        *("--config", str(settings)),
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()
    assert process.returncode == 1
    assert err.decode() == "nutbus: unknown device 'rock1'; did you mean 'rack1'?\n"

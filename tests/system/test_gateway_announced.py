"""The gateway tells the networks of itself: heard in two networks that exist in this test only."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import find_program

pytestmark = pytest.mark.system

TIMEOUT = 40.0
HERE, THERE = "192.0.2.1", "192.0.2.2"  # addresses for documentation
HERE_SIX = "2001:db8::1"

# Prints what it hears of NUT servers, a line of JSON for each change.
BROWSER = """
import asyncio, json, sys
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

async def main():
    async with AsyncZeroconf(interfaces=[sys.argv[1]]) as zeroconf, asyncio.TaskGroup() as tasks:
        async def tell(name, change):
            info = AsyncServiceInfo("_nut._tcp.local.", name)
            if change != "Removed":
                await info.async_request(zeroconf.zeroconf, 3000)
            print(json.dumps({
                "name": name.removesuffix("._nut._tcp.local."), "change": change,
                "port": info.port, "host": info.server,
                "addresses": sorted(info.parsed_addresses(IPVersion.All)),
                "txt": {key.decode(): value.decode() for key, value in info.properties.items()},
            }), flush=True)

        def heard(*, name, state_change, **_):
            tasks.create_task(tell(name, state_change.name))

        AsyncServiceBrowser(zeroconf.zeroconf, ["_nut._tcp.local."], handlers=[heard])
        print("{}", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@dataclass(slots=True)
class Networks:
    """Two machines, as it were, on one network; `here` and `there` run a command on them."""

    ip: str
    names: tuple[str, str]

    @property
    def here(self) -> tuple[str, ...]:
        return (self.ip, "netns", "exec", self.names[0])

    @property
    def there(self) -> tuple[str, ...]:
        return (self.ip, "netns", "exec", self.names[1])

    def run(self, *words: str) -> None:
        subprocess.run([self.ip, *words], check=True, capture_output=True)

    def link(self, *words: str) -> None:
        self.run("-n", self.names[0], *words)


@pytest.fixture
def networks() -> Generator[Networks]:
    net = Networks(
        find_program("ip", "iproute2"), (f"nutbus-c-{os.getpid()}", f"nutbus-d-{os.getpid()}")
    )
    try:
        try:
            net.run("netns", "add", net.names[0])
            net.link("link", "set", "lo", "up")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"this root may not make networks: {error.stderr.decode().strip()}")
        net.run("netns", "add", net.names[1])
        cable = ("link", "add", "cable", "type", "veth", "peer", "cable", "netns", net.names[1])
        net.link(*cable)
        for number, name in enumerate(net.names, start=1):
            net.run("-n", name, "link", "set", "lo", "up")
            net.run("-n", name, "address", "add", f"192.0.2.{number}/24", "dev", "cable")
            six = (f"2001:db8::{number}/64", "dev", "cable", "nodad")
            net.run("-n", name, "-6", "address", "add", *six)
            net.run("-n", name, "link", "set", "cable", "up")
        yield net
    finally:
        for name in net.names:
            subprocess.run([net.ip, "netns", "del", name], check=False, capture_output=True)


@dataclass(slots=True)
class Process:
    """A program on one of the two machines, and what it said."""

    process: asyncio.subprocess.Process
    log: Path
    lines: list[dict[str, Any]] = field(default_factory=list)

    async def until(self, condition: Callable[[], Any]) -> Any:
        try:
            async with asyncio.timeout(TIMEOUT):
                while not (found := condition()):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{self.lines}\n{self.log.read_text()}") from None
        return found

    async def until_logged(self, text: str) -> None:
        await self.until(lambda: text in self.log.read_text())

    async def stop(self) -> int:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(TIMEOUT):
            return await self.process.wait()


@contextlib.asynccontextmanager
async def running(command: Sequence[str], log: Path) -> AsyncGenerator[Process]:
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=stderr
        )
    program = Process(process, log)

    async def take() -> None:
        assert process.stdout
        async for line in process.stdout:
            program.lines.append(json.loads(line))

    async with asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(take())
        try:
            yield program
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            taking.cancel()


@contextlib.asynccontextmanager
async def browsing(inside: Sequence[str], address: str, log: Path) -> AsyncGenerator[Process]:
    """Listen for NUT servers; it listens when this is entered."""
    async with running([*inside, sys.executable, "-c", BROWSER, address], log) as browser:
        await browser.until(lambda: {} in browser.lines)
        yield browser


def nutbus(folder: Path, gateway: str, name: str = "nutbus") -> tuple[list[str], Path]:
    """Write settings with one dummy device, and say how to run them and where the log is."""
    (folder / "ups.dev").write_text("ups.status: OL\nups.load: 12\n")
    file = folder / f"{name}.toml"
    broker = 1883 + len(list(folder.glob("*.toml")))
    write_settings(file, broker, gateway)
    command = [sys.executable, "-m", "services.console", "up", "--config", str(file)]
    return command, folder / f"{name}.log"


def write_settings(file: Path, broker: int, gateway: str) -> None:
    file.write_text(
        f'[bus]\nbroker = "embedded://127.0.0.1:{broker}"\n'
        '[devices.rack1]\ndriver = "dummy-ups"\nport = "ups.dev"\n'
        f"[gateway]\n{gateway}\n"
    )


def named(browser: Process, name: str, change: str = "Added") -> Callable[[], dict[str, Any]]:
    return lambda: next(
        (
            line
            for line in reversed(browser.lines)
            if line.get("name") == name and line["change"] == change
        ),
        {},
    )


async def test_a_gateway_is_heard_found_changed_and_says_goodbye(
    tmp_path: Path, networks: Networks
):
    command, log = nutbus(
        tmp_path, f'id = "rack"\nlisten = ["{HERE}", "[{HERE_SIX}]"]\nannounce = true'
    )
    async with (
        browsing(networks.there, THERE, tmp_path / "browser") as browser,
        running([*networks.here, *command], log) as gateway,
    ):
        heard = await browser.until(named(browser, "rack"))
        assert heard["port"] == 3493
        assert heard["addresses"] == [HERE, HERE_SIX]
        assert heard["txt"] == {"txtvers": "1", "protocol": "1.3"}

        await gateway.until_logged("announced on the local networks: rack")
        scan = [sys.executable, "-m", "services.console", "scan", "-A", "-t", "5", "-P"]
        found = await asyncio.create_subprocess_exec(
            *networks.there, *scan, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await found.communicate()
        assert f"rack1@{HERE}" in output.decode()

        port = 'listen = ["192.0.2.1:4000"]\nannounce = true\nannounce_as = "power room"'
        write_settings(tmp_path / "nutbus.toml", 1883, f'id = "rack"\n{port}')
        gateway.process.send_signal(signal.SIGHUP)
        await browser.until(named(browser, "rack", "Removed"))
        heard = await browser.until(named(browser, "power room"))
        assert (heard["port"], heard["addresses"]) == (4000, [HERE])

        assert await gateway.stop() == 0, log.read_text()
        await browser.until(named(browser, "power room", "Removed"))


async def test_two_gateways_of_one_name_are_two(tmp_path: Path, networks: Networks):
    """Every address is announced, each port by itself, and who comes second gets a number."""
    first = 'id = "one"\nlisten = ["0.0.0.0", "192.0.2.1:4001"]\nannounce = true'
    second = 'id = "two"\nlisten = ["192.0.2.1:4002"]\nannounce = true'
    both = '\nannounce_as = "power"'
    async with (
        browsing(networks.there, THERE, tmp_path / "browser") as browser,
        running([*networks.here, *nutbus(tmp_path, first + both, "a")[0]], tmp_path / "a.log"),
    ):
        assert (await browser.until(named(browser, "power")))["addresses"] == [HERE]
        assert (await browser.until(named(browser, "power 4001")))["port"] == 4001
        command, log = nutbus(tmp_path, second + both, "b")
        async with running([*networks.here, *command], log) as gateway:
            heard = await browser.until(named(browser, "power-2"))
            assert heard["port"] == 4002
            hosts = {line.get("host") for line in browser.lines if line.get("host")}
            assert len(hosts) == 3
            assert await gateway.stop() == 0, log.read_text()


HOG = """
import socket, time
taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
taken.bind(("", 5353))
print("{}", flush=True)
time.sleep(3600)
"""


async def test_without_multicast_the_gateway_goes_on_with_one_warning(
    tmp_path: Path, networks: Networks
):
    command, log = nutbus(tmp_path, f'id = "rack"\nlisten = ["{HERE}"]\nannounce = true')
    async with (
        browsing(networks.there, THERE, tmp_path / "browser") as browser,
        running([*networks.here, sys.executable, "-c", HOG], tmp_path / "hog") as hog,
    ):
        await hog.until(lambda: {} in hog.lines)
        async with running([*networks.here, *command], log) as gateway:
            await gateway.until_logged("WARNING services.gateway.announcer: cannot announce")
            assert await read_load(networks.here, HERE) == b"12\n"
            await hog.stop()
            await browser.until(named(browser, "rack"))
            assert await gateway.stop() == 0, log.read_text()
    assert log.read_text().count("WARNING") == 1


async def test_an_address_that_comes_later_is_announced(tmp_path: Path, networks: Networks):
    """At boot a machine may have no address yet."""
    networks.link("address", "del", f"{HERE}/24", "dev", "cable")
    command, log = nutbus(tmp_path, 'id = "rack"\nlisten = ["0.0.0.0"]\nannounce = true')
    async with (
        browsing(networks.there, THERE, tmp_path / "browser") as browser,
        running([*networks.here, *command], log) as gateway,
    ):
        await gateway.until_logged(":3493")
        assert await read_load(networks.here, "127.0.0.1") == b"12\n"
        assert browser.lines == [{}]
        networks.link("address", "add", f"{HERE}/24", "dev", "cable")
        assert (await browser.until(named(browser, "rack")))["addresses"] == [HERE]
        assert await gateway.stop() == 0, log.read_text()
    assert "WARNING" not in log.read_text()


async def read_load(inside: Sequence[str], host: str) -> bytes:
    asked = await asyncio.create_subprocess_exec(
        *(*inside, find_program("upsc", "nut-client"), f"rack1@{host}", "ups.load"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await asked.communicate()
    return output

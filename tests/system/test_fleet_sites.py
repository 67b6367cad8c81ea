"""A site whose broker is bridged to a centre's, each a host of its own; its line is cut or slow."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import find_program
from tests.namespaces import Host, Network, network
from tests.shipped import DEPLOY, PASSWORD, ShippedMosquitto

pytestmark = [pytest.mark.system]

TIMEOUT = 60.0
STATUS = "GET VAR site1-ups ups.status"
ON_LINE = 'VAR site1-ups ups.status "OL"'
ON_BATTERY = 'VAR site1-ups ups.status "OB"'
FORCED = 'VAR site1-ups ups.status "FSD OL"'
STALE = "ERR DATA-STALE"
CENTRE = "192.0.2.2"


class Broker(ShippedMosquitto):
    """A host's Mosquitto with the files of deploy/, and these as its certificates."""

    def __init__(
        self, directory: Path, certificates: dict[str, Path], bridge: str = "", rules: str = ""
    ) -> None:
        directory.mkdir()
        super().__init__(directory)
        self.port = 1883
        self.file = "mosquitto.conf" if bridge else "mosquitto-tls.conf"
        self._bridge, self._rules = bridge.replace("/etc/mosquitto/", f"{directory}/"), rules
        (directory / "certs").mkdir()
        for name, source in certificates.items():
            shutil.copy(source, directory / "certs" / name)

    def run(self, host: Host) -> "subprocess.Popen[bytes]":
        _, file = self.command()
        with Path(file).open("a") as settings:
            settings.write(self._bridge)
        with (self.directory / "mosquitto.acl").open("a") as rules:
            rules.write(self._rules)
        program = find_program(self.program, self.package)
        return host.start(program, "-c", file, log=self.directory / "log")


class Site:
    """The two hosts with all that runs on them."""

    def __init__(self, hosts: Network, folder: Path, certificates: Path) -> None:
        self._certificates = certificates
        self.here, self.centre = hosts["site1"], hosts["centre"]
        self.folder = folder
        self.dump = folder / "ups.dev"
        self.change("OL")

    def change(self, status: str) -> None:
        """Let the device say something else."""
        fresh = self.dump.with_suffix(".new")
        fresh.write_text(f"ups.status: {status}\nups.id: x\nbattery.charge: 100\n")
        fresh.rename(self.dump)

    async def start(self) -> None:
        bridge = (DEPLOY / "bridges/site.conf").read_text().replace("centre:", f"{CENTRE}:")
        rules = (DEPLOY / "bridges/centre.acl").read_text()
        made = self._certificates
        ca = {"ca.pem": made / "ca.pem"}
        own = made / "servers" / f"{CENTRE}.pem", made / "servers" / f"{CENTRE}-key.pem"
        pair = dict(zip(("server.pem", "server-key.pem"), own, strict=True))
        self._broker = Broker(self.folder / "b2", ca | pair, rules=f"\n{rules}")
        self.run_centre()
        names = ("site1.pem", "site1-key.pem")
        pair = {name: made / "clients" / name for name in names}
        rules = "\nuser driver\ntopic write nut/device/site1-ups/#\n"
        Broker(self.folder / "b1", ca | pair, f"\n{bridge}", rules).run(self.here)
        device = {"driver": "dummy-ups", "port": str(self.dump)}
        driver: dict[str, Any] = {
            "driver": {
                "id": "site1",
                "heartbeat": 1,
                "poll_interval": 0.5,
                "require_expiry": True,
            },
            "devices": {"site1-ups": device},
        }
        self._run(self.here, "driver", "driver", driver)
        for host in (self.here, self.centre):
            self.start_gateway(host)

    def run_centre(self) -> None:
        """Run the broker of the centre."""
        self._broker.run(self.centre)

    def start_gateway(self, host: Host) -> "subprocess.Popen[bytes]":
        admin = {"password": "secret", "actions": ["SET", "FSD"], "instcmds": ["ALL"]}
        section = {
            "id": host.name,
            "listen": ["0.0.0.0:3493"],
            "users": {"admin": {**admin, "upsmon": "primary"}},
            "max_age": 3.0,
            "devices": ["site1-*"],
        }
        return self._run(host, "gateway", "gateway", {"gateway": section})

    async def renew_gateway(self, host: Host) -> None:
        """End the gateway of a host and start another."""
        process = host.processes[-1]
        process.terminate()
        await asyncio.to_thread(process.wait, 15)
        self.start_gateway(host)

    def _run(
        self, host: Host, what: str, user: str, tables: dict[str, Any]
    ) -> "subprocess.Popen[bytes]":
        login = {"username": user, "password": PASSWORD, "keepalive": 5}
        bus = {"bus": {"broker": "mqtt://127.0.0.1", **login}}
        settings = self.folder / f"{host.name}-{what}.toml"
        settings.write_text(toml({**bus, **tables, "audit": {"file": ""}}))
        return host.nutbus(settings)

    async def ask(self, host: Host, *questions: str) -> str:
        """Ask the gateway of a host as admin; the last answer, or why there is none."""
        try:
            line = await host.connect("127.0.0.1", 3493)
        except OSError as error:
            return str(error)
        reader, writer = await asyncio.open_connection(sock=line)
        answer = ""
        for question in ("USERNAME admin", "PASSWORD secret", *questions):
            writer.write(f"{question}\n".encode())
            async with asyncio.timeout(TIMEOUT):
                answer = (await reader.readline()).decode().strip()
        writer.close()
        return answer

    async def until(self, host: Host, expected: str | Callable[[str], bool], *words: str) -> str:
        """Wait until the gateway of a host answers so; STATUS by default."""
        answer = ""
        try:
            async with asyncio.timeout(TIMEOUT):
                while True:
                    answer = await self.ask(host, *(words or (STATUS,)))
                    if answer == expected or (callable(expected) and expected(answer)):
                        return answer
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{host.name}: {answer!r}, not {expected!r}") from None

    async def arrives(self, value: str) -> None:
        """Write a variable from the centre until it is so at the site.

        The connection that brings orders may stand later than that which brings states.
        """
        question, expected = "GET VAR site1-ups ups.id", f'VAR site1-ups ups.id "{value}"'
        async with asyncio.timeout(TIMEOUT):
            while (found := await self.ask(self.here, question)) != expected:
                assert found == 'VAR site1-ups ups.id "x"', "an order that nobody gave"
                assert await self.ask(self.centre, f'SET VAR site1-ups ups.id "{value}"') == "OK"
                await asyncio.sleep(0.5)

    def publish(self, host: Host, *words: str) -> None:
        """Publish as the operator does at a host."""
        program = find_program("mosquitto_pub", "mosquitto-clients")
        login = ("-u", "operator", "-P", PASSWORD)
        host.start(program, *login, "-q", "1", *words, log=self.folder / "pub").wait(10)


def toml(tables: dict[str, Any]) -> str:
    """Write tables; JSON's texts, numbers and lists are TOML's too."""
    lines = []
    for name, table in tables.items():
        flat = {key: value for key, value in table.items() if not isinstance(value, dict)}
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in flat.items())]
        for key, value in table.items():
            if isinstance(value, dict):
                lines += toml({f"{name}.{key}": value}).splitlines()
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make certificates as docs/fleet.md says, from the shell; the folder of them all."""
    made = tmp_path_factory.mktemp("made") / "certs"
    for command in (("ca",), ("server", CENTRE), ("client", "site1")):
        words = (sys.executable, "-m", "services.console", "certs", *command)
        subprocess.run([*words, "--folder", str(made)], check=True, capture_output=True)
    return made


@pytest.fixture
async def site(tmp_path: Path, certificates: Path) -> AsyncGenerator[Site]:
    with network("site1", "centre") as hosts:
        found = Site(hosts, tmp_path, certificates)
        await found.start()
        await found.until(found.here, ON_LINE)
        await found.until(found.centre, ON_LINE)
        yield found


async def test_a_site_goes_on_alone_and_the_centre_never_shows_what_was(site: Site):
    assert await site.ask(site.centre, 'SET VAR site1-ups ups.id "far"') == "OK"
    await site.until(site.here, 'VAR site1-ups ups.id "far"', "GET VAR site1-ups ups.id")

    site.here.line.is_cut = True
    site.change("OB")
    await site.until(site.here, ON_BATTERY)
    await site.until(site.centre, STALE)
    await site.renew_gateway(site.centre)  # the new one never saw the device while it was there
    seen = {await site.until(site.centre, lambda answer: answer.startswith("ERR"))}
    for _ in range(20):
        seen.add(await site.ask(site.centre, STATUS))
        await asyncio.sleep(0.1)
    assert seen <= {STALE, "ERR DRIVER-NOT-CONNECTED", "ERR UNKNOWN-UPS"}
    site.publish(site.centre, "-t", "nut/device/site1-ups/set/ups/id", "-m", "late")
    assert await site.ask(site.here, "FSD site1-ups") == "OK FSD-SET"
    site.change("OL")
    await site.until(site.here, FORCED)

    site.here.line.is_cut = False
    await site.until(site.centre, FORCED)
    site.here.line.is_cut = True
    await site.until(site.centre, STALE)
    site.publish(site.here, "-t", "nut/device/site1-ups/fsd", "-r", "-n")
    await site.until(site.here, ON_LINE)

    site.here.line.is_cut = False
    await site.until(site.centre, ON_LINE)
    await site.until(site.here, ON_LINE)
    question = "GET VAR site1-ups ups.id"
    for host in (site.here, site.centre):  # as the file of the device says since it was changed
        assert await site.ask(host, question) == 'VAR site1-ups ups.id "x"'


async def test_a_request_that_lies_at_the_centre_is_not_carried_out_when_the_line_is_back(
    site: Site,
):
    topic = ("-t", "nut/device/site1-ups/set/ups/id")
    for _ in range(2):
        site.publish(site.centre, *topic, "-m", "lies", "-r")
        site.here.line.is_cut = True
        await site.until(site.centre, STALE)
        site.here.line.is_cut = False
        await site.until(site.centre, ON_LINE)
    await site.arrives("good")


@pytest.mark.parametrize(
    ("delay", "loss"),
    [(0.15, 0.05), pytest.param(0.15, 0.1, marks=pytest.mark.nightly)],
)
async def test_a_slow_line_that_loses_packets_is_a_line(site: Site, delay: float, loss: float):
    site.here.line.delay, site.here.line.loss = delay, loss  # each way
    for number in range(5):
        id = f"n{number}"
        answer = await site.ask(site.centre, "SET TRACKING ON", f'SET VAR site1-ups ups.id "{id}"')
        assert answer.startswith("OK TRACKING ")
        tracking = f"GET TRACKING {answer.split()[-1]}"
        words = ("SET TRACKING ON", tracking)
        assert await site.until(site.centre, lambda end: end != "PENDING", *words) == "SUCCESS"
    site.change("OB")
    await site.until(site.centre, ON_BATTERY)
    site.change("OL")
    await site.until(site.centre, ON_LINE)


@pytest.mark.nightly
async def test_a_centre_whose_broker_is_killed_hears_all_again(site: Site):
    broker = site.centre.processes[0]
    broker.kill()
    broker.wait()
    site.change("OB")
    await site.until(site.here, ON_BATTERY)
    await site.until(site.centre, STALE)
    site.run_centre()
    await site.until(site.centre, ON_BATTERY)
    await site.arrives("new")

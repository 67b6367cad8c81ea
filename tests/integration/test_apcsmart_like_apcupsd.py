"""Debian's apcupsd as a second reader of the simulated UPS: it and our driver must agree.

Its package conflicts with NUT's, so it is only unpacked (tools/debian-unpacked).
"""

import asyncio
import os
import re
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.likenut import OurDriver
from tests.ports import free_port
from tests.simulators.apcsmart import Device, SimulatedUps, recorded, smart_ups

pytestmark = pytest.mark.integration

UNPACK = Path(__file__).parents[2] / "tools/debian-unpacked"
START_TIMEOUT = 90.0  # it sleeps for many seconds while it looks at the UPS
CHECK_INTERVAL = 0.1
STOP_TIMEOUT = 30.0
CONF = """\
## apcupsd.conf v1.1 ##
UPSCABLE smart
UPSTYPE apcsmart
DEVICE {port}
POLLTIME 1
LOCKFILE {folder}
SCRIPTDIR {folder}
PWRFAILDIR {folder}
NOLOGINDIR {folder}
ONBATTERYDELAY 600
BATTERYLEVEL -1
MINUTES -1
TIMEOUT 0
ANNOY 0
NOLOGON disable
KILLDELAY 0
NETSERVER on
NISIP 127.0.0.1
NISPORT {nis}
EVENTSFILE {folder}/events
UPSCLASS standalone
UPSMODE disable
STATTIME 0
STATFILE {folder}/status
LOGSTATS off
"""
# Items of apcupsd and the variables of ours.
ITEMS = {
    "LINEV": "input.voltage",
    "LINEFREQ": "input.frequency",
    "LOTRANS": "input.transfer.low",
    "HITRANS": "input.transfer.high",
    "MAXLINEV": "input.voltage.maximum",
    "MINLINEV": "input.voltage.minimum",
    "OUTPUTV": "output.voltage",
    "NOMOUTV": "output.voltage.nominal",
    "LOADPCT": "ups.load",
    "ITEMP": "ups.temperature",
    "BCHARGE": "battery.charge",
    "BATTV": "battery.voltage",
    "NOMBATTV": "battery.voltage.nominal",
    "RETPCT": "battery.charge.restart",
    "TIMELEFT": "battery.runtime",
    "DLOWBATT": "battery.runtime.low",
    "DWAKE": "ups.delay.start",
    "DSHUTD": "ups.delay.shutdown",
    "STESTI": "ups.test.interval",
    "EXTBATTS": "battery.packs",
    "BADBATTS": "battery.packs.bad",
    "HUMIDITY": "ambient.humidity",
    "AMBTEMP": "ambient.temperature",
    "SERIALNO": "ups.serial",
    "MANDATE": "ups.mfr.date",
    "BATTDATE": "battery.date",
    "FIRMWARE": "ups.firmware",
    "MODEL": "ups.model",
    "UPSNAME": "ups.id",
}
IN_SECONDS = {"TIMELEFT": 60, "DLOWBATT": 60, "STESTI": 3600}
WORDS = {"ONLINE": "OL", "ONBATT": "OB", "LOWBATT": "LB", "REPLACEBATT": "RB", "OVERLOAD": "OVER"}
LINE = re.compile(r"(\w+) *: (.*)")


@pytest.fixture(scope="module", name="root")
def unpacked() -> Path:
    """Return the folder of the unpacked package."""
    done = subprocess.run(
        (UNPACK, "apcupsd", "libusb-0.1-4"), stdout=subprocess.PIPE, text=True, check=True
    )
    return Path(done.stdout.strip())


class Apcupsd:
    """The daemon in the foreground; nothing of it leaves the folder of the test."""

    def __init__(self, root: Path, folder: Path, port: str, nis: int) -> None:
        self._root, self._folder, self._nis = root, folder, nis
        (folder / "apcupsd.conf").write_text(CONF.format(folder=folder, port=port, nis=nis))
        script = folder / "apccontrol"
        script.write_text(f'#!/bin/sh\necho "$@" >>{folder}/called\n')
        script.chmod(0o755)
        libraries = next(root.glob("lib/*/libusb-0.1.so.4.*")).parent
        self._environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries)}

    @contextmanager
    def running(self) -> Generator[None]:
        """Run the daemon."""
        with (self._folder / "log").open("ab") as log:
            daemon = subprocess.Popen(
                (
                    self._root / "sbin/apcupsd",
                    *("-b", "-f", self._folder / "apcupsd.conf", "-P", self._folder / "pid"),
                ),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield
        finally:
            daemon.terminate()
            daemon.wait(STOP_TIMEOUT)

    def items(self) -> dict[str, str]:
        """Return what apcaccess tells, {} while there is nothing."""
        done = subprocess.run(
            (self._root / "sbin/apcaccess", "status", f"127.0.0.1:{self._nis}"),
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return {name: text.strip() for name, text in LINE.findall(done.stdout)}

    def wait_for(self, words: set[str]) -> dict[str, str]:
        """Return what it tells as soon as the status has these words of ours."""
        deadline = time.monotonic() + START_TIMEOUT
        while words != {WORDS.get(word, word) for word in self.items().get("STATUS", "").split()}:
            if time.monotonic() > deadline:
                log = (self._folder / "log").read_text()
                raise AssertionError(f"apcupsd does not say {words}: {self.items()}\n{log}")
            time.sleep(CHECK_INTERVAL)
        return self.items()


def differing(
    items: dict[str, str], variables: Mapping[str, str], *, is_old: bool
) -> tuple[list[str], int]:
    """Compare what both tell; return the differences and how many values were compared.

    Of a device without a list of codes apcupsd makes up the model from the firmware.
    """
    found, count = [], 0
    for item, name in ITEMS.items():
        said, ours = items.get(item), variables.get(name)
        if said is None or said == "N/A" or ours is None or (is_old and item == "MODEL"):
            continue
        count += 1
        if not same(said, ours, IN_SECONDS.get(item, 1)):
            found.append(f"{item} is {said!r} and {name} is {ours!r}")
    return found, count


def same(said: str, ours: str, unit: int) -> bool:
    """Tell whether a text, or a number that apcupsd rounds, is the same."""
    number = re.fullmatch(r"(-?\d+(?:\.(\d+))?)(?: (?:Volts|Percent|Minutes|Seconds|C|Hz))?", said)
    if said == ours or number is None or not re.fullmatch(r"-?[\d.]+", ours):
        return said == ours or (said, ours) == ("OFF", "0")
    distance = abs(float(number[1]) - float(ours) / unit)
    return distance <= 0.5 / float("1" + "0" * len(number[2] or "")) + 1e-9


async def told_by_both(
    root: Path, folder: Path, device: Device, free: int
) -> tuple[list[str], int]:
    """Let both read a device, each its own copy of it."""

    def theirs() -> dict[str, str]:
        folder.mkdir(exist_ok=True)
        with SimulatedUps(device) as ups:
            daemon = Apcupsd(root, folder, ups.port, free)
            with daemon.running():
                return daemon.wait_for(ups.status & set(WORDS.values()))

    async def ours() -> Mapping[str, str]:
        with SimulatedUps(device) as ups:
            async with OurDriver("apcsmart", ups.port) as driver:
                return (await driver.report()).variables

    items, variables = await asyncio.gather(asyncio.to_thread(theirs), ours())
    found, count = differing(items, variables, is_old=not device.codes)
    return [f"{device.name}: {text}" for text in found], count


async def test_apcupsd_reads_the_same_from_recorded_devices(root, tmp_path):
    devices = [smart_ups(), *recorded("reconstructed_from_apcupsd.json")]
    devices += recorded("reconstructed_from_upsc.json")
    room = asyncio.Semaphore(12)

    async def one(number: int, device: Device) -> tuple[list[str], int]:
        async with room:
            return await told_by_both(root, tmp_path / str(number), device, free_port())

    results = await asyncio.gather(*(one(*each) for each in enumerate(devices)))
    print(sum(count for _, count in results), "values like apcupsd's")  # noqa: T201 -- a count
    assert [text for texts, _ in results for text in texts] == []
    assert sum(count for _, count in results) > 700


async def test_apcupsd_and_our_driver_hear_the_same_alerts(root, tmp_path):
    with SimulatedUps(smart_ups()) as theirs, SimulatedUps(smart_ups()) as ups:
        daemon = Apcupsd(root, tmp_path, theirs.port, free_port())
        async with OurDriver("apcsmart", ups.port) as driver:
            with daemon.running():
                await asyncio.to_thread(daemon.wait_for, {"OL"})
                for character, words in (("!", {"OB"}), ("$", {"OL"}), ("!", {"OB"})):
                    theirs.alert(character)
                    ups.alert(character)
                    await asyncio.to_thread(daemon.wait_for, words)
                    await driver.driver.wait()
                    assert words <= (await driver.report()).status
                    await driver.report()

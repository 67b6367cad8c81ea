"""A UPS on USB: how soon an outage is on the bus, and what a device costs.

`python -m benchmarks.usb BROKER FILE MODE` is the driver service with its simulated device, in one
process: `outages` writes the times at which the device spoke into the file.
"""

import asyncio
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import nutbus
from benchmarks.programs import Programs, running
from benchmarks.progress import say
from benchmarks.report import Table, limit_row, percentile
from services.driver.app import run
from services.driver.protocols.hid.descriptor import Report
from services.driver.protocols.hid.mge import VENDOR
from services.driver.settings import DriverSettings
from services.driver.transports import usbfinding
from shared.bus import connect
from shared.latest import Latest
from shared.messages import DeviceState, read
from shared.settings import BusSettings
from shared.topics import DeviceTopic, OfDevice
from tests.simulators.usb import UsbBus
from tests.simulators.usbmodel import Model, Strings, descriptor_of

DEVICE = "ups"
OUTAGES = 150
PAUSE = 0.25  # seconds between two changes
TRANSFER = 0.001  # seconds that a transfer takes, as on a full-speed bus
WINDOW = 20.0
SETTLED = 3.0
HEARTBEAT = 1.0
START_TIMEOUT = 60.0
LIMIT_MILLISECONDS = 10.0
LIMIT_PERCENT = 2.0
ONLINE = "UPS.PowerSummary.PresentStatus.ACPresent"
CHARGE = "UPS.PowerSummary.RemainingCapacity"
MOST_REPORTS = 250


def usb() -> Iterator[Table]:
    """Measure the delay of news and the share of a core."""
    delays = _delays()
    idle, stream = _percent("idle"), _percent("stream")
    rows = (
        limit_row("input report to state, median, ms", None, percentile(delays, 50), None),
        limit_row(
            "input report to state, p99, ms", None, percentile(delays, 99), LIMIT_MILLISECONDS
        ),
        limit_row("processor, polled every 2 s, % of one core", None, idle, LIMIT_PERCENT),
        limit_row("processor, endless input reports, % of one core", None, stream, LIMIT_PERCENT),
    )
    header = ("a UPS on USB", "NUT", "nutbus", "to reach", "reached")
    note = (
        f"The device has every path of the largest table, in as many reports, and takes "
        f"{TRANSFER * 1000:g} ms for a transfer; it is simulated within the service, behind pyusb, "
        f"and is counted in. {OUTAGES} outages."
    )
    yield Table("USB", header, rows, note)


def _delays() -> list[float]:
    """Return how long news took to the bus, in milliseconds."""
    with running() as programs:
        broker, _ = nutbus.start_mosquitto(programs)
        file = programs.folder / "times"
        seen = asyncio.run(
            _watch(broker, lambda: _service(programs, broker, file, "outages"), file)
        )
        programs.until(lambda: len(file.read_text().split()) >= OUTAGES, "too few outages")
        spoken = [float(each) for each in file.read_text().split()]
    found = []
    for spoke, after in itertools.pairwise([*spoken, float("inf")]):
        heard = next((at for at in seen if spoke <= at < after), None)
        if heard is not None:
            found.append((heard - spoke) * 1000)
    missed = len(spoken) - len(found)
    say(f"{len(found)} changes were seen, {missed} were not, p99 {percentile(found, 99):.2f} ms")
    return found + [float("inf")] * missed


async def _watch(broker: str, start: Callable[[], int], file: Path) -> list[float]:
    """Return when the status changed on the bus."""
    seen: list[float] = []
    was_on_battery = False
    async with asyncio.timeout(START_TIMEOUT * 2), connect(BusSettings(broker=broker)) as bus:
        await bus.subscribe(bus.topics.every_device(DeviceTopic.STATE))
        start()
        async for message in bus.listen():
            now = time.monotonic()
            about, state = bus.topics.parse(message.topic), read(DeviceState, message)
            if not (isinstance(about, OfDevice) and isinstance(state, DeviceState)):
                continue
            is_on_battery = "OB" in state.vars["ups.status"].split()
            if is_on_battery is not was_on_battery:
                was_on_battery = is_on_battery
                seen.append(now)
            if file.exists():  # it is written after the last one
                break
    return seen


def _percent(mode: str) -> float:
    """Measure what share of a core the service takes."""
    with running() as programs:
        broker, _ = nutbus.start_mosquitto(programs)
        file = programs.folder / "times"
        process = _service(programs, broker, file, mode)
        programs.until(file.exists, "the driver service does not start")
        time.sleep(SETTLED)
        began, before = time.perf_counter(), _seconds(process)
        time.sleep(WINDOW)
        percent = (_seconds(process) - before) / (time.perf_counter() - began) * 100
    say(f"{mode}: {percent:.2f} % of a core")
    return percent


def _seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _service(programs: Programs, broker: str, file: Path, mode: str) -> int:
    command = (sys.executable, "-m", "benchmarks.usb", broker, str(file), mode)
    return programs.start(f"usb-{mode}", *command)


def large_ups() -> tuple[Model, int, int]:
    """Make a device with every path of a table; return also the reports of status and charge."""
    paths = {row.path: None for row in VENDOR.rows if VENDOR.usages.path(row.path)}
    entries = [
        {"path": path, "type": kind, "report_id": hex(id), "offset": 0, "size": 16}
        for id, path in enumerate(list(paths)[:MOST_REPORTS], 1)
        for kind in ("Feature", "Input")
    ]
    descriptor = descriptor_of(entries, VENDOR.usages)
    ups = Model(0x0463, 0xFFFF, descriptor, Strings({1: "EATON", 2: "Large UPS"}), (1, 2, 0))
    ups.fill()
    ids = {path: id for id, path in enumerate(paths, 1)}
    ups.reports[Report.FEATURE, ids[ONLINE]] = bytes((ids[ONLINE], 1, 0))
    return ups, ids[ONLINE], ids[CHARGE]


def _outages(ups: Model, id: int, file: Path) -> None:
    """Change the status again and again, and note when."""
    times: list[float] = []
    for count in range(OUTAGES):
        time.sleep(PAUSE)
        report = bytes((id, count % 2, 0))
        ups.reports[Report.FEATURE, id] = report
        times.append(time.monotonic())
        ups.say(report)
    time.sleep(1)
    file.write_text("\n".join(map(str, times)))


async def _serve(broker: str, file: Path, mode: str) -> None:
    ups, online, charge = large_ups()
    bus = UsbBus(transfer_delay=TRANSFER)
    bus.plug(ups, "1-1")
    usbfinding.backend = lambda: bus
    tables = {
        "bus": {"broker": broker},
        "driver": {"id": "usb", "poll_interval": 2.0, "heartbeat": HEARTBEAT},
        "devices": {DEVICE: {"driver": "usbhid", "port": "auto"}},
    }
    settings = DriverSettings.from_tables(tables, str(file))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(Latest(settings)))
        async with connect(BusSettings(broker=broker)) as listener:
            await listener.subscribe(listener.topics.every_device(DeviceTopic.STATE))
            async for _ in listener.listen():
                break
        if mode == "outages":
            threading.Thread(target=_outages, args=(ups, online, file), daemon=True).start()
            return
        if mode == "stream":
            ups.stream = (bytes((charge, count % 100, 0)) for count in itertools.count())
        file.write_text("ready")


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))

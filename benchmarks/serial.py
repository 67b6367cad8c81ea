"""64 serial devices in one driver service: its share of a core, and its memory."""

import asyncio
import os
import pwd
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import nutbus
from benchmarks.programs import Programs, resident_kilobytes, running
from benchmarks.progress import say
from benchmarks.report import TIMES, Table, limit_row
from benchmarks.served import names
from shared.bus import connect
from shared.messages import Availability, availability_of
from shared.settings import BusSettings
from shared.topics import DeviceTopic, OfDevice
from tests.realnut import find_nut_program

MANY = 64
POLL = 2.0
SETTLED = 5.0  # seconds after the last device came online until it is measured
WINDOW = 20.0
START_TIMEOUT = 60.0
LIMIT_PERCENT = 25.0
DRIVER = "nutdrv_qx"
ID = "serial"

Tables = dict[str, dict[str, object]]


def serial() -> Iterator[Table]:
    """Measure the driver service beside as many processes of nutdrv_qx."""
    theirs, ours = _real_drivers(), _driver_service()
    rows = (
        limit_row("processor, % of one core", theirs[0], ours[0], LIMIT_PERCENT),
        limit_row("memory of each device, KB", theirs[1], ours[1], None),
    )
    header = (
        f"{MANY} serial devices, polled every {POLL:g} s",
        f"{MANY} {TIMES} {DRIVER}",
        "one driver service",
        "to reach",
        "reached",
    )
    note = (
        "The UPSes are pseudo-terminals in a process of their own that answers as fast as at 2400 "
        "baud; neither it nor upsd nor the broker is counted. Our memory is what a device adds to "
        "a service with one."
    )
    yield Table("Serial devices", header, rows, note)


def _real_drivers() -> tuple[float, float]:
    """Return the percent of a core that the drivers take in all, and the kilobytes of each."""
    with running() as programs:
        settings = "".join(
            f"[{name}]\ndriver = {DRIVER}\nport = {port}\nprotocol = megatec\n"
            for name, port in zip(names(MANY), _devices(programs, MANY), strict=True)
        )
        (programs.folder / "ups.conf").write_text(f"pollinterval = {POLL:.0f}\n{settings}")
        processes = [_real_driver(programs, name) for name in names(MANY)]
        sockets = [programs.folder / f"{DRIVER}-{name}" for name in names(MANY)]
        programs.until(lambda: all(each.exists() for each in sockets), f"{DRIVER} does not start")
        time.sleep(SETTLED)
        percent = _percent(processes)
        kilobytes = sum(map(resident_kilobytes, processes)) / MANY
    say(f"{MANY} {TIMES} {DRIVER}: {percent:.2f} % of a core, {kilobytes:.0f} KB a device")
    return percent, kilobytes


def _driver_service() -> tuple[float, float]:
    """Return the percent of a core, and the kilobytes that a device adds."""
    with running() as programs:
        _, one = _service(programs, 1)
    with running() as programs:
        process, many = _service(programs, MANY)
        percent = _percent([process])
        kilobytes = (many - one) / (MANY - 1)
    say(f"one driver service: {percent:.2f} % of a core, {kilobytes:.0f} KB a device")
    return percent, kilobytes


def _service(programs: Programs, count: int) -> tuple[int, int]:
    """Start a driver service; return its process, and its kilobytes when it has settled."""
    broker, _ = nutbus.start_mosquitto(programs)
    tables: Tables = {
        "bus": {"broker": broker},
        "driver": {"id": ID, "poll_interval": POLL},
    }
    for name, port in zip(names(count), _devices(programs, count), strict=True):
        tables[f"devices.{name}"] = {"driver": "qx", "port": port, "protocol": "megatec"}
    started: list[int] = []

    def start() -> None:
        started.append(nutbus.start_service(programs, "driver", tables))

    asyncio.run(_until_online(broker, names(count), start))
    time.sleep(SETTLED)
    return started[0], resident_kilobytes(started[0])


def _devices(programs: Programs, count: int) -> list[str]:
    """Start the devices and return their ports."""
    file = programs.folder / "ports"
    command = (sys.executable, "-m", "benchmarks.serialdevices", str(count), str(file))
    programs.start("serialdevices", *command)
    programs.until(file.exists, "the serial devices do not start")
    return file.read_text().splitlines()


def _real_driver(programs: Programs, name: str) -> int:
    places = ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH")
    user = pwd.getpwuid(os.getuid()).pw_name
    command = (find_nut_program(DRIVER), "-F", "-a", name, "-u", user)
    return programs.start(name, *command, environment=dict.fromkeys(places, str(programs.folder)))


async def _until_online(broker: str, devices: Sequence[str], start: Callable[[], None]) -> None:
    async with asyncio.timeout(START_TIMEOUT), connect(BusSettings(broker=broker)) as bus:
        await bus.subscribe(bus.topics.every_device(DeviceTopic.AVAILABILITY))
        awaited = set(devices)
        start()
        async for message in bus.listen():
            about = bus.topics.parse(message.topic)
            is_online = availability_of(message.payload) is Availability.ONLINE
            if is_online and isinstance(about, OfDevice):
                awaited.discard(about.device)
            if not awaited:
                return


def _percent(processes: Sequence[int]) -> float:
    """Measure for a while what share of a core processes take together."""
    began, before = time.perf_counter(), sum(map(_nanoseconds, processes))
    time.sleep(WINDOW)
    used = sum(map(_nanoseconds, processes)) - before
    return used / (time.perf_counter() - began) / 1e7


def _nanoseconds(process: int) -> int:
    """Say how long the threads of a process have run."""
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)

"""SNMP: a fleet of agents in one driver service, packets of a poll, and the libraries there are."""

import asyncio
import itertools
import os
import pwd
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

from benchmarks import nutbus
from benchmarks.programs import Programs, resident_kilobytes, running
from benchmarks.progress import say
from benchmarks.report import Table, limit_row, percentile
from benchmarks.snmpagents import host, is_dead
from benchmarks.snmplibraries import libraries
from services.driver.protocols.snmpwire.message import Pdu
from shared.bus import Bus, connect
from shared.messages import Availability, DeviceState, availability_of, read
from shared.settings import BusSettings
from shared.topics import DeviceTopic, OfDevice
from tests.realnut import find_nut_program
from tests.simulators.snmp import SnmpSimulator
from tests.simulators.snmpd import free_udp_port
from tests.simulators.snmpups import BATTERY, NORMAL, SOURCE, objects

MANY = 1000
STATUS, FULL = 5.0, 30.0  # seconds between polls
SETTLED = 35.0  # seconds after the last device came online until it is measured
WINDOW = 40.0
START_TIMEOUT = 180.0
LIMIT_PERCENT, LIMIT_MB, LIMIT_LATE = 100.0, 300.0, 1.0
DRIVER = "snmp-ups"
POLLS = 4
SLEEPY = 20.0  # seconds between polls of a device that sends traps
STORM_PAUSE = 1.1
FAILURES = 20
LIMIT_REACTION = 500.0  # ms
QUIET = 0.5  # seconds without a packet that separate two polls

Polls = list[list[Pdu]]


def snmp() -> Iterator[Table]:
    """Measure the fleet, then one UPS beside snmp-ups, then the libraries."""
    yield _fleet()
    yield _packets()
    yield _reaction()
    yield libraries()


def _fleet() -> Table:
    percent, megabytes, late = _driver_service()
    rows = (
        limit_row("processor, % of one core", None, percent, LIMIT_PERCENT),
        limit_row("memory, MB", None, megabytes, LIMIT_MB),
        limit_row("lateness of a poll, 99th percentile, s", None, late, LIMIT_LATE),
    )
    header = (f"{MANY} SNMP agents", DRIVER, "one driver service", "to reach", "reached")
    note = (
        f"Status every {STATUS:g} s, all 60 values every {FULL:g} s. One agent in twenty is dead, "
        "one in twenty takes 0.8 s for an answer; the lateness is that of the others, seen by the "
        "agents. Neither they nor the broker are counted."
    )
    return Table("A thousand SNMP agents", header, rows, note)


def _driver_service() -> tuple[float, float, float]:
    """Return the percent of a core, the megabytes and the 99th percentile of the lateness."""
    with running() as programs:
        broker, _ = nutbus.start_mosquitto(programs)
        file, port = programs.folder / "polls", free_udp_port()
        command = ("-m", "benchmarks.snmpagents", str(MANY), str(port), str(file))
        programs.start("snmpagents", sys.executable, *command)
        programs.until(file.exists, "the SNMP agents do not start")
        process = _started(programs, broker, port)
        time.sleep(SETTLED)
        began, before = time.monotonic(), _nanoseconds(process)
        time.sleep(WINDOW)
        ended, used = time.monotonic(), _nanoseconds(process) - before
        megabytes = resident_kilobytes(process) / 1024
        programs.end("snmpagents")
        late = percentile(_lateness(file, began, ended), 99)
    percent = used / (ended - began) / 1e7
    say(f"{MANY} agents: {percent:.1f} % of a core, {megabytes:.0f} MB, {late:.3f} s late")
    return percent, megabytes, late


def _started(programs: Programs, broker: str, port: int) -> int:
    """Start the driver service; return its process when all that are well are online."""
    tables: dict[str, dict[str, object]] = {
        "bus": {"broker": broker},
        "driver": {"id": "snmp", "poll_interval": STATUS, "publish_variables": False},
    }
    for number in range(MANY):
        tables[f"devices.{_name(number)}"] = {
            "driver": "snmp",
            "port": f"{host(number)}:{port}",
            "snmp_version": "v2c",
            "pollfreq": FULL,
        }
    started: list[int] = []

    def start() -> None:
        started.append(nutbus.start_service(programs, "driver", tables))

    awaited = {_name(number) for number in range(MANY) if not is_dead(number)}
    began = time.monotonic()
    asyncio.run(_until_online(broker, awaited, start))
    say(f"{len(awaited)} agents online after {time.monotonic() - began:.1f} s")
    return started[0]


def _name(number: int) -> str:
    return f"agent{number}"


async def _until_online(broker: str, devices: set[str], start: Callable[[], None]) -> None:
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


def _lateness(file: Path, began: float, ended: float) -> list[float]:
    """Tell how much later than it should each poll of the window came; a poll ends its rest."""
    late = []
    for line in file.read_text().splitlines():
        moments = [float(word) for word in line.split()]
        late += [
            max(0.0, after - before - STATUS)
            for before, after in itertools.pairwise(moments)
            if began <= before and after <= ended
        ]
        # A poll that did not come at all is late by all that was waited for it.
        late.append(max(0.0, ended - max(moments, default=began) - STATUS))
    return late


def _nanoseconds(process: int) -> int:
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)


def _packets() -> Table:
    theirs, ours = asyncio.run(_polls())
    rows = (
        limit_row("packets until all is known", len(theirs[0]), len(ours[0]), len(theirs[0])),
        limit_row("values in a full poll", _values(theirs), _values(ours), None),
        limit_row("packets of a full poll", _usual(theirs), _usual(ours), _usual(theirs) / 10),
    )
    header = ("A UPS of 60 values (RFC 1628)", DRIVER, "ours", "to reach", "reached")
    note = "Requests that the same agent received in the same run."
    return Table("Packets", header, rows, note)


async def _polls() -> tuple[Polls, Polls]:
    with running() as programs:
        async with SnmpSimulator(objects()) as theirs, SnmpSimulator(objects()) as ours:
            _start_real(programs, theirs.port)
            broker, _ = nutbus.start_mosquitto(programs)
            device: dict[str, object] = {
                "driver": "snmp",
                "port": f"127.0.0.1:{ours.port}",
                "snmp_version": "v2c",
                "mibs": "ietf",
                "pollfreq": 1,
            }
            tables: dict[str, dict[str, object]] = {
                "bus": {"broker": broker},
                "driver": {"id": "one", "poll_interval": 2.0},
                "devices.ups": device,
            }
            nutbus.start_service(programs, "driver", tables)
            async with asyncio.TaskGroup() as tasks:
                theirs_polls = tasks.create_task(_recorded(theirs))
                ours_polls = tasks.create_task(_recorded(ours))
    found = theirs_polls.result(), ours_polls.result()
    for name, polls in zip((DRIVER, "ours"), found, strict=True):
        say(f"{name}: packets of the start and of polls: {[len(poll) for poll in polls]}")
    return found


def _reaction() -> Table:
    delays = asyncio.run(_delays())
    rows = (
        limit_row("half of them, ms", None, percentile(delays, 50), None),
        limit_row("99 %, ms", None, percentile(delays, 99), LIMIT_REACTION),
    )
    header = ("From a trap to the state on the bus", DRIVER, "ours", "to reach", "reached")
    note = f"{FAILURES} changes of a UPS that is polled every {SLEEPY:g} s. snmp-ups has no traps."
    return Table("Traps", header, rows, note)


async def _delays() -> list[float]:
    """Let the power fail and come back; return how many milliseconds each was on its way."""
    with running() as programs:
        async with SnmpSimulator(objects()) as agent:
            broker, _ = nutbus.start_mosquitto(programs)
            traps = ("127.0.0.1", free_udp_port())
            device: dict[str, object] = {
                "driver": "snmp",
                "port": f"127.0.0.1:{agent.port}",
                "mibs": "ietf",
            }
            tables: dict[str, dict[str, object]] = {
                "bus": {"broker": broker},
                "driver": {
                    "id": "one",
                    "poll_interval": SLEEPY,
                    "snmp_traps": f"{traps[0]}:{traps[1]}",
                },
                "devices.ups": device,
            }
            async with connect(BusSettings(broker=broker)) as bus:
                await bus.subscribe(bus.topics.every_device(DeviceTopic.STATE))
                nutbus.start_service(programs, "driver", tables)
                states = _statuses(bus)
                async with asyncio.timeout(START_TIMEOUT):
                    await _until(states, "OL")
                    return [await _delay(agent, traps, states, turn) for turn in range(FAILURES)]


async def _delay(
    agent: SnmpSimulator, traps: tuple[str, int], states: AsyncGenerator[str], turn: int
) -> float:
    await asyncio.sleep(STORM_PAUSE)  # longer than a storm is waited out
    source, word = ((BATTERY, "OB"), (NORMAL, "OL"))[turn % 2]
    agent.objects.put(SOURCE, source)
    began = time.perf_counter()
    agent.notify(traps)
    await _until(states, word)
    return (time.perf_counter() - began) * 1e3


async def _statuses(bus: Bus) -> AsyncGenerator[str]:
    async for message in bus.listen():
        yield read(DeviceState, message).vars.get("ups.status", "")


async def _until(states: AsyncGenerator[str], word: str) -> None:
    async for status in states:
        if word in status.split():
            return


def _start_real(programs: Programs, port: int) -> None:
    settings = (
        f"pollinterval = 2\n[ups]\ndriver = {DRIVER}\nport = 127.0.0.1:{port}\n"
        "mibs = ietf\nsnmp_version = v2c\ncommunity = public\npollfreq = 1\n"
    )
    (programs.folder / "ups.conf").write_text(settings)
    places = ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH")
    environment = dict.fromkeys(places, str(programs.folder))
    user = pwd.getpwuid(os.getuid()).pw_name
    command = (find_nut_program(DRIVER), "-F", "-a", "ups", "-u", user)
    programs.start(DRIVER, *command, environment=environment)


async def _recorded(agent: SnmpSimulator) -> Polls:
    """Gather the requests of the start and of some polls."""
    polls: Polls = []
    async with asyncio.timeout(START_TIMEOUT):
        while len(polls) <= POLLS:
            while not agent.asked:
                await asyncio.sleep(0.01)
            count = 0
            while len(agent.asked) > count:
                count = len(agent.asked)
                await asyncio.sleep(QUIET)
            polls.append(agent.asked.copy())
            agent.asked.clear()
    return polls


def _values(polls: Polls) -> float:
    return percentile([sum(len(pdu.bindings) for pdu in poll) for poll in polls[1:]], 50)


def _usual(polls: Polls) -> float:
    return percentile([len(poll) for poll in polls[1:]], 50)

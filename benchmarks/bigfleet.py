"""Thousands of simulated devices in four driver services: what is late, and what each one costs."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

from benchmarks import nutbus
from benchmarks.fleetwatcher import Asked, Heard, Watch
from benchmarks.generator import processor_seconds
from benchmarks.programs import Programs, give_real_time, resident_kilobytes, running
from benchmarks.progress import say
from benchmarks.report import MISSING, Table, figure, limit_row
from benchmarks.served import names
from shared.bus import connect
from shared.messages import Availability, availability_of
from shared.settings import BusSettings
from shared.topics import DeviceTopic, OfDevice, Topics
from tests.ports import free_port

COUNTS = (100, 500, 1000, 2500, 5000)
BEYOND = (10_000,)  # more than the machine has to manage
DRIVERS = 4
INTERVAL = 5.0  # seconds: heartbeat and poll of each device
START_TIMEOUT = 120.0
SETTLED = 15.0  # seconds after the last device came online until counting begins
WATCHED = 60.0
LIMIT_MS = 5.0
SHOWN = 5  # refusals
GATEWAY_FIRST = ", the gateway in real-time turns"
PARTS = ("drivers", "broker", "gateway", "web")


@dataclass(frozen=True, slots=True)
class Use:
    """What a part of the set used: memory in KB, and the share of one core."""

    kilobytes: float
    cores: float


class Run(NamedTuple):
    """One run with so many devices."""

    size: int
    start: float
    heard: Heard
    asked: Asked
    uses: Mapping[str, Use]


def big_fleet(
    counts: tuple[int, ...] = COUNTS, beyond: tuple[int, ...] = BEYOND
) -> Iterator[Table]:
    """Measure fleets of these sizes, one after the other; the last of `counts` is the promise."""
    runs = [_run(count) for count in (*counts, *beyond)]
    yield _promised(runs[len(counts) - 1], "")
    yield _promised(_run(counts[-1], gateway_first=True), GATEWAY_FIRST)
    yield _growth(runs)
    yield _shares(runs)


def _promised(run: Run, how: str) -> Table:
    rows = (
        ("devices with a missed heartbeat", run.heard.missed, 0.0),
        ("replies without data", len(run.asked.refusals), 0.0),
        ("GET VAR, p99, ms", run.asked.get_p99, LIMIT_MS),
        ("LIST VAR, p99, ms", run.asked.list_p99, LIMIT_MS),
    )
    told = tuple((*row[:1], *row[2:]) for row in (limit_row(what, None, *of) for what, *of in rows))
    title = f"{run.size} devices, read and told every {INTERVAL:g} s{how}"
    note = (
        f"{DRIVERS} driver services, Mosquitto, one gateway and one web service with its history, "
        f"watched for {WATCHED:g} s by two programs of the same machine."
    )
    return Table(title, ("the fleet", "measured", "to reach", "reached"), told, note)


def _growth(runs: list[Run]) -> Table:
    header = (
        "devices",
        "start, s",
        "states/s",
        "missed",
        "no data",
        "late p99, s",
        "worst, s",
        "GET p99, ms",
        "LIST p99, ms",
    )
    rows = tuple(
        (
            str(run.size),
            *map(
                figure,
                (
                    run.start,
                    run.heard.states / WATCHED,
                    run.heard.missed,
                    len(run.asked.refusals),
                    run.heard.late_p99,
                    run.heard.late_worst,
                    run.asked.get_p99,
                    run.asked.list_p99,
                ),
            ),
        )
        for run in runs
    )
    return Table("How a fleet grows", header, rows)


def _shares(runs: list[Run]) -> Table:
    header = (
        "devices",
        *(f"{part}: MB" for part in PARTS),
        *(f"{part}: cores" for part in PARTS),
        *(f"{part}: KB each" for part in PARTS),
        *(f"{part}: ms/s each" for part in PARTS),
    )
    rows = []
    for run in runs:
        first, uses = runs[0], [run.uses[part] for part in PARTS]
        more = run.size - first.size
        grown = [run.uses[part].kilobytes - first.uses[part].kilobytes for part in PARTS]
        rows.append(
            (
                str(run.size),
                *(figure(use.kilobytes / 1024) for use in uses),
                *(f"{use.cores:.2f}" for use in uses),
                *(figure(each / more) if more else MISSING for each in grown),
                *(f"{use.cores * 1000 / run.size:.3f}" for use in uses),
            )
        )
    note = (
        f"KB each: what was added since {runs[0].size} devices, for each device more. "
        f"The driver services are {DRIVERS} processes, added up."
    )
    return Table("What a fleet costs, in all and for each device", header, tuple(rows), note)


def _run(count: int, *, gateway_first: bool = False) -> Run:
    with running() as programs:
        broker, broker_process = nutbus.start_mosquitto(programs)
        devices = names(count)
        processes: dict[str, list[int]] = {"broker": [broker_process]}
        port = free_port()
        began = time.perf_counter()
        processes["gateway"] = [
            nutbus.start_service(
                programs, "gateway", {"bus": {"broker": broker}, **nutbus.gateway_tables(port)}
            )
        ]
        processes["web"] = [_start_web(programs, broker)]
        processes["drivers"] = _start_drivers(programs, broker, devices)
        _await_online(programs, broker, devices)
        start = time.perf_counter() - began
        say(f"{count} devices: online after {start:.1f} s")
        if gateway_first:
            give_real_time(*processes["gateway"])
        time.sleep(SETTLED)
        watch = Watch(broker, port, devices, INTERVAL, WATCHED)
        try:
            return _watched(watch, start, processes)
        except (KeyError, OSError):
            raise programs.failure("a part of the set has ended") from None


def _watched(watch: Watch, start: float, processes: Mapping[str, list[int]]) -> Run:
    before = {part: sum(map(processor_seconds, those)) for part, those in processes.items()}
    began = time.perf_counter()
    heard, asked = _said_by_watchers(watch)
    lasted = time.perf_counter() - began
    uses = {
        part: Use(
            sum(map(resident_kilobytes, those)),
            (sum(map(processor_seconds, those)) - before[part]) / lasted,
        )
        for part, those in processes.items()
    }
    for refusal in asked.refusals[:SHOWN]:
        say(refusal)
    say(
        f"{len(watch.devices)} devices: {heard.missed} missed, GET {asked.get_p99:.1f} ms, "
        f"cores {', '.join(f'{part} {use.cores:.2f}' for part, use in uses.items())}"
    )
    return Run(len(watch.devices), start, heard, asked, uses)


def _said_by_watchers(watch: Watch) -> tuple[Heard, Asked]:
    """Run who listens on the bus and who asks the gateway, side by side."""
    text = json.dumps(asdict(watch))
    watchers = []
    for role in ("hear", "ask"):
        watcher = subprocess.Popen(
            (sys.executable, "-m", "benchmarks.fleetwatcher", role),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert watcher.stdin is not None
        watcher.stdin.write(text)
        watcher.stdin.close()
        watchers.append(watcher)
    said = []
    try:
        for watcher in watchers:
            assert watcher.stdout is not None
            said.append(watcher.stdout.read())
            if watcher.wait(START_TIMEOUT):
                raise RuntimeError("a program that watches the fleet failed")
    finally:
        for watcher in watchers:
            watcher.kill()
            watcher.wait()
    return Heard(**json.loads(said[0])), Asked(**json.loads(said[1]))


def _start_web(programs: Programs, broker: str) -> int:
    tables: nutbus.Tables = {
        "bus": {"broker": broker},
        "web": {"id": "benchmark", "listen": [f"127.0.0.1:{free_port()}"]},
        "web.history": {"file": str(programs.folder / "history.sqlite")},
    }
    return nutbus.start_service(programs, "web", tables)


def _start_drivers(programs: Programs, broker: str, devices: list[str]) -> list[int]:
    return [_start_driver(programs, broker, f"d{n}", devices[n::DRIVERS]) for n in range(DRIVERS)]


def _start_driver(programs: Programs, broker: str, id: str, devices: list[str]) -> int:
    tables: nutbus.Tables = {
        "bus": {"broker": broker},
        "driver": {"id": id, "heartbeat": INTERVAL, "poll_interval": INTERVAL},
        **{
            f"devices.{device}": {"driver": "simulated", "serial": device.upper()}
            for device in devices
        },
    }
    return nutbus.start_service(programs, "driver", tables, name=f"driver-{id}")


def _await_online(programs: Programs, broker: str, devices: list[str]) -> None:
    awaited = set(devices)
    try:
        asyncio.run(_until_online(broker, awaited))
    except TimeoutError:
        raise programs.failure(f"{len(awaited)} devices do not come online") from None


async def _until_online(broker: str, awaited: set[str]) -> None:
    topics = Topics()
    async with asyncio.timeout(START_TIMEOUT), connect(BusSettings(broker=broker)) as bus:
        await bus.subscribe(topics.every_device(DeviceTopic.AVAILABILITY))
        async for message in bus.listen():
            about = topics.parse(message.topic)
            is_online = availability_of(message.payload) is Availability.ONLINE
            if isinstance(about, OfDevice) and is_online:
                awaited.discard(about.device)
            if not awaited:
                return

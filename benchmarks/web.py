"""The web service with a thousand devices and fifty open pages: processor, pages, live updates."""

import asyncio
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks import nutbus
from benchmarks.busychanges import INTERVAL
from benchmarks.programs import Programs, resident_kilobytes, running
from benchmarks.progress import say
from benchmarks.report import Table, limit_row, percentile
from benchmarks.served import names
from shared.bus import Bus, connect
from shared.messages import Availability, DeviceMeta, DeviceState, device_availability
from shared.presence import Identity
from shared.settings import BusSettings
from shared.topics import ServiceKind
from tests.ports import free_port

MANY = 1000
STREAMS = 25  # on the fleet, and as many on devices
SECONDS = 30.0
PROBE = "probe"
PROBES = 100
PAGES = ("", "device/{device}", "events", "topology", "timers", "services", "?q=7")
MOST_CORES, MOST_PAGE, MOST_EVENT = 1.0, 200.0, 300.0
TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """Cores of the web service, milliseconds of pages and live updates, megabytes."""

    cores: float
    pages: tuple[float, ...]
    events: tuple[float, ...]
    megabytes: float


def web() -> Iterator[Table]:
    """Measure the pages with the history and without."""
    rows = []
    for history in (True, False):
        load = _load(history)
        how = "with the history" if history else "without a history"
        rows += [
            limit_row(f"{how}: cores", None, load.cores, MOST_CORES),
            limit_row(f"{how}: a page, p50 ms", None, percentile(load.pages, 50), None),
            limit_row(f"{how}: a page, p99 ms", None, percentile(load.pages, 99), MOST_PAGE),
            limit_row(f"{how}: bus to browser, p50 ms", None, percentile(load.events, 50), None),
            limit_row(
                f"{how}: bus to browser, p99 ms", None, percentile(load.events, 99), MOST_EVENT
            ),
            limit_row(f"{how}: memory, MB", None, load.megabytes, None),
        ]
    header = (f"{MANY} devices, {2 * STREAMS} pages open", "", "web service", "at most", "reached")
    note = (
        f"Each device says six changed values every {INTERVAL:.0f} s; half of the open pages are "
        f"the fleet, half are devices. Over {SECONDS:.0f} s; the time of an update is from its "
        "publication to its event on the stream."
    )
    yield Table("The pages under load", header, tuple(rows), note)


def _load(history: bool) -> Load:
    with running() as programs:
        broker, _ = nutbus.start_mosquitto(programs)
        programs.start("devices", sys.executable, "-m", "benchmarks.busychanges", broker, str(MANY))
        address = f"127.0.0.1:{free_port()}"
        process = _start_web(programs, broker, address, history)
        load = asyncio.run(_measured(broker, address, process))
    say(f"history {history}: {load.cores:.2f} cores, {load.megabytes:.0f} MB")
    return load


def _start_web(programs: Programs, broker: str, address: str, history: bool) -> int:
    file = programs.folder / "history.sqlite"
    tables: nutbus.Tables = {
        "bus": {"broker": broker},
        "audit": {"file": ""},
        "web": {"id": "benchmark", "listen": [address]},
        "web.history": {"enabled": history, "file": str(file)},
    }
    process = nutbus.start_service(programs, "web", tables)
    programs.until(lambda: _online(address) == MANY, "the web service does not show its devices")
    return process


def _online(address: str) -> int:
    try:
        with httpx.Client(trust_env=False, timeout=TIMEOUT) as client:
            return int(client.get(f"http://{address}/healthz").json().get("online", 0))
    except (httpx.TransportError, ValueError):
        return 0


async def _measured(broker: str, address: str, process: int) -> Load:
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        readers = [tasks.create_task(_read(address, "page=fleet")) for _ in range(STREAMS)]
        for name in names(MANY)[:: MANY // STREAMS]:
            readers.append(tasks.create_task(_read(address, f"page=device&name={name}")))
        await asyncio.sleep(INTERVAL)
        probing = tasks.create_task(_probed(broker, address, ready))
        await ready.wait()
        before, began = _ticks(process), time.perf_counter()
        pages = await _asked(address)
        used = (_ticks(process) - before) / os.sysconf("SC_CLK_TCK")
        cores = used / (time.perf_counter() - began)
        events = await probing
        megabytes = resident_kilobytes(process) / 1024
        for reader in readers:
            reader.cancel()
    return Load(cores, tuple(pages), tuple(events), megabytes)


async def _read(address: str, query: str) -> None:
    """Keep a page open, and throw away what it gets."""
    reader, writer = await _stream(address, query)
    try:
        while await reader.read(1 << 20):
            pass
    finally:
        writer.close()


async def _stream(address: str, query: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 24)
    writer.write(f"GET /live?{query} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
    return reader, writer


async def _asked(address: str) -> list[float]:
    """Ask for pages, two a second, and return the milliseconds of each."""
    took: list[float] = []
    async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT) as client:
        due = time.perf_counter()
        devices = itertools.cycle(names(MANY))
        end = due + SECONDS
        for page in itertools.cycle(PAGES):
            if due > end:
                return took
            await asyncio.sleep(due - time.perf_counter())
            began = time.perf_counter()
            answer = await client.get(f"http://{address}/{page.format(device=next(devices))}")
            answer.raise_for_status()
            took.append((time.perf_counter() - began) * 1000)
            due = max(due + 0.1, time.perf_counter())
    return took


async def _probed(broker: str, address: str, ready: asyncio.Event) -> list[float]:
    """Say something of a device of our own now and then, and wait for it on its page."""
    took: list[float] = []
    identity = Identity(ServiceKind.DRIVER, PROBE)
    async with connect(BusSettings(broker=broker), identity) as bus:
        meta = DeviceMeta(driver=PROBE, service=PROBE, heartbeat=3600.0)
        await bus.publish(meta.publication(bus.topics, PROBE))
        await bus.online()
        await _say(bus, 0)
        await bus.publish(device_availability(bus.topics, PROBE, Availability.ONLINE))
        await asyncio.sleep(1.0)
        reader, writer = await _stream(address, f"page=device&name={PROBE}")
        try:
            await _until(reader, "<b>0</b>")
            ready.set()
            for number in range(1, PROBES + 1):
                await asyncio.sleep(SECONDS / PROBES * (0.6 + 0.37 * (number % 3) / 2))
                began = time.perf_counter()
                await _say(bus, number)
                await _until(reader, f"<b>{number}</b>")
                took.append((time.perf_counter() - began) * 1000)
        finally:
            writer.close()
    return took


async def _say(bus: Bus, number: int) -> None:
    said = {"ups.status": "OL", "ups.load": str(number)}
    state = DeviceState(seq=number, at=time.time(), vars=said)
    await bus.publish(state.publication(bus.topics, PROBE, urgent=False))


async def _until(reader: asyncio.StreamReader, text: str) -> None:
    quoted = json.dumps(text)[1:-1].encode()
    async with asyncio.timeout(TIMEOUT):
        while quoted not in await reader.readline():
            pass


def _ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])

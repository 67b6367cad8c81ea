"""What a scrape of a thousand devices costs, and how long it keeps other requests waiting."""

import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from benchmarks import nutbus
from benchmarks.programs import Programs, resident_kilobytes, running
from benchmarks.progress import say
from benchmarks.report import Table, figure
from benchmarks.served import names
from tests.ports import free_port

MANY = 1000
SCRAPES = 10
PAUSE = 1.1  # seconds; a rendering serves all who ask within one second
SCRAPE_TIMEOUT = 30.0
SCRAPER = {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "identity"}
PATHS = ("/metrics", "/ups_metrics")
ASIDE = "/healthz"
ASIDE_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Cost:
    """The milliseconds of a scrape, its samples and bytes, and how long others waited at most."""

    milliseconds: float
    samples: int
    size: int
    waited: float


def metrics() -> Iterator[Table]:
    """Measure scrapes of the web service with a thousand devices on its bus."""
    with running() as programs:
        address, process = _start(programs)
        costs = {path: _cost(address, path) for path in PATHS}
        megabytes = resident_kilobytes(process) / 1024
    rows = tuple(
        (
            path,
            figure(cost.milliseconds),
            figure(cost.samples),
            figure(cost.size / 1e6),
            figure(cost.waited),
        )
        for path, cost in costs.items()
    )
    header = ("1 000 devices", "ms a scrape", "samples", "MB", "others wait at most, ms")
    note = (
        f"Without a history. Medians of {SCRAPES} scrapes; while each was made, {ASIDE} was asked "
        f"every {ASIDE_PAUSE * 1000:.0f} ms. "
        f"The web service took {figure(megabytes)} MB."
    )
    yield Table("Scrapes of Prometheus", header, rows, note)


def _start(programs: Programs) -> tuple[str, int]:
    """Start Mosquitto, a thousand devices and the web service; return when all are shown."""
    url, _ = nutbus.start_mosquitto(programs)
    nutbus.start_bus_devices(programs, url, MANY)
    address = f"127.0.0.1:{free_port()}"
    tables: nutbus.Tables = {
        "bus": {"broker": url},
        "web": {"id": "benchmark", "listen": [address]},
    }
    process = nutbus.start_service(programs, "web", tables)
    last = f'nutbus_device_up{{device="{names(MANY)[-1]}"}} 1.0'
    programs.until(lambda: last in _said(address), "the web service does not show its devices")
    return address, process


def _said(address: str) -> str:
    try:
        with httpx.Client(trust_env=False, timeout=SCRAPE_TIMEOUT) as client:
            return client.get(f"http://{address}/metrics", headers=SCRAPER).text
    except httpx.TransportError:
        return ""


def _cost(address: str, path: str) -> Cost:
    taken: list[float] = []
    waits: list[float] = []
    body = b""
    with httpx.Client(trust_env=False, timeout=SCRAPE_TIMEOUT) as client:
        for _ in range(SCRAPES):
            time.sleep(PAUSE)
            aside = _Aside(f"http://{address}{ASIDE}")
            began = time.perf_counter()
            answer = client.get(f"http://{address}{path}", headers=SCRAPER).raise_for_status()
            taken.append((time.perf_counter() - began) * 1000)
            waits.append(aside.longest())
            body = answer.content
    samples = sum(not line.startswith(b"#") for line in body.splitlines())
    say(f"{path}: {statistics.median(taken):.0f} ms, {samples} samples")
    return Cost(statistics.median(taken), samples, len(body), statistics.median(waits))


class _Aside:
    """Asks for something small over and over until it is told to end."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waits: list[float] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def longest(self) -> float:
        """End, and return the longest wait in milliseconds."""
        self._ended.set()
        self._thread.join()
        return max(self._waits)

    def _ask(self) -> None:
        with httpx.Client(trust_env=False, timeout=SCRAPE_TIMEOUT) as client:
            while not self._waits or not self._ended.wait(ASIDE_PAUSE):
                began = time.perf_counter()
                client.get(self._url).raise_for_status()
                self._waits.append((time.perf_counter() - began) * 1000)

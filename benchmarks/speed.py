"""How many requests both servers answer: the same generator, the same devices, to the byte."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks import nutbus, upsd
from benchmarks.generator import Cores, Load, Rate, measure
from benchmarks.programs import Programs, running
from benchmarks.progress import say
from benchmarks.question import ask
from benchmarks.report import Table, figure, rate_row
from benchmarks.served import names
from benchmarks.server import Server

MANY = 1000


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of load, and how many times as fast as upsd we want to be."""

    name: str
    request: str
    devices: int
    least: float
    clients: int = 1
    in_flight: int = 1
    idle: int = 0


LIST, GET = "LIST VAR {}", "GET VAR {} ups.status"
WORKS = (
    Work("1 client, LIST VAR in turn", LIST, 1, 500),
    Work("50 clients, LIST VAR", LIST, 1, 20, clients=50),
    Work("50 clients, GET VAR, 1 device", GET, 1, 0.5, clients=50),
    Work("50 clients, GET VAR, 1 000 devices", GET, MANY, 2.5, clients=50),
    Work("50 clients, 16 in flight, 1 000 devices", GET, MANY, 5, clients=50, in_flight=16),
    Work("1 000 idle clients, 1 active, GET VAR", GET, 1, 10, idle=1000),
)
START: dict[str, Callable[[Programs, int], Server]] = {
    "upsd": upsd.start_with_played_drivers,
    "nutbus": nutbus.start_with_bus_devices,
}


def speed(seconds: float) -> Iterator[Table]:
    """Measure all works; `seconds` is the length of one window."""
    rates: dict[str, dict[str, Rate]] = {"upsd": {}, "nutbus": {}}
    replies = {}
    for devices in (1, MANY):
        for name, start in START.items():
            say(f"starting {name} with {devices} device{'s' * (devices > 1)}")
            with running() as programs:
                server = start(programs, devices)
                replies[name] = ask(server.port, f"LIST VAR {names(1)[0]}")
                for work in WORKS:
                    if work.devices == devices:
                        rates[name][work.name] = _rate(name, work, server, seconds)
        if replies["upsd"] != replies["nutbus"]:
            raise RuntimeError("the two servers do not serve the same device")
    yield Table(
        "Requests answered in a second",
        ("work", "upsd", "nutbus", "ratio", "to reach", "reached"),
        tuple(
            rate_row(
                work.name,
                rates["upsd"][work.name].per_second,
                rates["nutbus"][work.name].per_second,
                work.least,
            )
            for work in WORKS
        ),
    )
    yield Table(
        "How busy server and load generator were, in cores",
        ("work", "upsd", "generator", "nutbus", "generator"),
        tuple((work.name, *_busy(rates, work)) for work in WORKS),
    )


def _rate(name: str, work: Work, server: Server, seconds: float) -> Rate:
    loads = [
        Load(
            port=server.port,
            server=server.process,
            requests=tuple(work.request.format(device) for device in names(work.devices)),
            clients=work.clients,
            in_flight=work.in_flight,
            idle=work.idle,
            seconds=seconds,
            cores=cores,
        )
        for cores in Cores
    ]
    rounds = [measure(load) for load in loads]
    say(f"{name}: {work.name}: {', '.join(figure(each.per_second) for each in rounds)} in a second")
    return max(rounds, key=lambda each: each.per_second)


def _busy(rates: dict[str, dict[str, Rate]], work: Work) -> Iterator[str]:
    for name in START:
        rate = rates[name][work.name]
        yield from (f"{rate.server:.2f}", f"{rate.generator:.2f}")

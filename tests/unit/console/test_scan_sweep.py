"""Asking many addresses at once, but not too many."""

import asyncio
import ipaddress

import pytest

from services.console.scan.exchange import Target
from services.console.scan.found import Bus, Found
from services.console.scan.ranges import Span
from services.console.scan.scanners import Scanner, Scope
from services.console.scan.sweep import Progress, sweep
from shared.errors import DeviceError

LIMIT = 8
HOSTS = 4 * LIMIT
FIRST = ipaddress.IPv4Address("192.0.2.0")
SPANS = (Span(FIRST, FIRST + HOSTS - 1), Span(FIRST, FIRST))


def device(target: Target) -> Found:
    return Found(Bus.NUT, "nutclient", target.host)


def silent(_: object) -> None:
    """Hear nothing."""


async def test_as_many_are_asked_at_once_as_the_limit_says():
    asked = most = 0
    all_there = asyncio.Event()

    async def probe(target: Target) -> list[Found]:
        nonlocal asked, most
        asked += 1
        most = max(most, asked)
        if asked == LIMIT:
            all_there.set()
        async with asyncio.timeout(30):
            await all_there.wait()
        await asyncio.sleep(0)
        asked -= 1
        return [device(target)]

    found = await sweep([Scanner("X", (), "x", probe)], Scope(SPANS, limit=LIMIT), silent, silent)
    assert most == LIMIT
    assert [each.port for each in found] == [str(FIRST + more) for more in range(HOSTS)]


async def test_what_is_found_comes_in_the_order_of_scanners_and_addresses():
    async def quick(target: Target) -> list[Found]:
        return [Found(Bus.NIS, "quick", f"{target.host} {target.port}")]

    async def slow(target: Target) -> list[Found]:
        for _ in range(256 - int(target.host.rpartition(".")[2])):
            await asyncio.sleep(0)
        return [Found(Bus.NUT, "slow", f"{target.host} {target.port}")]

    scanners = [Scanner("A", (), "a", slow, 1), Scanner("B", (), "b", quick, 2)]
    scope = Scope((Span(FIRST, FIRST + 1),), ports={"B": 22})
    found = await sweep(scanners, scope, silent, silent)
    assert [(each.driver, each.port) for each in found] == [
        ("slow", "192.0.2.0 1"),
        ("slow", "192.0.2.1 1"),
        ("quick", "192.0.2.0 22"),
        ("quick", "192.0.2.1 22"),
    ]


@pytest.mark.parametrize(
    "trouble", [ConnectionRefusedError(), TimeoutError(), EOFError(), DeviceError("nonsense")]
)
async def test_an_address_in_trouble_stops_no_other(trouble: Exception):
    async def probe(target: Target) -> list[Found]:
        if target.host.endswith(".0"):
            raise trouble
        return [device(target)]

    steps: list[tuple[int, int, int]] = []

    def tell(progress: Progress) -> None:
        steps.append((progress.done, progress.total, progress.found))

    scope = Scope((Span(FIRST, FIRST + 1),), limit=1)
    found = await sweep([Scanner("X", (), "x", probe)], scope, tell, pytest.fail)
    assert [each.port for each in found] == ["192.0.2.1"]
    assert steps == [(1, 2, 0), (2, 2, 1)]


async def test_without_a_range_this_host_is_asked_or_the_search_is_made():
    asked: list[str] = []

    async def probe(target: Target) -> list[Found]:
        asked.append(target.host)
        return []

    async def search(seconds: float) -> list[Found]:
        asked.append(f"search {seconds:g}")
        return []

    both = Scanner("X", (), "x", probe, search=search)
    await sweep([Scanner("Y", (), "y", probe)], Scope(limit=1), silent, silent)
    assert asked == ["127.0.0.1", "::1"]
    asked.clear()
    await sweep([both], Scope(timeout=2), silent, silent)
    assert asked == ["search 2"]
    asked.clear()
    await sweep([both], Scope((Span(FIRST, FIRST),)), silent, silent)
    assert asked == ["192.0.2.0"]

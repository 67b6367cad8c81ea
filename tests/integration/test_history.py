"""The history with a real broker, and its file when the process is killed or the disk is full."""

import asyncio
import contextlib
import csv
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from services.web.application import application
from services.web.history import archive, reader
from services.web.history import history as keeping
from services.web.history.energy import Span
from services.web.history.history import History
from services.web.history.outages import How
from services.web.history.schema import UnusableError, open_for_reading
from services.web.history.store import Store
from services.web.history.writer import Writer
from services.web.link import Link
from services.web.settings import WebSettings
from services.web.site import Site
from shared.latest import Latest
from shared.messages import Availability
from shared.presence import Identity
from shared.reconnecting import stay_connected
from shared.settings import BusSettings
from shared.topics import Topics
from tests.integration.schedulers import TIMEOUT, Ups, running

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
KEPT = 3  # variables of the device of the tests over HTTP: charge, load and the power by it


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "history.sqlite"


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """Do in a moment what otherwise is done every few seconds."""
    monkeypatch.setattr(keeping, "WRITE_EVERY", 0.05)
    monkeypatch.setattr(keeping, "RETRY", 0.05)
    monkeypatch.setattr(keeping, "SORT_EVERY", 0.2)


class Clock:
    """The time of day; the test says how late it is, and each look takes a moment."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


@contextlib.asynccontextmanager
async def keeping_history(broker, path, clock, **more):
    """Run a history on a bus of its own connection."""
    section = {"file": str(path), **more}
    tables = {"bus": {"broker": broker.url}, "web": {"id": "tested", "history": section}}
    settings = WebSettings.from_tables(tables, "test")
    link = Link("tested", Topics())
    history = History(link.mirror, Latest(settings), clock)
    bus = BusSettings(broker=broker.url, keepalive=10)
    async with (
        running(stay_connected(bus, Identity("web", "tested"), link.session)),
        running(history.run()),
    ):
        yield history


async def until(ask, what):
    """Ask until the answer is true, also while there is nobody to ask; return it."""
    try:
        async with asyncio.timeout(TIMEOUT):
            while True:
                with contextlib.suppress(UnusableError):
                    if answer := await ask():
                        return answer
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"never {what}") from None


async def values(history, variable="ups.load"):
    found = await history.series("rack1", variable, 1_699_999_000, 1_700_100_000)
    return [[point.mean for point in run] for run in found.runs]


async def said(history, ups, clock, seconds, status="OL", **variables):
    """Have the device say something so much later, and wait until it is kept."""
    clock.now += seconds
    await ups.says(status, **variables)
    load = float(variables["ups_load"])
    await until(lambda: _ends_with(history, load), f"kept a load of {load}")


async def _ends_with(history, load):
    found = await values(history)
    return bool(found) and found[-1][-1] == load


async def _connected(ups):
    return ups.bus is not None


async def test_what_a_device_says_is_kept_with_gaps_where_it_was_away(broker, path, caplog):
    clock = Clock()
    ups = Ups(broker.url, variables={"ups.status": "OL", "ups.load": "10"})
    async with keeping_history(broker, path, clock) as history, running(ups.play()):
        await until(lambda: _connected(ups), "connected")
        clock.now += 5
        await until(lambda: _ends_with(history, 10.0), "kept the first load")
        await said(history, ups, clock, 20, ups_load="20")
        clock.now += 10
        await ups.declare(Availability.STALE)
        await until(lambda: _gap(path), "noted that it is away")
        clock.now += 30
        assert await values(history) == [[10.0, 20.0]]
        await ups.declare(Availability.ONLINE)
        await said(history, ups, clock, 1, ups_load="30")
        clock.now += 5
        found = await values(history)
        assert found[0] == [10.0, 20.0]
        assert found[1][-1] == 30.0
        runs = (await history.series("rack1", "ups.load", 1_699_999_000, clock.now)).runs
        assert runs[1][0].at - runs[0][-1].until >= 30
        assert await history.variables("rack1") == ["ups.load"]
        assert await history.devices() == ["rack1"]
    assert "WARNING" not in {record.levelname for record in caplog.records}
    # Nothing is known from when the service ends until it is there again.
    (last,) = ask(path, "SELECT value FROM recent ORDER BY generation DESC, at DESC LIMIT 1") or (
        None,
    )
    assert last is None


async def _gap(path):
    query = "SELECT count(*) FROM recent WHERE value IS NULL"
    return ask(path, query)[0] or await asyncio.to_thread(_sorted_gap, path)


def _sorted_gap(path):
    connection = open_for_reading(path)
    try:
        id = reader.series_id(connection, "rack1", "ups.load")
        assert id is not None
        found = archive.read_samples(connection, id, 1_699_999_000, 1_700_100_000)
        return None in found.values()
    finally:
        connection.close()


def ask(path, query):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchone()
    finally:
        connection.close()


async def test_an_outage_goes_on_over_a_restart_and_is_kept_with_what_it_took(broker, path):
    clock = Clock()
    ups = Ups(
        broker.url,
        variables={"ups.status": "OL", "ups.load": "40", "battery.charge": "100"},
    )
    async with running(ups.play()):
        async with keeping_history(broker, path, clock) as history:
            await until(lambda: _connected(ups), "connected")
            await until(lambda: values(history), "kept anything")
            clock.now += 5
            reason = {"input_transfer_reason": "<script>alert(1)</script>"}
            await ups.says("OB DISCHRG", battery_charge="90", **reason)
            began = clock.now
            await until(history.outages, "noted the outage")
            clock.now += 20
            await ups.says("OB DISCHRG LB", battery_charge="60")
            await until(lambda: _lowest(history, 60.0), "noted the charge")
        clock.now += 60
        async with keeping_history(broker, path, clock) as history:
            await until(lambda: _lowest(history, 60.0), "opened the file")
            restarted = clock.now
            await until(lambda: _seen_at(history, restarted), "saw it on battery")
            (outage,) = await history.outages()
            assert outage.ended is None
            await ups.says("OL CHRG", battery_charge="61")
            (outage,) = await until(lambda: _ended(history), "ended")
    assert (outage.began, outage.how) == (pytest.approx(began, abs=1), How.LINE)
    assert outage.ended >= restarted
    assert (outage.charge_before, outage.lowest_charge) == (100.0, 60.0)
    assert outage.load == pytest.approx(40.0)
    assert outage.had_low_battery
    assert not outage.had_forced_shutdown
    assert outage.reason == "<script>alert(1)</script>"


async def _lowest(history, charge):
    return [each for each in await history.outages("rack1") if each.lowest_charge == charge]


async def _seen_at(history, now):
    return [each for each in await history.outages() if each.seen >= now]


async def _ended(history):
    return [each for each in await history.outages() if each.ended is not None]


async def test_a_file_that_cannot_be_is_told_once_and_nothing_that_waits_is_lost(
    broker, path, caplog
):
    clock = Clock()
    path.parent.write_text("a file where the folder should be")
    ups = Ups(broker.url, variables={"ups.status": "OL", "ups.load": "10"})
    async with keeping_history(broker, path, clock) as history, running(ups.play()):
        await until(lambda: _connected(ups), "connected")
        async with asyncio.timeout(TIMEOUT):
            while "nothing is kept" not in caplog.text or not history._recorder.waiting(1):
                await asyncio.sleep(0.01)
        with pytest.raises(UnusableError, match="state"):
            await history.devices()
        clock.now += 10
        await asyncio.sleep(0.3)  # some more attempts
        assert len([each for each in caplog.records if each.levelname == "WARNING"]) == 1
        path.parent.unlink()
        await until(lambda: values(history), "kept what waited")
        await until(lambda: _no_trouble(history), "told that all is well")


async def test_a_full_disk_is_told_once_and_lived_with(broker, path, caplog):
    clock = Clock()
    ups = Ups(broker.url, variables={"ups.status": "OL", "ups.load": "10"})
    async with keeping_history(broker, path, clock) as history, running(ups.play()):
        await until(lambda: _connected(ups), "connected")
        clock.now += 1
        await until(lambda: values(history), "kept anything")
        store = history._store
        assert isinstance(store, Store)
        await store.write(_limit)
        await until(lambda: _filled(history, ups, clock), "told that the disk is full")
        assert await values(history)  # what is there can still be seen
        await store.write(_no_limit)
        await until(lambda: _no_trouble(history), "wrote again")
    warnings = [each for each in caplog.records if each.levelname == "WARNING"]
    assert ["full" in each.getMessage() for each in warnings] == [True]


def _limit(writer: Writer) -> None:
    pages = writer._pragma("page_count")
    writer._connection.execute(f"PRAGMA max_page_count = {pages}")


def _no_limit(writer: Writer) -> None:
    writer._connection.execute("PRAGMA max_page_count = 100000")


async def _filled(history, ups, clock):
    clock.now += 1800  # rows of other hours, so no page can be used again
    number = f"{clock.now % 7919:.3f}"
    await ups.says("OL", **{f"outlet.{each}.power": number for each in range(1, 60)})
    return "full" in history.trouble


async def _no_trouble(history):
    return not history.trouble


async def test_power_becomes_energy_and_an_export_has_all_of_it(broker, path):
    clock = Clock()
    ups = Ups(broker.url, variables={"ups.status": "OL", "ups.load": "50"})
    ups.variables["ups.realpower.nominal"] = "1000"
    async with keeping_history(broker, path, clock) as history, running(ups.play()):
        await until(lambda: _connected(ups), "connected")
        begin = clock.now
        await until(lambda: values(history), "kept anything")
        for _ in range(30):
            clock.now += 60
            await _kept_since(history, clock.now)
        (day,) = await history.energy("rack1", Span.DAY, begin, clock.now, UTC)
        assert day.estimated
        assert day.seconds == pytest.approx(1800, abs=90)
        assert day.kilowatt_hours == pytest.approx(0.5 * day.seconds / 3600)
        rows = [row async for row in history.export("rack1", ["ups.load"], begin, clock.now + 1, 0)]
        assert [name for name, _ in rows] == ["ups.load"]
        assert len(rows[0][1]) >= 30


async def _kept_since(history, then):
    await until(lambda: _is_kept(history, then), "kept the next minute")


async def _is_kept(history, then):
    last = history._recorder._known["rack1"].last["ups.load"]
    return last[0] >= then * 1000 and not history._recorder.waiting(1)


LOAD = """
import sys
from pathlib import Path
from services.web.history.recorder import Noted
from services.web.history.writer import Batch, Limits, Writer
writer = Writer(Path(sys.argv[1]))
first, number = int(sys.argv[2]), 0
while True:
    at = first + number
    names = [f"outlet.{each}.power" for each in range(100)]
    writer.append(Batch([Noted("rack1", name, at * 1000, float(at % 7919)) for name in names]))
    print(at, flush=True)
    number += 1
    if number % 7 == 0:
        writer.begin_sorting()
    for _ in range(2):
        writer.sort_some()
    if number % 5 == 0:
        writer.forget_some(Limits({"raw": 7, "minute": 60, "quarter": 900, "hour": 900}), at, 1)
"""


def test_what_was_written_is_there_whenever_the_process_is_killed(path):
    chance = random.Random(1)
    known: list[int] = []
    first = 1_700_000_000
    for _ in range(8):
        known += _killed(path, first, after=chance.randint(3, 60))
        first = known[-1] + 2
        connection = open_for_reading(path)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for variable in ("outlet.0.power", "outlet.57.power", "outlet.99.power"):
            id = reader.series_id(connection, "rack1", variable)
            assert id is not None
            found = archive.read_samples(connection, id, 1_699_999_999, first + 10)
            assert [found[at * 1000] for at in known] == [float(at % 7919) for at in known]
        connection.close()


def _killed(path, first, after):
    """Have a process write, kill it after so many batches; what it said was written."""
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD, str(path), str(first)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout
    said = []
    try:
        for line in process.stdout:
            said.append(int(line))
            if len(said) == after:
                os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert len(said) >= after
    return said


@contextlib.asynccontextmanager
async def browsing(broker, path, ups):
    """Ask the whole site over HTTP, with a history of its own."""
    section = {"file": str(path)}
    tables = {"bus": {"broker": broker.url}, "web": {"id": "tested", "history": section}}
    settings = WebSettings.from_tables(tables, "test")
    site = Site(Link("tested", Topics()), Latest(settings))
    bus = BusSettings(broker=broker.url, keepalive=10)
    transport = httpx.ASGITransport(application(site))
    async with (
        running(stay_connected(bus, Identity("web", "tested"), site.link.session)),
        running(site.history.run()),
        running(ups.play()),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        await until(lambda: _has_outage(client), "had an outage to show")
        await until(lambda: _has_values(client), "had values to show")
        yield client


async def _has_values(client):
    answer = await client.get("/api/v1/history/rack1")
    return answer.status_code == 200 and len(answer.json()["variables"]) == KEPT


async def _has_outage(client):
    answer = await client.get("/api/v1/outages")
    return answer.status_code == 200 and answer.json()["outages"]


async def test_the_past_can_be_had_over_http(broker, path):
    variables = {
        "ups.status": "OB",
        "ups.load": "40",
        "ups.realpower.nominal": "1000",
        "input.transfer.reason": "<b>&",
        "battery.charge": "90",
    }
    ups = Ups(broker.url, variables=variables)
    async with browsing(broker, path, ups) as client:
        here = "/api/v1/history"
        assert (await client.get(here)).json() == {"devices": ["rack1"]}
        kept = (await client.get(f"{here}/rack1")).json()["variables"]
        assert kept == ["battery.charge", "nutbus.power.estimated", "ups.load"]
        found = (await client.get(f"{here}/rack1/series?variable=ups.load")).json()
        assert (found["unit"], found["step"]) == ("%", 180)
        assert found["runs"][0][0][2:] == [40.0, 40.0, 40.0]
        drawn = await client.get(
            f"{here}/rack1/chart.svg?variable=ups.load&variable=battery.charge"
        )
        assert drawn.headers["content-type"] == "image/svg+xml"
        assert ElementTree.fromstring(drawn.text).tag.endswith("svg")
        (energy,) = (await client.get(f"{here}/rack1/energy")).json()["energies"][-1:]
        assert energy["estimated"]
        (outage,) = (await client.get("/api/v1/outages?device=rack1")).json()["outages"]
        assert (outage["reason"], outage["how"]) == ("<b>&", None)
        await _exports(client, f"{here}/rack1/export", kept)
        await _mistakes(client, here)


async def _exports(client, export, kept):
    answer = await client.get(f"{export}.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="rack1.csv"'
    head, *rows = csv.reader(answer.text.splitlines())
    assert head == ["time", "variable", "value"]
    assert {variable: float(value) for _, variable, value in rows if value} == {
        "battery.charge": 90.0,
        "nutbus.power.estimated": 400.0,
        "ups.load": 40.0,
    }
    found = json.loads((await client.get(f"{export}.json?step=60&variable=ups.load")).text)
    assert (found["device"], found["step"]) == ("rack1", 60)
    assert {name for _, name, *_ in found["rows"]} <= {"ups.load"}
    assert json.loads((await client.get(f"{export}.json?variable=none")).text)["rows"] == []


async def _mistakes(client, here):
    for query in (
        "series?begin=5&end=4",
        "series?begin=nan",
        "series?end=1e999",
        "series?points=5",
        "series?points=²",
        "export.csv?step=7",
        "energy?span=week",
        "chart.svg?variable=ups.load&variable=nutbus.power",
    ):
        answer = await client.get(f"{here}/rack1/{query}")
        assert answer.status_code == 400, query
        assert answer.json()["error"]
    assert (await client.get(f"{here}/nobody/series")).json()["runs"] == []
    assert (await client.get(f"{here}/{'../' * 5}etc/series")).status_code == 404


async def test_without_a_file_the_api_says_why(broker, tmp_path):
    settings = WebSettings.from_tables(
        {"web": {"id": "tested", "history": {"enabled": False}}}, "test"
    )
    site = Site(Link("tested", Topics()), Latest(settings))
    await site.history.run()
    transport = httpx.ASGITransport(application(site))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/api/v1/history/rack1/export.csv")
    assert (answer.status_code, answer.json()) == (
        503,
        {"error": "the history is switched off in the settings"},
    )

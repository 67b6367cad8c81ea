"""The scheduler service with a real broker, real receivers, and against Debian's real upssched."""

import asyncio
import contextlib
import email
import email.policy
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from services.scheduler import upssched
from services.scheduler.app import run
from services.scheduler.book import Book, Cause
from services.scheduler.jobs import Program
from services.scheduler.plan import plan
from services.scheduler.settings import SchedulerSettings
from shared.bus import Bus, Identity, connect, stay_connected
from shared.errors import ResultStatus
from shared.latest import Latest
from shared.messages import (
    Availability,
    DeviceMeta,
    DeviceState,
    Request,
    Result,
    ServiceInfo,
    device_availability,
    read,
)
from shared.nutconfig import nut_settings
from shared.settings import BusSettings
from shared.topics import OfDevice
from tests.brokers import find_program, free_port

pytestmark = pytest.mark.integration

TIMEOUT = 30.0
INTERVAL = 0.01
SECRET = "hunter2"


async def until(condition, what="came true"):
    """Wait for a condition, and return its value."""
    try:
        async with asyncio.timeout(TIMEOUT):
            while not (value := condition()):
                await asyncio.sleep(INTERVAL)
            return value
    except TimeoutError:
        raise AssertionError(f"never {what}") from None


@contextlib.asynccontextmanager
async def running(work):
    """Run a coroutine inside the block; what it raises is raised."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@dataclass
class Ups:
    """A device that the test plays; it stays on the bus as a driver does."""

    url: str
    name: str = "rack1"
    variables: dict[str, str] = field(default_factory=lambda: {"ups.status": "OL"})
    requests: list[tuple[str, Request]] = field(default_factory=list)
    answer: ResultStatus = ResultStatus.OK
    bus: Bus | None = None

    @property
    def settings(self) -> BusSettings:
        return BusSettings(broker=self.url, keepalive=2)

    async def play(self):
        await stay_connected(self.settings, Identity("driver", "played"), self.session)

    async def session(self, bus: Bus):
        try:
            await bus.subscribe(*bus.topics.requests())
            meta = DeviceMeta(driver="played", service="played", heartbeat=3600.0)
            await bus.publish(meta.publication(bus.topics, self.name))
            self.bus = bus
            await self.publish()
            await self.declare(Availability.ONLINE)
            info = ServiceInfo(version="0", host="x", started=0.0, devices=[self.name])
            await bus.publish(info.publication(bus.topics, "driver", "played"))
            await bus.online()
            async for message in bus.listen():
                about = bus.topics.parse(message.topic)
                assert isinstance(about, OfDevice)
                await self.take(bus, about, read(Request, message))
        finally:
            self.bus = None

    async def take(self, bus: Bus, about: OfDevice, request: Request):
        self.requests.append((f"{about.part} {about.name}", request))
        result = Result(
            id=request.id, request=str(about.part), name=about.name, status=self.answer, at=0.0
        )
        await bus.publish(result.publication(bus.topics, self.name))

    async def says(self, status: str, **variables: str):
        self.variables |= {"ups.status": status}
        self.variables |= {name.replace("_", "."): value for name, value in variables.items()}
        if self.bus:
            await self.publish()

    async def publish(self):
        assert self.bus is not None
        state = DeviceState(seq=0, at=time.time(), vars=self.variables)
        await self.bus.publish(state.publication(self.bus.topics, self.name, urgent=True))

    async def declare(self, availability: Availability):
        assert self.bus is not None
        await self.bus.publish(device_availability(self.bus.topics, self.name, availability))


@pytest.fixture
async def ups(broker) -> AsyncGenerator[Ups]:
    ups = Ups(broker.url)
    async with running(ups.play()):
        await until(lambda: ups.bus)
        yield ups


@pytest.fixture
def tables(broker, tmp_path):
    """Settings as a file would say them."""

    def write(**section: Any) -> dict[str, Any]:
        section = {
            "id": "tested",
            "database": str(tmp_path / "state" / "scheduler.sqlite3"),
            "retry_delay": 0.05,
            "max_retry_delay": 0.2,
            **section,
        }
        return {"bus": {"broker": broker.url, "keepalive": 2}, "scheduler": section}

    return write


@contextlib.asynccontextmanager
async def scheduling(tables):
    """Run the scheduler until the block ends; its settings may be set to others."""
    latest = Latest(SchedulerSettings.from_tables(tables, "test"))
    bus = BusSettings.model_validate(tables["bus"])
    async with running(run(latest)):
        async with connect(bus) as watcher:
            await is_online(watcher)
        yield latest


async def is_online(bus: Bus):
    topic = "nut/service/scheduler/tested/availability"
    async with asyncio.timeout(TIMEOUT):
        async for message in bus.listen(topic):
            if message.payload == b"online":
                return


class Webhook:
    """An HTTP server that takes messages in JSON; a port is kept for as long as it is down."""

    def __init__(self) -> None:
        self.port = free_port()
        self.messages: list[dict[str, Any]] = []
        self.status = "200 OK"
        self.refused = ""

    @property
    def url(self) -> str:
        return f"json://user:{SECRET}@127.0.0.1:{self.port}/{SECRET}/"

    @property
    def bodies(self) -> list[str]:
        return [message["message"] for message in self.messages]

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncGenerator[None]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()
            await server.wait_closed()

    async def serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split()[0])
        body = json.loads(await reader.readexactly(length))
        status = "400 No" if body["message"] == self.refused else self.status
        if status.startswith("2"):
            self.messages.append(body)
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
def webhook():
    return Webhook()


class Inbox:
    """What an SMTP server took."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 -- aiosmtpd's name
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


ONBATT = {"when": "ONBATT", "do": [{"notify": "{text} ({battery.charge} %)", "title": "{type}"}]}


async def test_events_reach_a_mail_server_and_a_webhook(tables, ups, webhook):
    inbox, port = Inbox(), free_port()
    mail = f"mailto://127.0.0.1:{port}?from=ups@example.org&to=ops@example.org&mode=insecure"
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        receivers = {"mail": {"urls": mail}, "hook": {"urls": webhook.url}}
        async with webhook.up(), scheduling(tables(receivers=receivers, rules=[ONBATT])):
            await ups.says("OB", battery_charge="80")
            await until(lambda: inbox.mails and webhook.messages, "told")
    finally:
        controller.stop()
    [mail], [message] = inbox.mails, webhook.messages
    text = "UPS rack1 on battery (80 %)"
    assert (mail["Subject"], mail["To"]) == ("ONBATT", "ops@example.org")
    assert mail.get_body(("plain",)).get_content().strip() == text
    assert (message["title"], message["message"]) == ("ONBATT", text)


async def test_messages_wait_for_the_network_and_come_in_order(tables, ups, webhook, caplog):
    rules = [{"when": ["ONBATT", "LOWBATT", "ONLINE"], "do": [{"notify": "{type}"}]}]
    with caplog.at_level(logging.DEBUG):
        receivers = {"hook": {"urls": webhook.url}}
        async with scheduling(tables(receivers=receivers, rules=rules)):
            for status in ("OB", "OB LB", "OL"):
                await ups.says(status)
            await until(lambda: "could not notify hook (json)" in caplog.text)
            webhook.status = "500 No"
            async with webhook.up():
                await until(lambda: caplog.text.count("could not notify") > 3)
                webhook.status = "200 OK"
                await until(lambda: len(webhook.messages) == 3, "told")
                await until(lambda: "notified hook (json): rack1: ONLINE" in caplog.text)
    assert webhook.bodies == ["ONBATT", "LOWBATT", "ONLINE"]
    assert SECRET not in caplog.text


async def test_a_message_that_nobody_takes_does_not_hold_the_others_up(tables, ups, webhook):
    rules = [{"when": ["ONBATT", "LOWBATT", "ONLINE"], "do": [{"notify": "{type}"}]}]
    section = tables(receivers={"hook": {"urls": webhook.url}}, rules=rules)
    webhook.refused = "ONBATT"
    async with webhook.up(), scheduling(section):
        for status in ("OB", "OB LB", "OL"):
            await ups.says(status)
        await until(lambda: len(webhook.messages) == 2, "told")
        webhook.refused = ""
        await until(lambda: len(webhook.messages) == 3, "told")
    assert webhook.bodies == ["LOWBATT", "ONLINE", "ONBATT"]


async def test_a_storm_gives_one_notification(tables, ups, webhook):
    receivers = {"hook": {"urls": webhook.url}}
    rules = [ONBATT, {"when": "battery.charge == 7", "do": [{"notify": "end"}]}]
    async with webhook.up(), scheduling(tables(receivers=receivers, rules=rules)):
        for _ in range(25):
            await ups.says("OB")
            await ups.says("OL")
        await ups.says("OL", battery_charge="7")
        await until(lambda: "end" in webhook.bodies, "told")
    assert len(webhook.messages) == 2


async def test_commands_and_settings_go_out_and_their_results_are_logged(tables, ups, caplog):
    do = [{"command": "beeper.mute"}, {"set": "ups.delay.shutdown", "value": 20}]
    with caplog.at_level(logging.INFO):
        async with scheduling(tables(rules=[{"when": "ONBATT", "do": do}])):
            await ups.says("OB")
            await until(lambda: "set ups.delay.shutdown for rack1: ok" in caplog.text)
    (first, mute), (second, delay) = ups.requests
    assert (first, second) == ("command beeper.mute", "set ups.delay.shutdown")
    assert (mute.value, delay.value) == (None, "20")
    assert mute.id != delay.id
    assert {mute.by, delay.by} == {"scheduler@tested"}
    assert mute.expires is not None
    assert time.time() < mute.expires < time.time() + 60


async def test_what_happened_while_the_broker_was_away_is_told_and_nothing_else(
    tables, ups, broker, webhook, caplog
):
    rules = [{"when": ["ONBATT", "COMMBAD", "COMMOK"], "do": [{"notify": "{type}"}]}]
    receivers = {"hook": {"urls": webhook.url}}
    async with webhook.up(), scheduling(tables(receivers=receivers, rules=rules)) as latest:
        changed = tables(receivers=receivers, rules=[*rules, {**ONBATT, "when": "LOWBATT"}])
        latest.set(SchedulerSettings.from_tables(changed, "test"))
        await broker.kill()
        await until(lambda: ups.bus is None)
        await ups.says("OB")
        await broker.start()
        await until(lambda: "ONBATT" in webhook.bodies, "told")
        await ups.says("OB LB")
        await until(lambda: len(webhook.messages) > 1, "told")
    assert webhook.bodies == ["ONBATT", "UPS rack1 battery is low (n/a %)"]


async def test_a_device_that_falls_silent_is_told(tables, ups, webhook, monkeypatch):
    monkeypatch.setattr("services.scheduler.link.SETTLE_TIME", 0.2)
    rules = [{"when": ["COMMBAD", "COMMOK", "NOCOMM"], "do": [{"notify": "{type}"}]}]
    section = tables(receivers={"hook": {"urls": webhook.url}}, rules=rules, no_comm_warn_time=0.1)
    async with webhook.up(), scheduling(section):
        await ups.says("OL")
        await ups.declare(Availability.STALE)
        await until(lambda: "NOCOMM" in webhook.bodies, "told")
        await ups.declare(Availability.ONLINE)
        await until(lambda: "COMMOK" in webhook.bodies, "told")
    assert webhook.bodies[0] == "COMMBAD"


async def test_a_report_is_written_at_its_time(tables, ups, webhook, monkeypatch):
    calendar = [{"cron": "* * * * * *", "do": [{"report": "the week"}]}]
    section = tables(receivers={"hook": {"urls": webhook.url}}, calendar=calendar)
    async with webhook.up(), scheduling(section):
        await ups.says("OB", battery_charge="55")
        await ups.says("OL")
        await until(lambda: any("down to 55 %" in body for body in webhook.bodies), "reported")
    assert webhook.messages[-1]["title"] == "the week"
    assert "rack1: charge 55 %" in webhook.bodies[-1]


class Process:
    """The scheduler as a process of its own, to be killed."""

    def __init__(self, folder: Path, broker: str, section: str) -> None:
        self.config = folder / "nutbus.toml"
        self.log = folder / "log"
        self.config.write_text(f'[bus]\nbroker = "{broker}"\n[scheduler]\nid = "tested"\n{section}')

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncGenerator[asyncio.subprocess.Process]:
        words = ("-m", "services.scheduler", "--config", str(self.config), "--log-level", "DEBUG")
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *words, stdout=log, stderr=log, cwd=Path(__file__).parents[2]
            )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def logged(self) -> str:
        return self.log.read_text()


async def test_timers_and_messages_survive_kill_9_and_come_once(tmp_path, ups, broker, webhook):
    script, out = tmp_path / "script", tmp_path / "out"
    script.write_text(f'#!/bin/sh\necho "$1 $UPSNAME $NOTIFYTYPE" >> {out}\n')
    script.chmod(0o755)
    out.touch()

    def lines():
        return out.read_text().splitlines()

    section = f"""
database = "{tmp_path}/state/x.sqlite3"
retry_delay = 0.1
max_retry_delay = 0.2
[scheduler.receivers.hook]
urls = "{webhook.url}"
[[scheduler.rules]]
when = "ONBATT"
do = {{ notify = "now" }}
[[scheduler.rules]]
when = "ups.status has OB"
for = 3
do = {{ notify = "held" }}
[scheduler.upssched]
script = ["{script}"]
at = [
    {{ type = "ONBATT", verb = "START-TIMER", name = "out", seconds = 3 }},
    {{ type = "ONBATT", verb = "EXECUTE", name = "began" }},
    {{ type = "LOWBATT", verb = "EXECUTE", name = "low" }},
    {{ type = "ONLINE", verb = "EXECUTE", name = "end" }},
]
"""
    scheduler = Process(tmp_path, broker.url, section)
    async with scheduler.up() as process:
        await until(lambda: "connected to the broker" in scheduler.logged())
        await ups.says("OB")
        await until(lambda: "began rack1 ONBATT" in lines())
        process.kill()
    async with scheduler.up() as process:
        await until(lambda: "out rack1 ONBATT" in lines(), "fired")
        process.kill()
    async with webhook.up(), scheduler.up() as process:
        await until(lambda: len(webhook.messages) == 2, "told")
        await ups.says("OB LB")
        await until(lambda: "low rack1 LOWBATT" in lines())
        await until(lambda: scheduler.logged().count("notified hook") == 2)
        process.kill()
    async with webhook.up(), scheduler.up() as process:
        await ups.says("OL")
        await until(lambda: "end rack1 ONLINE" in lines())
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    assert lines() == [
        "began rack1 ONBATT",
        "out rack1 ONBATT",
        "low rack1 LOWBATT",
        "end rack1 ONLINE",
    ]
    assert webhook.bodies == ["now", "held"]
    assert SECRET not in scheduler.logged()


async def test_bad_settings_end_the_process_with_one_line(tmp_path):
    section = '[[scheduler.calendar]]\ncron = "0 0 31 2 *"\ndo = { run = "/bin/true" }\n'
    scheduler = Process(tmp_path, "mqtt://127.0.0.1", section)
    async with scheduler.up() as process:
        assert await process.wait() == 1
    [line] = scheduler.logged().splitlines()
    assert "nutbus.toml: scheduler.calendar.0.cron: '0 0 31 2 *' is no cron line" in line


# What Debian's upssched and ours do with the same file and the same events: the seconds at which
# an event comes, its type and UPS. Timers differ by two seconds or more, as upssched looks at them
# once a second.
LOCAL = "a@localhost"
SCENARIOS = {
    "a timer": (["AT ONBATT * START-TIMER out 1"], [(0, "ONBATT", LOCAL)]),
    "a timer for another ups": (
        ["AT ONBATT b@localhost START-TIMER out 1"],
        [(0, "ONBATT", LOCAL)],
    ),
    "a cancelled timer": (
        ["AT ONBATT * START-TIMER out 4", "AT ONLINE * CANCEL-TIMER out"],
        [(0, "ONBATT", LOCAL), (1, "ONLINE", LOCAL)],
    ),
    "a timer cancelled by another ups": (
        ["AT ONBATT * START-TIMER out 4", "AT ONLINE * CANCEL-TIMER out"],
        [(0, "ONBATT", LOCAL), (1, "ONLINE", "b@localhost")],
    ),
    "a timer that passed before it was cancelled": (
        ["AT ONBATT * START-TIMER out 1", "AT ONLINE * CANCEL-TIMER out late"],
        [(0, "ONBATT", LOCAL), (4, "ONLINE", LOCAL)],
    ),
    "a cancel with a command, in time": (
        ["AT ONBATT * START-TIMER out 5", "AT ONLINE * CANCEL-TIMER out late"],
        [(0, "ONBATT", LOCAL), (1, "ONLINE", LOCAL)],
    ),
    "a cancel with nothing there": (
        ["AT ONLINE * CANCEL-TIMER out", "AT ONLINE * EXECUTE on"],
        [(0, "ONLINE", LOCAL)],
    ),
    "the same timer twice": (
        ["AT ONBATT * START-TIMER out 2"],
        [(0, "ONBATT", LOCAL), (1, "ONBATT", "b@localhost")],
    ),
    "timers end in the order of their times": (
        ["AT ONBATT * START-TIMER long 5", "AT ONBATT * START-TIMER short 1"],
        [(0, "ONBATT", LOCAL)],
    ),
    "all lines that match, in the order of the file": (
        [
            "AT ONBATT * EXECUTE one",
            f"AT onbatt {LOCAL} EXECUTE two",
            "AT ONBATT b@localhost EXECUTE three",
            "AT ONLINE * EXECUTE four",
            'AT OnBatt * EXECUTE "five"',
        ],
        [(0, "ONBATT", LOCAL)],
    ),
    "commands that are none": (
        ["AT ONBATT * ONBATT x", "AT ONBATT * start-timer x 1", "AT ONBATT * EXECUTE on"],
        [(0, "ONBATT", LOCAL)],
    ),
    "a time that is negative or ends in letters": (
        ["AT ONBATT * START-TIMER never -3", "AT ONBATT * START-TIMER out 1s"],
        [(0, "ONBATT", LOCAL)],
    ),
    "a storm": (
        [
            "AT ONBATT * START-TIMER out 3",
            "AT ONLINE * CANCEL-TIMER out",
            "AT ONLINE * EXECUTE on",
        ],
        [(second / 2, ("ONBATT", "ONLINE")[second % 2], LOCAL) for second in range(7)],
    ),
}
# Where ours does what the manual says, and 2.8.0 does not; what 2.8.0 does first.
DIFFERENT = {
    "cancel takes all timers of the name (NUT: since 2.8.5)": (
        ["AT ONBATT * START-TIMER out 4", "AT ONLINE * CANCEL-TIMER out"],
        [(0, "ONBATT", LOCAL), (0.3, "ONBATT", "b@localhost"), (0.6, "ONLINE", LOCAL)],
        ["out"],
        [],
    ),
    "a command of two words is one argument (NUT: since 2.8.6)": (
        ['AT ONBATT * EXECUTE "two words"'],
        [(0, "ONBATT", LOCAL)],
        ["two|words"],
        ["two words"],
    ),
    "timers are shared (NUT: since 2.8.5)": (
        ["AT ONBATT * START-TIMER-SHARED out 1"],
        [(0, "ONBATT", LOCAL), (0.2, "ONBATT", "b@localhost")],
        [],
        ["out"],
    ),
    "cancel-timer-matched is known (NUT: never)": (
        ["AT ONBATT * START-TIMER out 3", "AT ONLINE * CANCEL-TIMER-MATCHED out"],
        [(0, "ONBATT", LOCAL), (0.5, "ONLINE", LOCAL)],
        ["out"],
        [],
    ),
}
# The environment of what a timer runs is, in 2.8.0, that of the event that started the first one.
COMPARED = "UPSNAME NOTIFYTYPE"


async def of_upssched(folder: Path, lines: list[str], events, seconds: float) -> list[str]:
    """Tell what the real upssched runs: arguments set apart by |, then the environment."""
    script, out = folder / "script", folder / "out"
    script.write_text(f'#!/bin/sh\nIFS="|"; echo "$* $UPSNAME $NOTIFYTYPE" >> {out}\n')
    script.chmod(0o755)
    out.touch()
    head = [f"CMDSCRIPT {script}", f"PIPEFN {folder}/pipe", f"LOCKFN {folder}/lock"]
    (folder / "upssched.conf").write_text("\n".join([*head, *lines, ""]))
    program = find_program("upssched", "nut-client")
    began, groups = time.monotonic(), []
    try:
        for moment, type_, ups in events:
            await asyncio.sleep(began + moment - time.monotonic())
            told = {"NUT_CONFPATH": str(folder), "UPSNAME": ups, "NOTIFYTYPE": type_}
            process = await asyncio.create_subprocess_exec(
                program,
                env={**os.environ, **told},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # the timers' process stays behind in it
            )
            groups.append(process.pid)
            await process.wait()
        await asyncio.sleep(began + seconds - time.monotonic())
    finally:
        for group in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
    return out.read_text().splitlines()


def of_ours(folder: Path, events, seconds: float) -> list[str]:
    """Tell what our scheduler would run with the same file."""
    (folder / "ups.conf").write_text("")
    section = nut_settings(folder)["scheduler"]
    script = plan(SchedulerSettings.from_tables({"scheduler": section}, "x").scheduler).script
    assert script is not None
    book, done = Book({}), []

    def take():
        for job in book.changes.jobs:
            assert isinstance(job, Program)
            told = job.environment
            done.append(f"{'|'.join(job.argv[1:])} {told['UPSNAME']} {told['NOTIFYTYPE']}")
        book.changes.jobs.clear()

    def turn(now):
        while due := book.due(now):
            upssched.fire(book, script, due[0])
        take()

    for moment, type_, ups in events:
        turn(moment)
        # The name of the device has no host; the line's spelling is told, or none.
        upssched.happen(book, script, Cause(ups.partition("@")[0], type_, "", moment), moment)
        take()
    turn(seconds)
    return done


def commands(lines: list[str]) -> list[str]:
    return [line.rsplit(" ", 2)[0] for line in lines]


async def test_upssched_and_ours_run_the_same_in_the_same_order(tmp_path):
    seconds = 8.0
    alike = [(name, *scenario) for name, scenario in SCENARIOS.items()]
    other = [(name, lines, events) for name, (lines, events, _, _) in DIFFERENT.items()]
    folders = [tmp_path / str(number) for number in range(len(alike + other))]
    for folder in folders:
        folder.mkdir()
    async with asyncio.TaskGroup() as tasks:
        theirs = [
            tasks.create_task(of_upssched(folder, lines, events, seconds))
            for folder, (_, lines, events) in zip(folders, alike + other, strict=True)
        ]
    results = {
        name: (their.result(), of_ours(folder, events, seconds))
        for their, folder, (name, _, events) in zip(theirs, folders, alike + other, strict=True)
    }
    for name, _, _ in alike:
        their, ours = results[name]
        assert commands(ours) == commands(their), name
    for name, (_, _, expected_theirs, expected_ours) in DIFFERENT.items():
        their, ours = results[name]
        assert (commands(their), commands(ours)) == (expected_theirs, expected_ours), name
    # What runs at once is told the same of its event, but for the host that we do not know.
    their, ours = results["all lines that match, in the order of the file"]
    assert [line.replace("@localhost", "") for line in their] == [
        line.replace("@localhost", "") for line in ours
    ]
    assert [line.split()[0] for line in their] == ["one", "two", "five"]

"""The scheduler service with a real broker and real receivers."""

import logging
import signal
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from services.scheduler.settings import SchedulerSettings
from shared.messages import (
    Availability,
)
from tests.integration.schedulers import (
    SECRET,
    Inbox,
    Process,
    Ups,
    Webhook,
    running,
    scheduling,
    until,
)
from tests.ports import free_port

pytestmark = pytest.mark.integration


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
        return {"bus": {"broker": broker.url, "keepalive": 10}, "scheduler": section}

    return write


@pytest.fixture
def webhook():
    return Webhook()


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
    receivers = {"hook": {"urls": webhook.url}}
    section = tables(receivers=receivers, rules=rules, retry_delay=2.0, max_retry_delay=2.0)
    with caplog.at_level(logging.DEBUG):
        async with scheduling(section):
            for status in ("OB", "OB LB", "OL"):
                await ups.says(status)
            await until(lambda: "could not notify hook (json)" in caplog.text)
            async with webhook.up():
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

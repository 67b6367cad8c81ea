"""The driver powerman at Debian's powermand, at one that plays faults, and in the service."""

import asyncio

import pytest

from services.driver.drivers import powerman
from shared.errors import DeviceError, RefusedError, ResultStatus
from shared.topics import DeviceTopic
from tests.integration.watcher import driver_settings, driving, watching
from tests.likenut import OurDriver
from tests.powermands import Powermand, pdu
from tests.simulators.powerman import powerman_server

pytestmark = pytest.mark.integration

LINES = [f'device "one" "pdu" "{pdu()}"', 'node "n[0-3]" "one" "[0-3]"']


def statuses(report):
    return [report.variables[f"outlet.{number}.status"] for number in (1, 2)]


async def test_outlets_are_switched_over_the_bus_and_powermand_may_restart(broker, tmp_path):
    async with Powermand(tmp_path, LINES) as powermand, watching(broker.url) as watcher:
        devices = {"rack": {"driver": "powerman-pdu", "port": powermand.address}}
        async with driving(driver_settings(broker.url, tmp_path, devices)):
            await watcher.variable("rack", "outlet.2.status", "off")
            await watcher.variable("rack", "device.type", "pdu")
            done = await watcher.ask("rack", DeviceTopic.COMMAND, "outlet.2.load.on")
            assert done.status is ResultStatus.OK
            assert watcher.variables("rack")["outlet.2.status"] == "on"
            await powermand.stop()
            await watcher.available("rack", "stale")
            await powermand.start()
            await watcher.available("rack")
            await watcher.variable("rack", "outlet.2.status", "off")  # the PDU is a fresh one


async def test_a_pdu_that_comes_back_is_shown_again(tmp_path, free_port):
    lines = [*LINES, f'device "late" "pdu" "127.0.0.1:{free_port}"', 'node "a" "late" "0"']

    async def late(reader, writer):
        while line := await reader.readline():
            plugs = "".join(f"plug {number}: ON\n" for number in range(8))
            writer.write((plugs if b"stat" in line else "").encode() + b"1 OK\n2 vpc> ")
        writer.close()

    async with (
        Powermand(tmp_path, lines) as powermand,
        OurDriver("powerman", powermand.address) as ours,
    ):
        await ours.wait_for(lambda seen: statuses(seen) == ["unknown", "off"])
        with pytest.raises(RefusedError, match="on a: late: ") as refused:
            await ours.command("outlet.1.load.on")
        assert refused.value.status is ResultStatus.FAILED
        server = await asyncio.start_server(late, "127.0.0.1", free_port)
        async with server:
            await ours.wait_for(lambda seen: statuses(seen) == ["on", "off"])
            await powermand.stop()


async def test_a_pdu_that_cannot_switch_says_so(tmp_path):
    lines = [f'device "bare" "bare" "{pdu()}"', 'node "z" "bare" "0"']
    async with (
        Powermand(tmp_path, lines) as powermand,
        OurDriver("powerman", powermand.address) as ours,
    ):
        with pytest.raises(RefusedError, match="cannot be handled") as refused:
            await ours.command("outlet.1.load.on")
        assert refused.value.status is ResultStatus.UNKNOWN


async def test_a_pdu_that_is_away_is_not_asked_so_that_nobody_waits_for_it():
    away = b"304 q: state=disconnected reconnects=001 actions=000 type=vpc hosts=t1\r\n"
    here = b"304 p: state=connected reconnects=000 actions=001 type=vpc hosts=t0\r\n"
    async with powerman_server() as server, OurDriver("powerman", server.address) as ours:
        server.answers[b"device"] = here + away + b"103 Query complete\r\npowerman> "
        server.answers[b"status t0"] = b"303 t0: on\r\n103 Query complete\r\npowerman> "
        assert statuses(await ours.report()) == ["on", "unknown"]
        server.answers[b"device"] = away + b"103 Query complete\r\npowerman> "
        assert statuses(await ours.report()) == ["unknown", "unknown"]
        assert server.asked == [b"exprange", b"nodes", b"device", b"status t0", b"device"]


SPOILT = {
    "garbage": (b"status", b"\xff\x00\r\npowerman> ", "unexpected answer"),
    "another answer": (b"status", b"105 Hostrange expansion ON\r\npowerman> ", "does not tell"),
    "two answers": (b"status", b"103 a\r\n103 b\r\npowerman> ", "unexpected answer"),
    "an unknown node": (b"status", b"303 t7: on\r\n103 x\r\npowerman> ", "unexpected state"),
    "an unknown state": (b"status", b"303 t0: hot\r\n103 x\r\npowerman> ", "unexpected state"),
    "cut short": (b"status", b"303 t0: on\r\n303 t1:", "hung up in the midst of"),
    "devices cut": (b"device", b"304 p: state=conn\r\n103 x\r\npowerman> ", "list of devices"),
    "silence": (b"status", None, r"no whole reply in 0\.2 s"),
}


@pytest.mark.parametrize(("request_", "played", "reason"), SPOILT.values(), ids=SPOILT)
async def test_a_spoilt_answer_is_never_shown(request_, played, reason, monkeypatch):
    async with powerman_server() as server, OurDriver("powerman", server.address) as ours:
        assert statuses(await ours.report()) == ["on", "off"]
        server.answers[request_] = played
        if played is None:
            monkeypatch.setattr(powerman, "ANSWER_TIMEOUT", 0.2)
        with pytest.raises(DeviceError, match=reason):
            await ours.report()


async def test_an_answer_that_comes_late_is_not_taken_for_the_next():
    async with powerman_server() as server, OurDriver("powerman", server.address) as ours:
        await ours.report()
        for line in server.lines:
            line.write(b"303 t0: off\r\n303 t1: off\r\n103 Query complete\r\npowerman> ")
        async with asyncio.timeout(20):
            await ours.driver.wait()
        with pytest.raises(DeviceError, match="came unasked: b'303 t0: off"):
            await ours.report()


async def test_a_hang_up_ends_the_wait():
    async with powerman_server() as server, OurDriver("powerman", server.address) as ours:
        await ours.report()
        server.hang_up()
        async with asyncio.timeout(20):
            await ours.driver.wait()
        with pytest.raises(DeviceError, match="hung up"):
            await ours.report()


@pytest.mark.parametrize(
    ("request_", "played", "reason"),
    [
        (b"exprange", b"105 Hostrange expansion OFF\r\npowerman> ", "does not expand ranges"),
        (b"nodes", b"204 Internal powermand error: x::1\r\npowerman> ", "does not list its nodes"),
    ],
)
async def test_a_powermand_that_declines_the_beginning_is_named(request_, played, reason):
    async with powerman_server() as server:
        server.answers[request_] = played
        with pytest.raises(DeviceError, match=reason):
            await OurDriver("powerman", server.address).__aenter__()


async def test_what_is_no_powermand_is_named():
    async with powerman_server() as server:
        server.greeting = b"220 mail.example.org ESMTP\r\npowerman> "
        with pytest.raises(DeviceError, match=f"{server.address}: this is no powermand: b'220"):
            await OurDriver("powerman", server.address).__aenter__()


async def test_nothing_can_be_written():
    async with powerman_server() as server, OurDriver("powerman", server.address) as ours:
        with pytest.raises(RefusedError) as refused:
            await ours.set("outlet.1.desc", "x")
        assert refused.value.status is ResultStatus.READ_ONLY
        with pytest.raises(RefusedError, match="has no command load"):
            await ours.command("load.off")

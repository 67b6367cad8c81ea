"""How qx finds the protocol of a device, and its options, with simulated devices on real lines."""

import asyncio
from dataclasses import replace

import pytest

from services.driver.contract import Site
from services.driver.drivers import DRIVERS, qx, qx_line, qx_options
from services.driver.protocols.qx.registry import DIALECTS
from shared.errors import DeviceError, SettingsError
from tests.likenut import OurDriver
from tests.simulators.qx import MEGATEC, STATUS, SimulatedQx, examples

pytestmark = pytest.mark.integration

BY_NAME = {dialect.name: dialect for dialect in DIALECTS}
FOUND = {name: name for name, dialect in BY_NAME.items() if not dialect.by_name}
FOUND |= {"hunnox": "zinto", "ablerex": "megatec"}  # as NUT: the first one that fits counts


async def find(name, unknown):
    with SimulatedQx(examples(BY_NAME[name]), unknown) as ups:
        async with OurDriver("qx", ups.port) as ours:
            report = await ours.report()
            return ours.site.hints["protocol"], report.variables["driver.version.data"]


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(qx, "PROBE_TIMEOUT", 0.4)  # a device that is there answers in it
    monkeypatch.setattr(qx_line, "SETTLE", 0.1)


async def test_each_protocol_is_found_by_itself():
    answers = {name: b"(NAK\r" if name == "voltronic" else "echo" for name in FOUND}
    found = await asyncio.gather(*(find(name, answers[name]) for name in FOUND))
    assert dict(zip(FOUND, (name for name, _ in found), strict=True)) == FOUND
    assert dict(found)["q1"] == "Q1 0.08"


@pytest.mark.parametrize("name", ["omron", "innovatae", "innovart33"])
async def test_some_protocols_are_only_taken_by_name(name):
    with SimulatedQx(examples(BY_NAME[name]), None) as ups:
        async with OurDriver("qx", ups.port, {"protocol": name.upper()}) as ours:
            assert (await ours.report()).variables["driver.version.data"].lower().startswith(name)


async def test_a_protocol_that_is_named_but_not_spoken_is_an_error(quick):
    with SimulatedQx(MEGATEC, None) as ups:
        with pytest.raises(DeviceError, match="no device answers"):
            async with OurDriver("qx", ups.port, {"protocol": "mustek"}):
                pass
        assert set(ups.requests) == {b"QS\r"}


async def test_a_silent_line_is_told_after_few_questions(quick):
    with SimulatedQx({}, None) as ups:
        with pytest.raises(DeviceError, match="no device answers"):
            async with OurDriver("qx", ups.port):
                pass
        assert len(ups.requests) <= 15


async def test_a_device_that_ignores_what_it_does_not_know_is_found(quick):
    with SimulatedQx(MEGATEC, None) as ups:
        async with OurDriver("qx", ups.port) as ours:
            assert ours.site.hints["protocol"] == "megatec"


async def test_the_protocol_found_is_tried_first_next_time():
    with SimulatedQx(MEGATEC) as ups:
        async with OurDriver("qx", ups.port) as ours:
            site = ours.site
        before = len(ups.requests)
        again = OurDriver("qx", ups.port)
        again.driver = DRIVERS["qx"].create(site, qx_options.QxOptions())
        async with again:
            assert ups.requests[before : before + 2] == [b"Q1\r", b"I\r"]


async def test_a_hint_of_another_device_is_forgotten():
    with SimulatedQx(examples(BY_NAME["zinto"])) as ups:
        ours = OurDriver("qx", ups.port)
        ours.site.hints["protocol"] = "mustek"
        async with ours:
            assert ours.site.hints["protocol"] == "zinto"


async def test_a_hint_that_meets_silence_is_kept_for_a_while(quick):
    with SimulatedQx(examples(BY_NAME["zinto"]), None) as ups:
        ours = OurDriver("qx", ups.port)
        ours.site.hints["protocol"] = "mustek"
        for _ in range(qx.MAX_SILENCES):
            with pytest.raises(DeviceError, match="does not answer"):
                async with ours:
                    pass
        assert set(ups.requests) == {b"QS\r"}
        async with ours:
            assert ours.site.hints == {"protocol": "zinto"}


async def test_late_replies_are_not_those_of_the_next_protocol(monkeypatch):
    monkeypatch.setattr(qx, "PROBE_TIMEOUT", 0.1)
    monkeypatch.setattr(qx_line, "SETTLE", 0.45)
    with SimulatedQx(examples(BY_NAME["mustek"]), None) as ups:

        def late(request, reply):
            yield 0.3  # while the search drains the line
            yield reply

        ups.fault = late
        with pytest.raises(DeviceError, match="no device answers"):
            async with OurDriver("qx", ups.port):
                pass


async def test_a_line_that_comes_alive_during_the_search_is_searched_anew(quick):
    with SimulatedQx({**MEGATEC, b"QS\r": STATUS}, None) as ups:
        hidden = ups.replies.pop(b"QS\r")

        def waking(request, reply):
            if request == b"Q1\r":
                ups.replies[b"QS\r"] = hidden  # the first questions met silence
            yield reply

        ups.fault = waking
        with pytest.raises(DeviceError, match="came while it was looked for"):
            async with OurDriver("qx", ups.port):
                pass
        async with OurDriver("qx", ups.port) as ours:
            assert ours.site.hints["protocol"] == "mustek"


async def test_noise_during_the_search_does_not_lead_to_a_lesser_protocol(quick):
    with SimulatedQx(examples(BY_NAME["mustek"]) | MEGATEC) as ups:
        seen = set()

        def once_noisy(request, reply):
            yield reply if request in seen else reply[:9]
            seen.add(request)

        ups.fault = once_noisy
        async with OurDriver("qx", ups.port) as ours:
            assert ours.site.hints["protocol"] == "mustek"


async def test_the_blazer_names_keep_their_variables_and_minutes():
    with SimulatedQx(MEGATEC) as ups:
        async with OurDriver("blazer_ser", ups.port, {"ondelay": "4"}) as ours:
            report = await ours.report()
            assert report.variables["ups.mfr"] == report.variables["device.mfr"]
            assert report.variables["ups.delay.start"] == "240"


@pytest.mark.parametrize(
    ("port", "options", "told"),
    [
        ("/dev/ttyS0", {"protocol": "q7"}, "protocol: 'q7' is not known; there are omron,"),
        ("/dev/ttyS0", {"runtimecal": "1,2"}, "runtimecal"),
    ],
)
def test_what_cannot_work_is_told_at_once(port, options, told):
    kind = DRIVERS["qx"]
    with pytest.raises(SettingsError, match=told):
        kind.create(Site("ups1", port), kind.options.model_validate(options))


async def test_the_settings_of_voltronic_are_options_as_text():
    options = qx_options.QxOptions.model_validate(
        {"pollfreq": "10", "stayoff": "yes", "max_bypass_volt": "264", "battery_number": "3"}
    )
    assert options.given() == {
        "pollfreq": "10",
        "stayoff": "",
        "max_bypass_volt": "264",
        "battery_number": "3",
    }


def test_a_user_table_is_taken_by_its_name():
    table = replace(BY_NAME["q1"], name="mine")
    kind = DRIVERS["qx"]
    site = Site("ups1", "/dev/ttyS0", {"mine": table})
    kind.create(site, kind.options.model_validate({"protocol": "MINE"}))
    with pytest.raises(SettingsError, match="there are mine, omron"):
        kind.create(site, kind.options.model_validate({"protocol": "yours"}))

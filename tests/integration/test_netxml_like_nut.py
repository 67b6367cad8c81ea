"""The driver netxml beside NUT's own netxml-ups: the same simulated card, the same report."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from services.driver.protocols.netxml.rows import Flag
from shared.errors import DeviceError
from tests.likenut import OurDriver, RealDriver, Report, differences, record
from tests.simulators.netxml import MINISLOT, NEWER, TRANSVERSE, VERSION_4, Card, Layout, values

pytestmark = pytest.mark.integration

SETTLE_TIMEOUT = 30.0
LANES = 6
MARK = "System.Contact"  # shows that a driver has read the card anew
LISTED = Path(__file__).parents[2] / "docs" / "differences" / "netxml.md"
ON_BATTERY = {Flag.ONLINE: False, Flag.DISCHRG: True}


def ids() -> set[str]:
    """Read the ids of the differences that are written down."""
    return set(re.findall(r"^\| `([^`]+)` \|", LISTED.read_text(), re.MULTILINE))


def known(theirs: Report, ours: Report) -> dict[str, str]:
    """Say which differences are written down for these reports, and under which id."""
    found = {}
    for name, value in theirs.variables.items():
        if value == "" and name not in ours.variables:
            found[f"variable:{name}"] = found[f"writable:{name}"] = "empty-writable"
    if "ups.status" not in ours.variables:
        found["variable:ups.status"] = "no-supply"
    assert set(found.values()) <= ids()
    return found


def compare(case: str, real: RealDriver, ours: Report) -> Report:
    """Give NUT's driver time to see what ours has seen; fail with what differs."""
    mark = ours.variables.get("device.contact")

    def settled(theirs: Report) -> bool:
        is_same = theirs.is_fresh and theirs.variables.get("device.contact", "") == (mark or "")
        return is_same and not differences(theirs, ours, known(theirs, ours))

    try:
        theirs = real.wait_for(settled, SETTLE_TIMEOUT)
    except AssertionError:
        theirs = real.report()
    assert record("netxml-ups", case, theirs, ours, known(theirs, ours)) == []
    return theirs


async def follow(
    folder: Path,
    steps: Mapping[str, Mapping[str, str]],
    layout: Layout = TRANSVERSE,
    settings: Mapping[str, str | None] | None = None,
    options: Mapping[str, object] | None = None,
) -> None:
    """Put a card into one state after the other; both drivers follow."""
    first = next(iter(steps.values()))
    card = Card(objects=dict(first), layout=layout)
    lines = {"pollinterval": "1", **(settings or {})}
    with card, RealDriver(folder, "netxml-ups", {"port": card.url, **lines}) as real:
        async with OurDriver("netxml", card.url, options) as ours:
            for case, objects in steps.items():
                card.objects = {**objects, **({MARK: case} if MARK in objects else {})}
                report = await ours.report()
                await asyncio.to_thread(compare, case, real, report)


def some(objects: Mapping[str, str], *prefixes: str) -> dict[str, str]:
    return {name: value for name, value in objects.items() if name.startswith(prefixes)}


ONE_PHASE = {
    name: value for name, value in values().items() if "Phase[" not in name and "PDU" not in name
}
TWO_PHASES = {
    name: value
    for name, value in values().items()
    if not re.search(r"Phase\[(3|23|31|22|33)\]", name)
}


def flag_lanes() -> Iterator[dict[str, dict[str, str]]]:
    """Deal the flags out, so that several drivers of NUT step through them at once."""
    flags = [flag for flag in Flag if flag not in (Flag.ONLINE, Flag.SHUTDOWNIMM)]
    for lane in range(LANES):
        yield {flag: values(**{flag: True}) for flag in flags[lane::LANES]}


async def test_every_object_of_the_table_gives_the_same_variable(tmp_path):
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(follow(tmp_path / "all", {"every object": values()}))
        tasks.create_task(follow(tmp_path / "one", {"one phase": ONE_PHASE}, MINISLOT))
        tasks.create_task(follow(tmp_path / "two", {"two phases": TWO_PHASES}, MINISLOT))
        pdu = {"a PDU": some(values(), "PDU.", "System.")}
        tasks.create_task(follow(tmp_path / "pdu", pdu, NEWER))
        few = {"only the status": some(values(), "UPS.PowerSummary.PresentStatus")}
        tasks.create_task(follow(tmp_path / "few", few, MINISLOT))


async def test_every_flag_gives_the_same_status_words_and_alarms(tmp_path):
    async with asyncio.TaskGroup() as tasks:
        for number, steps in enumerate(flag_lanes()):
            tasks.create_task(follow(tmp_path / str(number), steps))


async def test_a_power_cut_looks_the_same_from_beginning_to_end(tmp_path):
    both = {**values(**ON_BATTERY), "UPS.PowerSummary.PresentStatus.Charging": "1"}
    steps = {
        "on line": values(CHRG=True),
        "on battery": values(**ON_BATTERY),
        "charging and discharging": both,
        "low battery": values(**ON_BATTERY, LOWBATT=True),
        "back on line": values(CHRG=True, BOOST=True),
    }
    await follow(tmp_path, steps)


async def test_the_timers_of_a_shutdown_look_the_same(tmp_path):
    timer, left = "UPS.PowerSummary.DelayBeforeShutdown", "System.RunTimeToShutdown"
    steps = {
        "far": {**values(), timer: "600"},
        "due": {**values(), timer: "60", left: "60"},
        "none": {**values(), timer: "-1", left: "-1"},
        "time is up": {**values(), timer: "-1", left: "0"},
    }
    longer = {"long": {**values(), timer: "400"}, "too far": {**values(), timer: "601"}}
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(follow(tmp_path / "usual", steps))
        seconds = {"shutdown_duration": "500"}
        tasks.create_task(
            follow(tmp_path / "long", longer, settings=seconds, options=dict(seconds))
        )


async def test_old_cards_have_their_values_divided_by_ten(tmp_path):
    deci = {"do_convert_deci": None}
    await follow(tmp_path, {"tenths": values()}, settings=deci, options={"do_convert_deci": True})


@pytest.mark.parametrize("is_digest", [True, False])
async def test_a_login_opens_the_card_to_both(tmp_path, is_digest):
    login = {"login": "admin", "password": "p4ss word"}
    card = Card(login=(login["login"], login["password"]), is_digest=is_digest)
    with card, RealDriver(tmp_path, "netxml-ups", {"port": card.url, **login}) as real:
        async with OurDriver("netxml", card.url, login) as ours:
            report = await ours.report()
            await asyncio.to_thread(compare, "login", real, report)


async def test_both_send_the_same_settings_and_ours_knows_what_became_of_them(tmp_path):
    with Card() as card, RealDriver(tmp_path, "netxml-ups", {"port": card.url}) as real:
        theirs = await asyncio.to_thread(real.report)
        async with OurDriver("netxml", card.url) as ours:
            mine = await ours.report()
            for name in theirs.writable:
                value = "77" if mine.writable[name].type == "number" else "Rack 7"
                before = len(card.posts)
                await asyncio.to_thread(real.set, name, value)
                await ours.set(name, value)
                (page, first), (other, second) = card.posts[before:]
                assert page == other == "/Forms/set_obj_2"
                document = re.compile(r"<\?xml.*</SET_OBJECT>", re.DOTALL)
                assert document.findall(first) == document.findall(second) != []
                assert (await ours.report()).variables[name] == value


async def test_neither_reads_a_card_that_speaks_version_4(tmp_path):
    with Card(layout=VERSION_4) as card:
        real = RealDriver(tmp_path, "netxml-ups", {"port": card.url})
        with pytest.raises(AssertionError, match=r"XML v4 protocol is not supported"):
            real.__enter__()
        with pytest.raises(DeviceError, match=r"XML\.V4"):
            await OurDriver("netxml", card.url).__aenter__()

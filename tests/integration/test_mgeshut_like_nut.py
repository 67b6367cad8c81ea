"""Debian's mge-shut beside ours: the same recorded device on a serial line, orders included."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path

import pytest

from shared.errors import PowerError
from shared.messages import Writable
from tests.likenut import OurDriver, RealDriver, Report, record
from tests.realusb_recorded import FOLDER, model_of, names
from tests.simulators.shut import SimulatedShut, padded

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"there are no recordings in {FOLDER}"),
]

LIST = Path(__file__).parents[2] / "docs/differences/mge-shut.md"
ILL = "/ill"  # behind the name of a recording: everything is wrong that can be
RECORDED = [name for name in names() if name.startswith("eaton")]
CASES = [*RECORDED, *(name + ILL for name in RECORDED)]
SETTINGS = {"pollfreq": "1", "pollinterval": "1", "ondelay": "40", "offdelay": "25"}
CHARGING = ("CHRG", "DISCHRG")
TEXTS = ("45", "200")  # what is written to a variable that lists no values


@dataclass
class Seen:
    """What a driver reported, and of each order: was it carried out, and what was written."""

    report: Report
    orders: dict[str, tuple[bool, tuple[str, ...]]] = field(default_factory=dict)


def device(case):
    model = model_of(case.removesuffix(ILL), is_ill=case.endswith(ILL))
    model.descriptor = padded(model.descriptor)
    # Debian's driver waits half a minute for a text that is not there.
    model.strings.texts = {n: f"text {n}" for n in range(1, 256)} | model.strings.texts
    return SimulatedShut(model)


def orders_of(report: Report) -> list[tuple[str, str, str]]:
    commands = [("command", name, "") for name in report.commands if "driver." not in name]
    values = {name: _values(each) for name, each in sorted(report.writable.items())}
    sets = [("set", name, value) for name in values for value in values[name]]
    return [*(each for each in sets if "driver." not in each[1]), *commands]


def _values(writable: Writable) -> tuple[str, ...]:
    return tuple(sorted(writable.enum)[:2]) or TEXTS


def written(ups, before):
    return tuple(f"{kind.name} {data.hex()}" for kind, _, data in ups.model.written[before:])


def has_read_all(driver):
    """Tell whether the driver has ended a full update: alarms are summed up only then."""
    return "upsdrv_updateinfo..." in driver.log.partition("Full update...")[2]


def seen_by_nut(case: str, folder: Path) -> Seen:
    with device(case) as ups:
        settings = {"port": ups.port, **SETTINGS}
        with RealDriver(folder / case.replace("/", "-"), "mge-shut", settings) as driver:
            seen = Seen(driver.wait_for(lambda report: report.is_fresh and has_read_all(driver)))
            for what, name, value in orders_of(seen.report):
                before = len(ups.model.written)
                code = driver.set(name, value) if what == "set" else driver.command(name)
                seen.orders[f"{what} {name} {value}"] = code == 0, written(ups, before)
            return seen


async def seen_by_us(case: str, theirs: Seen) -> Seen:
    options = {name: value for name, value in SETTINGS.items() if name != "pollinterval"}
    with device(case) as ups:
        async with OurDriver("mge-shut", ups.port, options) as driver:
            await driver.report()
            seen = Seen(await driver.report())
            for what, name, value in orders_of(theirs.report):
                before = len(ups.model.written)
                try:
                    await (driver.set(name, value) if what == "set" else driver.command(name))
                except PowerError:
                    is_done = False
                else:
                    is_done = True
                seen.orders[f"{what} {name} {value}"] = is_done, written(ups, before)
            return seen


def listed(case: str) -> list[str]:
    rows = re.findall(r"^\| `(\S+) ([^`]+)` \|", LIST.read_text(), re.MULTILINE)
    assert rows
    return [id for pattern, id in rows if fnmatch(case, pattern)]


def without_charging(report: Report) -> Report:
    words = [each for each in report.variables["ups.status"].split() if each not in CHARGING]
    return replace(report, variables={**report.variables, "ups.status": " ".join(words)})


class Listed(dict[str, str]):
    """The ids of a case in the list, which may be patterns."""

    def __init__(self, case: str) -> None:
        self._patterns = listed(case)
        super().__init__(dict.fromkeys(self._patterns, "listed"))

    def __contains__(self, key: object) -> bool:
        return any(fnmatch(str(key), pattern) for pattern in self._patterns)


async def test_recorded_devices_show_and_do_what_they_do_with_mge_shut(tmp_path):
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(len(CASES)) as pool:
        theirs = await asyncio.gather(
            *(loop.run_in_executor(pool, seen_by_nut, case, tmp_path) for case in CASES)
        )
    found = {}
    for case, their in zip(CASES, theirs, strict=True):
        assert their.orders
        our = await seen_by_us(case, their)
        ignored = Listed(case)
        report = without_charging(our.report) if "words:charging" in ignored else our.report
        differences = record("mge-shut", case, their.report, report, ignored)
        differences += [
            f"{order}: {their.orders[order]} for NUT and {our.orders[order]} for us"
            for order in their.orders
            if their.orders[order] != our.orders[order] and f"order:{order}" not in ignored
        ]
        if differences:
            found[case] = differences
    text = "\n".join(f"{case}: {each}" for case in found for each in found[case])
    assert not found, text

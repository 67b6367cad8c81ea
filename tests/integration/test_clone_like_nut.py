"""clone and clone-outlet beside Debian's: the same original below both."""

import asyncio
import contextlib

import pytest

from tests.integration.watcher import driver_settings, driving, watching
from tests.likenut import RealDriver, Report, record

pytestmark = pytest.mark.integration

UPS = """\
ups.mfr: Original
ups.model: One
battery.charge: 90
battery.runtime: 900
outlet.1.status: on
outlet.1.delay.shutdown: 20
outlet.1.timer.shutdown: {timer}
ups.status: {status}
"""
CASES = {
    "clone on line": ("clone", {"mincharge": "30"}, "OL", "-1"),
    "clone with limits": ("clone", {"mincharge": "30", "minruntime": "90"}, "OL CHRG", "-1"),
    "clone on battery, enough left": ("clone", {"mincharge": "30"}, "OB", "-1"),
    "outlet on": ("clone-outlet", {"prefix": "outlet.1"}, "OL", "-1"),
    "outlet that goes": ("clone-outlet", {"prefix": "outlet.1"}, "OB", "15"),
    "outlet of another timer": ("clone-outlet", {"prefix": "outlet.1"}, "OB", "60"),
}


@pytest.mark.parametrize("case", CASES)
async def test_it_shows_what_nut_shows(case, broker, tmp_path):
    driver, options, status, timer = CASES[case]
    (tmp_path / "ups.dev").write_text(UPS.format(status=status, timer=timer))
    theirs = await asyncio.to_thread(real_report, tmp_path, driver, options)
    devices = {
        "ups": {"driver": "dummy", "port": "ups.dev"},
        "out": {"driver": driver, "port": "ups", **options},
    }
    async with (
        driving(driver_settings(broker.url, tmp_path, devices)),
        watching(broker.url) as watcher,
    ):
        await watcher.until(lambda: has_settled(watcher.variables("out"), theirs), case)
        meta = await watcher.until(lambda: watcher.meta("out"))
        ours = Report(watcher.variables("out"), meta.writable, tuple(meta.commands), True)
    assert record(driver, case, theirs, ours) == []


def real_report(folder, driver, options):
    """What Debian's clone says of Debian's dummy-ups."""
    with contextlib.ExitStack() as stack:
        original = RealDriver(folder / "original", "dummy-ups", {"port": str(folder / "ups.dev")})
        stack.enter_context(original).report()
        settings = {"port": "../original/dummy-ups-dut", **options}
        clone = stack.enter_context(RealDriver(folder / "clone", driver, settings))
        return clone.wait_for(is_settled)


def is_settled(report):
    """The status comes a round after the variables."""
    return (
        report.is_fresh
        and report.status not in (set(), {"WAIT"})
        and "outlet.1.status" in report.variables
    )


def has_settled(variables, theirs):
    return set(variables.get("ups.status", "").split()) == theirs.status

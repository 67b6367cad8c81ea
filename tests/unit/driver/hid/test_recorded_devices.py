"""Recorded devices through their tables: what NUT showed must come out."""

import pytest

from services.driver.protocols.hid import meaning, status
from services.driver.protocols.hid.descriptor import Descriptor, Report, find
from services.driver.protocols.hid.registry import choose, describe
from services.driver.protocols.hid.standard import STANDARD
from services.driver.protocols.hid.table import ALARM, STATUS, Known, Poll, Row, Vendor
from services.driver.protocols.hid.values import physical, raw
from tests.unit.driver.hid.recorded import Recording, recording, recordings

PAIRS = (Report.FEATURE, Report.INPUT)
# What NUT adds itself, and what a recording's later values or hidden texts cannot give.
ELSEWHERE = ("device.", "driver.", "server.", "ups.vendorid", "ups.productid", "ups.serial")
_HIDDEN = "texts by index were not recorded"
_LATER = "NUT does not say CHRG of a full battery any more"
_TENTHS = "NUT rounded to volts then"
DIFFERS = {
    ("apc_051d-0002_back-ups-cs-500", "battery.type"): _HIDDEN,
    ("apc_051d-0002_bk650m2-ch", "battery.type"): _HIDDEN,
    ("apc_051d-0002_bk650m2-ch", "ups.load"): "the log was written with less load",
    ("ppc_06da-ffff_ippon-smart-power-pro-ii-1200", "battery.type"): _HIDDEN,
    ("ppc_06da-ffff_ippon-smart-power-pro-ii-1200", "battery.voltage"): _TENTHS,
    ("ppc_06da-ffff_ippon-smart-power-pro-ii-1200", "ups.status"): _LATER,
    ("ppc_06da-ffff_powerwalker-vi-2200-sh", "battery.type"): _HIDDEN,
    ("ppc_06da-ffff_powerwalker-vi-2200-sh", "battery.voltage"): _TENTHS,
    ("ppc_06da-ffff_powerwalker-vi-2200-sh", "ups.status"): _LATER,
}


def mended(vendor: Vendor, recorded: Recording) -> Descriptor | None:
    descriptor = recorded.descriptor
    for repair in vendor.repairs:
        descriptor = descriptor and repair(descriptor, recorded.identity.id)
    return descriptor


def value_of(
    vendor: Vendor, recorded: Recording, descriptor: Descriptor | None, row: Row
) -> float | None:
    """Give a row's value from the reports, else from the paths that a log printed."""
    path = vendor.usages.path(row.path)
    assert path
    for kind in PAIRS:
        field = find(descriptor.fields, path, kind) if descriptor else None
        if field and (kind, field.id) in recorded.reports:
            return physical(field, raw(field, recorded.reports[kind, field.id]))
        for (text, told), value in recorded.values.items():
            if told is kind and vendor.usages.path(text) == path:
                return value
    return None


def shown(vendor: Vendor, recorded: Recording) -> dict[str, str]:
    """Give the variables of a recording by a table."""
    known = Known(recorded.identity, vendor.quirks_of(recorded.identity.id))
    known.variables |= describe(vendor, known, {})
    descriptor = mended(vendor, recorded)
    alarms = []
    for row in vendor.rows:
        value = value_of(vendor, recorded, descriptor, row)
        if value is None or (row.variable in known.variables and row.variable != STATUS):
            continue
        if Poll.ABSENT in row.poll:
            known.variables[row.variable] = row.form
            continue
        text = meaning.text(row, value, known)
        if text is not None and row.variable == STATUS:
            status.take(known.words, text)
        elif text is not None and row.variable == ALARM:
            alarms.append(text)
        elif text is not None:
            known.variables[row.variable] = text
    summed = status.summary(known.words, known.variables.get("battery.charge"))
    return known.variables | {"ups.status": " ".join(summed.status)}


@pytest.mark.parametrize(
    "name",
    [
        "apc_051d-0002_back-ups-cs-500",
        "apc_051d-0002_bk650m2-ch",
        "ppc_06da-ffff_ippon-smart-power-pro-ii-1200",
        "ppc_06da-ffff_powerwalker-vi-2200-sh",
    ],
)
def test_variables_are_those_that_nut_showed(name):
    recorded = recording(name)
    vendor = choose(recorded.identity)
    assert vendor
    ours = shown(vendor, recorded)
    wanted = {
        variable: text
        for variable, text in recorded.upsc.items()
        if not variable.startswith(ELSEWHERE) and (name, variable) not in DIFFERS
    }
    assert wanted.keys() - ours.keys() == set()
    assert {variable: ours[variable] for variable in wanted} == wanted


def test_a_recorded_power_device_is_online_by_the_standard_usages_too():
    """What vendors' tables and the standard one both know must not contradict each other."""
    compared = 0
    for recorded in recordings():
        vendor = choose(recorded.identity)
        if not vendor or not recorded.reports:
            continue
        theirs, plain = shown(vendor, recorded), shown(STANDARD, recorded)
        words = {"OL", "OB"}
        stated = words & set(theirs["ups.status"].split())
        said = words & set(plain["ups.status"].split())
        assert stated == said or not said, recorded.name
        for variable in ("battery.charge", "battery.runtime", "ups.load"):
            if variable in theirs and variable in plain:
                assert theirs[variable] == plain[variable], (recorded.name, variable)
                compared += 1
    assert compared >= 10

"""The picture of a HID device: any reports, of any table, give a reading and nothing else."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.driver.drivers.usbhid_picture import Picture, Rules, Walk
from services.driver.protocols.hid.descriptor import Report, parse
from services.driver.protocols.hid.registry import VENDORS
from services.driver.protocols.hid.standard import STANDARD
from services.driver.protocols.hid.status import Choices
from services.driver.protocols.hid.table import STATUS, Identity, Known, Poll, UsbId, Vendor
from shared.errors import DeviceError
from tests.simulators.usbmodel import descriptor_of

TABLES = (*VENDORS, STANDARD)


def descriptor_for(table: Vendor, size: int = 16):
    """A device that has every path of a table, each in a report of its own as far as ids go."""
    known = [*(row.path for row in table.rows), *(command.path for command in table.commands)]
    paths = dict.fromkeys(path for path in known if table.usages.path(path))
    entries = [
        {
            "path": path,
            "type": kind,
            "report_id": hex(number % 250 + 1),
            "offset": number // 250 * size,
            "size": size,
        }
        for number, path in enumerate(paths)
        for kind in ("Feature", "Input")
    ]
    return parse(descriptor_of(entries, table.usages))


def picture_of(table: Vendor, rules: Rules | None = None) -> Picture:
    device = Identity(table.ids[0] if table.ids else UsbId("1234", "5678"), "Maker", "Product", "1")
    return Picture(table, descriptor_for(table), Known(device, table.quirks), rules)


@pytest.mark.parametrize("table", TABLES, ids=[each.name for each in TABLES])
def test_a_device_with_every_path_has_every_variable_and_command(table):
    picture = picture_of(table)
    wanted = {row.variable for row in table.rows if table.usages.path(row.path)}
    assert {row.variable for row in picture.rows} == wanted
    bodies = {key: bytes(picture.length(key) - 1) for key in picture.due(Walk.FIRST)}
    picture.take(Walk.FIRST, bodies)
    reading = picture.reading(0.0)
    assert {command.name for command in table.commands} <= set(reading.commands)
    absent = {row.variable for row in table.rows if row.poll & Poll.ABSENT}
    assert absent <= reading.variables.keys()
    if any(row.variable == STATUS for row in table.rows):
        assert reading.status is not None


@pytest.mark.parametrize("table", TABLES, ids=[each.name for each in TABLES])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_reports_give_a_reading_or_a_device_error(table, data):
    picture = picture_of(table, Rules(Choices(delay=3.0)))
    noise = data.draw(st.binary(min_size=1, max_size=40))
    for walk in (Walk.FIRST, Walk.QUICK, Walk.FULL, Walk.CHANGED):
        bodies = {}
        for number, key in enumerate(picture.due(walk)):
            start = number * 3 % len(noise)
            bodies[key] = (noise[start:] + noise)[: noise[start] % 6]
        for index in picture.indexes(walk, bodies):
            picture.known.strings[index] = "text" if index % 2 else ""
        try:
            picture.take(walk, bodies)
        except DeviceError:
            return
        picture.hear(noise)
        reading = picture.reading(1.0)
        assert "" not in reading.variables.values()
        assert picture.reading(1.0) is reading


def test_a_walk_asks_for_what_it_needs_and_for_each_report_once():
    picture = picture_of(VENDORS[0])
    walks = {walk: picture.due(walk) for walk in Walk}
    for keys in walks.values():
        assert len(keys) == len(set(keys))
    assert set(walks[Walk.QUICK]) <= set(walks[Walk.FULL])
    assert set(walks[Walk.FULL]) < set(walks[Walk.CHANGED]) < set(walks[Walk.FIRST])
    assert all(kind is Report.FEATURE for kind, _ in walks[Walk.FIRST])


def test_a_report_of_another_id_is_refused():
    picture = picture_of(VENDORS[0])
    assert picture.body(7, b"\x07\x01\x02") == b"\x01\x02"
    for data in (b"", b"\x08\x01\x02"):
        with pytest.raises(DeviceError):
            picture.body(7, data)


def test_of_rows_for_a_variable_the_first_counts_also_if_the_driver_keeps_its_value():
    """PowerCOM's delays have a row that is kept, and behind it one that is read."""
    picture = picture_of(next(each for each in VENDORS if each.name == "powercom"))
    bodies = {key: bytes(picture.length(key) - 1) for key in picture.due(Walk.FIRST)}
    picture.take(Walk.FIRST, bodies)
    kept = next(row for row in picture.vendor.rows if row.variable == "ups.delay.start")
    assert kept.poll is Poll.ABSENT
    assert picture.reading(0.0).variables["ups.delay.start"] == kept.form

"""`nutbus scan` on a simulated USB bus: what is found, and a table made of what a device has."""

import re
import tomllib
from pathlib import Path

import pytest

from services.console.scan.command import DONE, FAILED, main
from services.console.scan.explore import as_table, options
from services.driver.contract import Site
from services.driver.drivers import DRIVERS
from services.driver.drivers.usbhid_explore import explore
from services.driver.protocols.hid.table import STATUS
from services.driver.protocols.hid.userform import read_table, row_text
from services.driver.transports import usbfinding
from tests.simulators.usb import UsbBus
from tests.simulators.usbups import small_ups

pytestmark = pytest.mark.integration

GUIDE = Path(__file__).parents[2] / "docs/usb.md"


@pytest.fixture
def usb(monkeypatch):
    bus = UsbBus()
    monkeypatch.setattr(usbfinding, "backend", lambda: bus)
    return bus


def test_power_devices_are_listed_and_strangers_are_not_opened(usb, capsys):
    usb.plug(small_ups("A1"), "1-2")
    usb.plug(small_ups(), "1-3.1")
    usb.plug(small_ups(vendor=0x1234), "1-4")
    assert main(["-U", "-q", "-P"]) == DONE
    lines = capsys.readouterr().out.splitlines()
    ids = 'driver="usbhid-ups",port="auto",vendorid="0463",productid="ffff",product="Small UPS"'
    assert lines == [
        f'USB:{ids},serial="A1",vendor="EATON",bus="001"',
        f'USB:{ids},vendor="EATON",bus="001"',
    ]


def test_a_device_is_named_by_what_stays_the_same(usb, capsys):
    usb.plug(small_ups("A.1"), "1-2")
    usb.plug(small_ups("0000"), "1-3.1")
    assert main(["-U", "-q", "--toml"]) == DONE
    first, second = tomllib.loads(capsys.readouterr().out)["devices"].values()
    ids = {"driver": "usbhid", "port": "auto", "vendorid": "0463", "productid": "ffff"}
    assert first == {**ids, "serial": r"A\.1"}
    assert second == {**ids, "busport": r"1-3\.1"}


def test_a_device_that_may_not_be_opened_is_listed_all_the_same(usb, capsys):
    usb.plug(small_ups("A1"), "1-2")
    usb.is_permitted = False
    assert main(["-U", "-q", "--toml"]) == DONE
    shown = capsys.readouterr().out
    assert "not permitted" in shown
    assert 'busport = "1-2"' in shown


@pytest.mark.parametrize("device", ["1-2", "1234:ffff"])
async def test_a_device_that_was_explored_becomes_a_table(usb, device):
    ups = small_ups(vendor=0x1234)
    usb.plug(ups, "1-2")

    text = as_table(await explore(options(device)))
    assert "# feature report 0x06, bit 0, 8 bits, 0 to 100: 100" in text
    content = tomllib.loads(text)
    assert content.pop("driver") == "usbhid"
    table = read_table("mine", {**content, "version": "Mine 1.0"})
    ids = {"vendorid": "1234", "productid": "ffff", "subdriver": "mine"}
    kind = DRIVERS["usbhid"]
    site = Site("ups", "auto", tables={"mine": table})
    driver = kind.create(site, kind.options.model_validate(ids))
    try:
        await driver.open()
        reading = await driver.poll()
    finally:
        await driver.close()
    assert reading.variables["driver.version.data"] == "Mine 1.0"
    assert (reading.status, reading.variables["battery.charge"]) == ("OL", "100")


def test_what_cannot_be_explored_is_said(usb, capsys):
    for device in ("1-2", "nothing", "0463:ffff"):
        assert main(["--explore", device]) == FAILED
        assert capsys.readouterr().err.startswith("nutbus scan: ")


ROW = {"variable": "ups.load", "path": "UPS.Output.PercentLoad"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"rows": [{**ROW, "path": "UPS.Nowhere"}]}, r"rows\[0\] 'ups.load': path: 'Nowhere'"),
        ({"rows": [{**ROW, "form": "%s"}]}, "form"),
        ({"rows": [{**ROW, "lookup": "nobody"}]}, "lookup"),
        ({"rows": [{**ROW, "variable": "ups.status"}]}, "says"),
        ({"rows": [{**ROW, "variable": "ups.status", "says": {1: "OL"}}]}, "'OL' is none of"),
        ({"rows": [{**ROW, "variable": "Load!"}]}, "no name of a variable"),
        ({"rows": [{**ROW, "colour": "red"}]}, "colour"),
        ({"like": "nobody"}, "no table is called"),
        ({"usages": {"Mine": "wide"}}, "usages.Mine"),
    ],
)
def test_a_wrong_table_is_refused_with_its_row_and_the_reason(content, reason):
    with pytest.raises(ValueError, match=reason):
        read_table("mine", {"version": "Mine 1.0", **content})


def test_a_row_of_ones_own_comes_before_those_of_the_table_it_is_like():
    says = {1: "online", 0: "!online"}
    row = {"variable": "ups.status", "path": "UPS.Mine", "says": says, "poll": "quick"}
    table = read_table(
        "mine", {"version": "1", "like": "mge", "usages": {"Mine": "ffff1234"}, "rows": [row]}
    )
    assert table.usages.path("UPS.Mine") == (0x00840004, 0xFFFF1234)
    assert 'says = { 1 = "online", 0 = "!online" }' in list(row_text(table.rows[0]))
    assert len(table.rows) > 100


def test_the_tables_of_the_guide_can_be_read():
    blocks = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
    contents = [tomllib.loads(block) for block in blocks]
    tables = [each for each in contents if each.pop("driver", "") == "usbhid"]
    for content in tables:
        table = read_table("acme", content)
        assert [row.variable for row in table.rows[:2]] == ["ups.load", STATUS]
    assert len(tables) == 1

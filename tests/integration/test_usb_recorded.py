"""Recorded HID devices, played by a simulated USB bus: what NUT shows of them comes out."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.driver.drivers.usbhid import Choice, UsbHidDriver
from services.driver.drivers.usbhid_options import UsbHidOptions
from services.driver.protocols.hid.descriptor import Report, find
from services.driver.protocols.hid.table import Identity, UsbId, Vendor
from services.driver.protocols.hid.values import raw
from services.driver.transports import usbfinding, usblistener
from shared.commands import command
from shared.variables import variable
from tests.likenut import OurDriver, record
from tests.likenut import Report as Told
from tests.simulators.usb import UsbBus
from tests.simulators.usbmodel import Model, recordings

pytestmark = pytest.mark.integration

SHARED = Path(__file__).parents[2] / "../shared"
RECORDED = recordings(SHARED / "fixtures/hid")

# Recordings of a model that NUT's device dumps have too: names only, the values are another unit's.
DUMPS = {
    "apc_051d-0002_back-ups-es-850g2": "APC/APC__Back-UPS_ES_850G2__usbhid-ups__2.8.0__01",
    "apc_051d-0002_smart-ups-1000": "APC/APC__Smart-UPS_1000__usbhid-ups__2.6.0__01",
    "apc_051d-0003_smart-ups-3000": "APC/APC__Smart-UPS_3000_2U__usbhid-ups__2.6.3__01",
    "apc_051d-0003_smart-ups-x-750": "APC/APC__Smart-UPS_X_750__usbhid-ups__2.7.4__01",
    "cps_0764-0501_cp1500avrlcda": (
        "Cyber_Power_Systems/Cyber_Power_Systems__CP1500AVRLCDa__usbhid-ups__2.7.4__01"
    ),
    "cps_0764-0501_cp1500pfclcd": (
        "Cyber_Power_Systems/Cyber_Power_Systems__CP1500PFCLCD__usbhid-ups__2.7.4__01"
    ),
    "cps_0764-0501_cp850pfclcd": (
        "Cyber_Power_Systems/Cyber_Power_Systems__CP850PFCLCD__usbhid-ups__2.7.2__01"
    ),
    "eaton_0463-ffff_3s-700": "Eaton/Eaton__3S_550__usbhid-ups__2.6.5__01",
    "eaton_0463-ffff_5e": "Eaton/Eaton__5E650iUSB-AU__usbhid-ups__2.7.1__01",
    "eaton_0463-ffff_ellipse-eco": "Eaton/Eaton__Ellipse_ECO_1600__usbhid-ups__2.6.0__01",
    "eaton_0463-ffff_protection-station-650": (
        "Eaton/Eaton__Protection_Station_650__usbhid-ups__2.6.5__01"
    ),
    "legrand_1cb0-0038_keor-pdu-800": "Legrand/Legrand__Keor_PDU_800__usbhid-ups__2.8.0.1__01",
    "liebert_10af-0000_gxt4": "Liebert/Liebert__GXT4-1500RT120__usbhid-ups__2.8.1__01",
    "liebert_10af-0002_psi5": "Liebert/Liebert__PSI5__usbhid-ups__2.8.2.1__01",
    "ppc_06da-ffff_powerwalker-vi-1200-shl": (
        "PowerWalker/PowerWalker__VI_1200_SHL__usbhid-ups__2.7.4__01"
    ),
}
COPIES = ("device.mfr", "device.model", "device.serial", "ups.serial")
LISTED = Path(__file__).parents[2] / "docs/differences/usbhid.md"
_ROW = re.compile(r"^\| `(\S+) (variable:\S+)` \| [^|]* \| ([^|]*) \|$", re.MULTILINE)


def listed(name: str) -> dict[str, str]:
    """Read the differences that are known of a recording, with their reasons."""
    text = LISTED.read_text(encoding="utf-8")
    return {id: why for recording, id, why in _ROW.findall(text) if recording == name}


def identity(recording: dict[str, Any]) -> Identity:
    id = UsbId(recording["vid"], recording["pid"])
    return Identity(id, recording["mfr"], recording["product"], recording["serial"])


def played(name: str) -> Model:
    """Make the model of a recording, on the interface where its table looks for it."""
    recording = RECORDED[name]
    choice = Choice(UsbHidOptions(vendorid=recording["vid"]))
    device = identity(recording)
    table, quirks = choice.table(device), choice.quirks(device)
    assert table is not None
    model = Model.recorded(recording, table.usages)
    model.fill()
    add_texts(model, table, told(recording))
    endpoint = 0x80 | (quirks.endpoint_in or 1)
    return replace(model, interface=quirks.interface or 0, endpoint=endpoint)


def add_texts(model: Model, table: Vendor, variables: dict[str, str]) -> None:
    """Give the model the texts that only NUT's variables tell of."""
    for row in table.rows:
        steps = table.usages.path(row.path)
        if not (row.lookup and row.lookup.is_index and steps and row.variable in variables):
            continue
        place = find(model.parsed.fields, steps, Report.FEATURE)
        if place:
            body = model.reports[place.report, place.id][model.parsed.has_ids :]
            model.strings.texts.setdefault(raw(place, body), variables[row.variable])


def told(recording: dict[str, Any]) -> dict[str, str]:
    """List what NUT said of the device when it was recorded."""
    return {
        name: value
        for name, value in (recording.get("upsc") or {}).items()
        if not name.startswith("driver.")
    }


def has_values(name: str) -> bool:
    """Tell whether NUT's variables and the device's values were recorded together."""
    recording = RECORDED[name]
    return bool(told(recording)) and bool(recording.get("paths") or recording["reports"])


def dumped(name: str) -> dict[str, str]:
    """Read what NUT's device dumps say of the model."""
    text = (SHARED / "ddl" / f"{DUMPS[name]}.dev").read_text(encoding="utf-8", errors="replace")
    lines = [line.partition("#")[0].partition(":") for line in text.splitlines()]
    return {
        key.strip(): value.strip()
        for key, _, value in lines
        if key.strip() and not key.startswith("driver.")
    }


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> UsbBus:
    found = UsbBus()
    monkeypatch.setattr(usbfinding, "backend", lambda: found)
    monkeypatch.setattr(usblistener, "LISTEN_STEP", 0.02)
    return found


async def shown(bus: UsbBus, name: str) -> tuple[Told, set[str]]:
    """Serve a recorded device; return what comes out, and the variables that have a place in it."""
    bus.plug(played(name), "1-2")
    options = {"vendorid": RECORDED[name]["vid"]}
    async with OurDriver("usbhid", "auto", options) as driver:
        report = await driver.report()
        assert isinstance(driver.driver, UsbHidDriver)
        return report, {row.variable for row in driver.driver.picture.rows}


@pytest.mark.skipif(not RECORDED, reason="the recordings are not beside the checkout")
@pytest.mark.parametrize("name", RECORDED)
async def test_every_recorded_device_is_served(bus: UsbBus, name: str) -> None:
    report, _ = await shown(bus, name)
    assert report.variables["ups.vendorid"] == RECORDED[name]["vid"]
    unknown = [each for each in report.variables if variable(each) is None]
    assert not unknown
    assert [each for each in report.commands if command(each) is None] == []


@pytest.mark.skipif(not RECORDED, reason="the recordings are not beside the checkout")
@pytest.mark.parametrize("name", [name for name in RECORDED if has_values(name)])
async def test_what_nut_showed_of_a_recorded_device_comes_out(bus: UsbBus, name: str) -> None:
    report, _ = await shown(bus, name)
    theirs = Told(told(RECORDED[name]))
    assert record("usbhid", name, theirs, report, listed(name)) == []


@pytest.mark.skipif(not RECORDED, reason="the recordings are not beside the checkout")
@pytest.mark.parametrize("name", DUMPS)
async def test_what_nut_shows_of_the_same_model_comes_out(bus: UsbBus, name: str) -> None:
    report, rows = await shown(bus, name)
    ignored = listed(name)
    missing = [
        each
        for each in dumped(name)
        if each not in {*report.variables, *rows, *COPIES} and f"variable:{each}" not in ignored
    ]
    assert missing == []

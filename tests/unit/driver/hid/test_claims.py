"""Which vendor's table takes a device."""

import re

import pytest

from services.driver.protocols.hid.descriptor import parse
from services.driver.protocols.hid.registry import (
    VENDORS,
    by_name,
    choose,
    describe,
    is_power_device,
)
from services.driver.protocols.hid.standard import STANDARD
from services.driver.protocols.hid.table import Identity, Known, UsbId
from tests.unit.driver.hid.recorded import recordings
from tests.unit.driver.hid.test_descriptor import SMALL

LISTED = [
    pytest.param(vendor, device, id=f"{vendor.name} {device.vendor}:{device.product}")
    for vendor in VENDORS
    for device in vendor.ids
]
SHARED: dict[
    UsbId, dict[str, str | None]
] = {  # by texts: without them the last of the vendors takes it, or none does
    UsbId("06da", "ffff"): {"AEG": "mge", "-BMS-": "idowell", "": "liebert"},
    UsbId("09d6", "0001"): {"KSTAR": "mge", "": None},
}


def name_of(vendor_id: str, product_id: str, **parts) -> str | None:
    is_asked_for = parts.pop("is_asked_for", False)
    found = choose(Identity(UsbId(vendor_id, product_id), **parts), is_asked_for=is_asked_for)
    return found.name if found else None


@pytest.mark.parametrize(("vendor", "device"), LISTED)
def test_a_listed_device_has_its_table(vendor, device):
    if device not in SHARED:
        assert choose(Identity(device)) is vendor
        return
    for text, name in SHARED[device].items():
        chosen = choose(Identity(device, maker=text))
        assert (chosen.name if chosen else None) == name
    assert vendor.name in SHARED[device].values()


def test_the_order_is_that_of_nut():
    names = "mge apc arduino belkin cps delta_ups ecoflow ever idowell legrand liebert openups"
    names += " powercom powervar salicru tripplite"
    assert [each.name for each in VENDORS] == names.split()


def test_texts_decide_where_makers_share_a_number():
    assert name_of("06da", "ffff", maker="AEG") == "mge"
    assert name_of("06da", "ffff", maker="PPC", product="PROTECT NAS AEG") == "mge"
    assert name_of("06da", "ffff", maker="-BMS-") == "idowell"
    assert name_of("06da", "ffff", product="Smart-Battery") == "idowell"
    assert name_of("06da", "ffff", maker="PPC", product="Offline UPS") == "liebert"
    assert name_of("06da", "ffff") == "liebert"
    assert name_of("09d6", "0001", maker="KSTAR") == "mge"
    assert name_of("09d6", "0001", product="KSTAR") is None


def test_an_unlisted_product_is_taken_only_if_asked_for():
    assert name_of("051d", "0099") is None
    assert name_of("051d", "0099", is_asked_for=True) == "apc"
    assert name_of("06da", "0001", maker="AEG") == "mge"
    assert name_of("06da", "0001") is None
    assert name_of("06da", "0001", is_asked_for=True) == "idowell"
    assert name_of("09d6", "0002", is_asked_for=True) is None
    assert name_of("03f0", "0002") is None
    assert name_of("03f0", "0002", is_asked_for=True) == "mge"


def test_devices_of_other_kinds_are_never_taken():
    assert name_of("050d", "0218", is_asked_for=True) is None
    assert name_of("0d9f", "0002", is_asked_for=True) is None
    assert name_of("09ae", "0001", is_asked_for=True) is None
    assert name_of("05dd", "0001", is_asked_for=True) == "delta_ups"
    assert name_of("ffff", "0001", is_asked_for=True) is None


def test_recorded_devices_have_tables_or_are_power_devices():
    for recording in recordings():
        if re.match("unknown", recording.name):
            assert choose(recording.identity) is None
            assert recording.descriptor
            assert is_power_device(recording.descriptor)
        else:
            assert choose(recording.identity), recording.name


def test_a_device_that_is_no_power_device_is_told():
    keyboard = "05010906A101050719E029E71500250175019508 8102C0"
    assert not is_power_device(parse(bytes.fromhex(keyboard)))
    assert is_power_device(parse(SMALL))


def test_a_table_is_found_by_its_name():
    assert [each.name for each in by_name("APC")] == ["apc"]
    assert [each.name for each in by_name("tripplite hid 0\\.8.*")] == ["tripplite"]
    assert by_name("no such") == ()


def named(vendor: str, answers=None, **parts) -> dict[str, str]:
    numbers = parts.pop("id", UsbId("0000", "0000"))
    table = next(each for each in (*VENDORS, STANDARD) if each.name == vendor)
    return describe(table, Known(Identity(numbers, **parts)), answers or {})


def test_devices_are_named_by_their_texts():
    assert named("cps", product="CP1500", serial="1") == {
        "ups.mfr": "CPS",
        "ups.model": "CP1500",
        "ups.serial": "1",
    }
    assert named("tripplite") == {}
    assert named("standard", maker="5131", product="UPS") == {
        "ups.mfr": "5131",
        "ups.model": "UPS",
    }


def test_the_product_of_apc_holds_its_firmware():
    assert named("apc", product="Back-UPS ES 700G FW:871.O4 .I USB FW:O4 ") == {
        "ups.mfr": "APC",
        "ups.model": "Back-UPS ES 700G",
        "ups.firmware": "871.O4 .I",
        "ups.firmware.aux": "O4 ",
    }
    assert named("apc", product="Smart-UPS_3000 FW:UPS 06.0 / ID=1027")["ups.firmware"] == (
        "UPS 06.0 / ID=1027"
    )
    assert named("apc")["ups.model"] == "unknown"


def test_belkin_and_delta_are_named_by_their_reports():
    assert named("belkin", {"UPS.PowerSummary.iSerialNumber": "7"}, maker="  Belkin") == {
        "ups.mfr": "Belkin",
        "ups.model": "unknown",
        "ups.serial": "7",
    }
    assert named("belkin", serial="8", maker=" ")["ups.mfr"] == "Belkin"
    answers = {"UPS.DeltaCustom.[1].DeltaModelName": "RT-3K"}
    assert named("delta_ups", answers, product="UPS")["ups.model"] == "RT-3K"
    assert named("delta_ups", product="UPS")["ups.model"] == "UPS"


def test_the_product_and_model_of_eaton_make_a_name_and_a_series():
    model, power = "UPS.PowerSummary.iModel", "UPS.Flow.[4].ConfigApparentPower"
    assert named("mge", {model: "650"}, product="Eaton 5P")["ups.model"] == "5P 650"
    assert named("mge", {model: "700"}, product="3S")["ups.model"] == "3S 700"
    assert named("mge", {power: "1500"}, product="ELLIPSE")["ups.model"] == "Ellipse 1500"
    assert named("mge", {model: "1"}, product="New")["ups.model"] == "New 1"
    assert named("mge", {}, product="New")["ups.model"] == "New"
    assert named("mge", {model: "1"})["ups.model"] == "unknown 1"
    dell = UsbId("047c", "ffff")
    assert named("mge", {model: "1"}, product="Dell UPS", id=dell)["ups.model"] == "Dell UPS"

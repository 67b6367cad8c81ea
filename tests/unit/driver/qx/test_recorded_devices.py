"""The devices of nut-ddl whose replies are known: what ours makes of them is what was recorded."""

import re
import sys
from collections import Counter
from typing import Any, NamedTuple

import pytest

from services.driver.protocols.qx.picture import Picture, Walk
from services.driver.protocols.qx.registry import DIALECTS
from shared.errors import DeviceError
from tests.simulators.qx import recorded

BY_NAME = {dialect.name: dialect for dialect in DIALECTS}
# The protocol that a recording names; all others are megatec.
DIALECT = {"Ablerex 0.01": "ablerex", "Mustek 0.07": "mustek", "Hunnox 0.01": "hunnox"}

# What the recordings have and the replies to Q1 and F do not say.
ABSENT = {
    "ups.mfr": "said by I, which is not recorded, or the user",
    "ups.model": "said by I, which is not recorded, or the user",
    "ups.firmware": "said by I, which is not recorded",
    "ups.serial": "the text unknown of the driver, or another request",
    "ups.mfg": "the user's",
    "ups.vendor": "of the USB descriptor",
    "ups.product": "of the USB descriptor",
    "ups.mfr.date": "another request, or the user",
    "device.mfr": "said by I, which is not recorded, or the user",
    "device.model": "said by I, which is not recorded, or the user",
    "device.serial": "another request",
    "device.type": "every device has it, services.driver.features",
    "ups.vendorid": "of the USB descriptor",
    "ups.productid": "of the USB descriptor",
    "input.voltage.maximum": "what the driver megatec saw since its start",
    "input.voltage.minimum": "what the driver megatec saw since its start",
    "beeper.status": "a name that NUT left in 2008",
    "battery.runtime": "estimated by options that are not recorded, or another request",
    "battery.runtime.low": "the user's",
    "battery.charge.low": "the user's",
    "battery.charge.warning": "the user's",
    "battery.lowbatt": "the user's",
    "battery.type": "the user's",
    "battery.capacity.nominal": "the user's",
    "battery.packs": "the user's",
    "ups.power.nominal": "the user's, or another request",
    "ups.realpower.nominal": "the user's",
    "input.transfer.high": "another request",
    "input.transfer.low": "another request",
    "input.transfer.boost.high": "another request",
    "input.transfer.boost.low": "another request",
    "input.transfer.trim.high": "another request",
    "input.transfer.trim.low": "another request",
    "output.current": "another request",
    "output.frequency": "another request",
    "output.voltage.nominal": "another request, or another name",
}
OLD = {"megatec", "megatec_usb", "fentonups", "mustek"}  # drivers that NUT left by 2.6
# What one device alone has: why.
BLANKS = "NUT reads the blanks of such a reply to F as 0; it was not rebuilt"
EXCEPTIONS = {
    ("Powercom__Vanguard_VGN_VGD-20K31__blazer_ser__2.6.5__01", "battery.charge"): (
        "followed by runtimecal since the driver's start"
    ),
    ("PowerWalker__VI_3000_SCL__blazer_usb__2.7.4__01", "battery.charge"): (
        "followed by runtimecal since the driver's start"
    ),
    (
        "2E__PS1000L__nutdrv_qx__2.8.1__01",
        "battery.charge",
    ): "followed by runtimecal since its start",
    ("Digitus__DN-170076__nutdrv_qx__2.7.4__02", "battery.charge"): (
        "read before the mains failed, at another voltage"
    ),
    ("Best_Power__Patriot_Pro_II_400__nutdrv_qx__2.7.4__01", "input.voltage.fault"): (
        "a comment says that it was 0 again at the next reading"
    ),
    ("Best_Power__Patriot_Pro_II_400__nutdrv_qx__2.7.4__01", "input.voltage.nominal"): (
        "said by ID and M, which are not recorded"
    ),
    ("Greencell__PowerProof_2000__nutdrv_qx__2.8.0__01", "output.current.nominal"): (
        "another dialect's name"
    ),
    ("Greencell__PowerProof_2000__nutdrv_qx__2.8.0__01", "output.frequency.nominal"): (
        "another dialect's name"
    ),
    ("TS_Shara__XPro_UPS_Senoidal_1500VA__nutdrv_qx__2.8.0__01", "input.current.nominal"): (
        "its reply to F is not recorded"
    ),
    ("TS_Shara__XPro_UPS_Senoidal_1500VA__nutdrv_qx__2.8.0__01", "input.frequency.nominal"): (
        "its reply to F is not recorded"
    ),
    **{
        (device, f"input.{what}.nominal"): BLANKS
        for device in (
            "DEXP__MIX_850VA__blazer_usb__2.7.4__01",
            "Powercool__1500VA__nutdrv_qx__2.7.4.1__01",
        )
        for what in ("voltage", "current", "frequency")
    },
}
GIVEN = ("battery.voltage.low", "battery.voltage.high", "battery.voltage.nominal")
COMMENT = re.compile(r"\s*#(?:BAD|COMMENT).*")
COLUMN = 5  # of the battery voltage among the words of Q1


def entries():
    return recorded("reconstructed_from_upsc.json")


def expected_of(entry):
    return {name: COMMENT.sub("", value) for name, value in entry["expected_upsc"].items()}


def replies_of(entry):
    """The replies by request; a voltage too wide for its columns is told by the cell."""
    replies = {pair["send"]: pair["recv"] for pair in entry["pairs"]}
    words = replies["Q1\r"].split(" ")
    if len(words[COLUMN]) > 4:
        nominal = float(replies["F\r"].split(" ")[2]) if "F\r" in replies else 2.0
        words[COLUMN] = f"{float(words[COLUMN]) / (nominal / 2):.2f}"
        replies["Q1\r"] = " ".join(words)
    if DIALECT.get(entry["protocol"]) == "mustek":
        replies["QS\r"] = replies["Q1\r"]
    return {request: reply.encode("latin-1") for request, reply in replies.items()}


def is_too_wide(entry):
    return len(entry["pairs"][0]["recv"].split(" ")[COLUMN]) > 4


def read(entry, expected):
    dialect = BY_NAME[DIALECT.get(entry["protocol"], "megatec")]
    given = {name: expected[name] for name in GIVEN if name in expected}
    if "battery.packs" in expected:
        given["battery.packs"] = expected["battery.packs"]
    picture = Picture(dialect, {"novendor": ""}, overrides=given)
    replies = replies_of(entry)
    for query in picture.due(Walk.FIRST):
        if query.request in replies:
            picture.take(query, replies[query.request], Walk.FIRST)
    reading = picture.reading(0.0)
    alarm = {"ups.alarm": " ".join(reading.alarms)} if reading.alarms else {}
    status = f"ALARM {reading.status}" if alarm else reading.status
    return {**reading.variables, **alarm, "ups.status": status}


def same(ours, theirs, name):
    if name == "ups.status":
        return sorted(ours.split()) == sorted(theirs.split())
    try:
        return float(ours) == float(theirs)
    except ValueError:
        return ours == theirs


def is_old(row):
    return row.expected.get("driver.name", "") in OLD


def is_near(row, by):
    return row.ours is not None and abs(float(row.ours) - float(row.theirs)) < by


# Which variables may differ, when, and why; the first that fits counts.
RULES = (
    (
        ("ups.temperature",),
        lambda row: row.ours is None and row.theirs == "25.0",
        "the user's, as the device has no sensor (--.-)",
    ),
    (
        ("ups.alarm",),
        lambda row: row.ours is None and row.theirs == "0",
        "NUT makes an alarm of Ablerex' number for no fault",
    ),
    (("ups.status",), is_old, "the old drivers had OFF for an idle load, and no BYPASS"),
    (
        ("ups.type",),
        lambda row: is_old(row) and row.theirs == "standby",
        "the old drivers' word",
    ),
    (
        ("ups.delay.shutdown", "ups.delay.start"),
        lambda row: row.ours in ("30", "180"),
        "an option, or set by the user; the old drivers counted in minutes",
    ),
    (("battery.charge",), is_old, "the old drivers had a table of charges by the model"),
    (
        ("battery.charge",),
        lambda row: "driver.parameter.runtimecal" in row.expected,
        "followed by runtimecal since the driver's start",
    ),
    (
        ("battery.voltage",),
        lambda row: is_near(row, 0.06),
        "the recording driver multiplied the voltage of a cell, which was rebuilt in tenths",
    ),
    (
        ("battery.voltage",),
        lambda row: row.ours is not None and is_too_wide(row.entry),
        "the voltage of a cell multiplied by the recording driver",
    ),
    (
        ("input.current.nominal",),
        lambda row: is_near(row, 0.51),
        "rebuilt without its decimals",
    ),
    (
        ("ups.alarm",),
        lambda row: row.theirs == "Shutdown imminent!",
        "the blazer drivers had no alarm for the failed self-test",
    ),
)


class Row(NamedTuple):
    """One variable: what we make of it and what was recorded, and why the two may differ."""

    entry: dict[str, Any]
    expected: dict[str, str]
    name: str
    ours: str | None
    theirs: str

    @property
    def reason(self) -> str | None:
        """Say "equal", or why not; None if there is no reason."""
        if self.ours is not None and same(self.ours, self.theirs, self.name):
            return "equal"
        if (self.entry["device"], self.name) in EXCEPTIONS:
            return EXCEPTIONS[self.entry["device"], self.name]
        if self.ours is None and self.name in ABSENT:
            return ABSENT[self.name]
        return next(
            (why for names, holds, why in RULES if self.name in names and holds(self)), None
        )


def compared():
    rows = []
    for entry in entries():
        expected = expected_of(entry)
        ours = read(entry, expected)
        rows += [
            Row(entry, expected, name, ours.get(name), theirs)
            for name, theirs in expected.items()
            if not name.startswith("driver.")
        ]
    return rows


def test_recorded_devices_give_what_was_recorded_with_them(capsys):
    rows = compared()
    reasons = Counter(row.reason for row in rows)
    told = f"{len(entries())} devices, {len(rows)} variables, {reasons['equal']} equal"
    with capsys.disabled():
        sys.stdout.write(f"\n{told}\n")
    unexplained = [
        f"{row.entry['device']}: {row.name} is {row.ours} and was {row.theirs}"
        for row in rows
        if row.reason is None
    ]
    assert not unexplained, "\n".join(unexplained)


def test_every_exception_is_needed():
    rows = {(row.entry["device"], row.name): row for row in compared()}
    assert [key for key in EXCEPTIONS if key in rows and rows[key].reason == "equal"] == []


@pytest.mark.parametrize("name", ["input.voltage", "output.voltage", "ups.load", "input.frequency"])
def test_the_measured_values_are_equal_without_exception(name):
    assert {row.reason for row in compared() if row.name == name} == {"equal"}


def test_a_reply_whose_columns_are_shifted_is_refused():
    for entry in entries():
        if is_too_wide(entry):
            reply = entry["pairs"][0]["recv"].encode("latin-1")
            picture = Picture(BY_NAME["q1"], {})
            with pytest.raises(DeviceError):
                picture.take(next(picture.due(Walk.FIRST)), reply, Walk.FIRST)

"""What holds for every row of every vendor's table."""

import json
import re
from typing import Any

import pytest

from services.driver.protocols.hid import cps_values, meaning
from services.driver.protocols.hid.registry import VENDORS
from services.driver.protocols.hid.standard import STANDARD
from services.driver.protocols.hid.status import WORDS
from services.driver.protocols.hid.table import (
    ALARM,
    STATUS,
    Identity,
    Known,
    Lookup,
    Poll,
    Row,
    UsbId,
    Vendor,
)
from shared.commands import command
from shared.variables import variable
from tests.unit.driver.hid.recorded import FOLDER

TABLES = (*VENDORS, STANDARD)
HEX = re.compile(r"\[[0-9]+\]|(0x)?[0-9a-f]{8}", re.IGNORECASE)
FORM = re.compile(r"%(\.[0-9])?[fs]|%s")
every_table = pytest.mark.parametrize("vendor", TABLES, ids=lambda each: each.name)


# Powervar's table has yes and no where NUT knows no word for a state.
WITHOUT_EFFECT = {"normal", "yes", "no"}


def texts_of(vendor: Vendor) -> set[str]:
    """What the status words and alarms of a table can say, as far as it is listed."""
    lookups = (row.lookup for row in vendor.rows if row.variable == STATUS and row.lookup)
    return {text for lookup in lookups for _, text in lookup.texts}


def test_all_rows_and_ids_of_nut_are_there():
    assert sum(len(each.rows) for each in VENDORS) == 950
    assert sum(len(each.commands) for each in VENDORS) == 153
    assert sum(len(each.ids) for each in VENDORS) == 112
    assert len({each.name for each in TABLES}) == len(TABLES) == 17


@every_table
def test_every_step_of_a_path_is_known(vendor):
    for row in (*vendor.rows, *vendor.commands):
        assert vendor.usages.path(row.path) is not None, row
        for step in row.path.split("."):
            assert step.lower() in vendor.usages.numbers or HEX.fullmatch(step), row
    for question in vendor.questions:
        assert vendor.usages.path(question.path) is not None


@every_table
def test_names_are_in_the_catalogue(vendor):
    assert [
        row for row in vendor.rows if row.variable != STATUS and not variable(row.variable)
    ] == []
    assert [each for each in vendor.commands if not command(each.name)] == []


@every_table
def test_rows_are_well_formed(vendor):
    for row in vendor.rows:
        if row.variable in (STATUS, ALARM):
            assert row.lookup, row
        elif Poll.ABSENT not in row.poll and not row.lookup:
            assert FORM.fullmatch(row.form), row
            assert row.form != "%s", row
            assert row.form % 1.5
        if row.is_enumerated:
            assert row.is_writable, row
            assert row.lookup, row
            assert row.lookup.texts, row
    assert texts_of(vendor) <= WORDS | {f"!{word}" for word in WORDS} | WITHOUT_EFFECT


@every_table
def test_rows_that_are_written_can_be_written(vendor):
    """A row with a conversion but no way back would only refuse."""
    for row in vendor.rows:
        lookup = row.lookup
        if row.is_writable and lookup and Poll.ABSENT not in row.poll:
            assert lookup.write or lookup.texts or row.variable in ONE_WAY, row


# NUT calls them writable though it has no way to turn their texts back.
ONE_WAY = frozenset({"input.sensitivity", "ups.start.auto"})


@every_table
def test_a_text_that_may_be_written_is_read_again(vendor):
    for row in vendor.rows:
        if not (row.lookup and row.is_writable) or row.lookup.read or row.lookup.write:
            continue
        for number, text in row.lookup.texts:
            assert meaning.number(row.lookup, text, Known()) == number
            assert meaning.translated(row.lookup, number, Known()) == text


@every_table
def test_commands_have_a_value_to_write(vendor):
    for each in vendor.commands:
        known = Known(variables={"ups.delay.start": "120", "ups.delay.shutdown": "60"})
        known.variables |= {"input.bypass.switch.on": "disabled", "input.eco.switchable": "normal"}
        if each.name == "experimental.bypass.ecomode.stop":
            known.variables |= {"input.bypass.switch.off": "disabled"}
            known.variables |= {"input.eco.switchable": "ECO"}
        assert meaning.number(each.lookup, each.value, known) is not None, each


def test_rows_are_those_of_the_facts():
    """The tables are written by tools/hid-tables; what was changed by hand would be lost."""
    file = FOLDER.parents[1] / "facts" / "hid.json"
    if not file.is_file():
        pytest.skip(f"there is no {file.name} beside the checkout")
    for told in json.loads(file.read_text())["subdrivers"]:
        if not told["rows"]:
            continue
        vendor = vendor_named(told["subdriver"])
        assert vendor.version == told["version"]
        assert [told_row(each) for each in told["rows"] if each["kind"] == "variable"] == [
            our_row(each) for each in vendor.rows
        ]
        assert [
            (each["var"], each["path"], each["format"], lookup_of(each["lookup"]))
            for each in told["rows"]
            if each["kind"] == "command"
        ] == [(each.name, each.path, each.value, texts(each.lookup)) for each in vendor.commands]
        usages = vendor.usages.numbers
        assert {name.lower(): number for name, number in reversed(told["usage_table"])}.items() <= (
            usages.items()
        )


def told_row(row: dict[str, Any]) -> tuple[object, ...]:
    flags = {POLLS[each] for each in row["flags"] if each in POLLS}
    has_form = not row["lookup"] or Poll.ABSENT in flags
    form = row["format"] if has_form else "%.0f"
    limits = row["rw"], row["string"], row["maxlen"], "ENUM" in row["flags"]
    return row["var"], row["path"], form, flags, *limits, lookup_of(row["lookup"])


def our_row(row: Row) -> tuple[object, ...]:
    limits = row.is_writable, row.is_text, row.length, row.is_enumerated
    flags = {each for each in POLLS.values() if each in row.poll}
    return row.variable, row.path, row.form, flags, *limits, texts(row.lookup)


def lookup_of(told: dict[str, Any] | None) -> tuple[tuple[int, str], ...] | None:
    return tuple((number, text) for number, text in told.get("map") or ()) if told else None


def texts(lookup: Lookup | None) -> tuple[tuple[int, str], ...] | None:
    return lookup.texts if lookup else None


POLLS = {
    "STATIC": Poll.STATIC,
    "SEMI_STATIC": Poll.SEMI_STATIC,
    "QUICK_POLL": Poll.QUICK,
    "ABSENT": Poll.ABSENT,
}


def test_enumerations_offer_what_the_device_takes():
    row = next(row for row in vendor_named("mge").rows if row.variable == "output.voltage.nominal")
    known = Known()
    assert meaning.text(row, 230, known) == "230"
    assert meaning.choices(row, known) == ("200", "208", "220", "230", "240")
    known = Known(notes={"series": "MGE_PEGASUS"})
    assert meaning.text(row, 230, known) == "230"
    assert meaning.choices(row, known) == ("220", "230", "240")
    known = Known()
    assert meaning.text(row, 120, known) == "120"
    assert meaning.choices(row, known) == ("100", "110", "120", "127")
    threshold = next(row for row in vendor_named("mge").rows if row.variable == "outlet.power")
    assert meaning.choices(threshold, Known()) == ()
    pegasus = Known(notes={"series": "MGE_PEGASUS"})
    assert meaning.choices(threshold, pegasus) == ("10", "25", "60")


def vendor_named(name: str) -> Vendor:
    return next(each for each in TABLES if each.name == name)


def test_what_is_special_about_devices_is_told():
    def quirks(vendor: str, numbers: str):
        first, second = numbers.split(":")
        return vendor_named(vendor).quirks_of(UsbId(first, second))

    assert quirks("apc", "051d:0002").full_size_products == ("Back-UPS ES 525", "Back-UPS CS")
    assert quirks("apc", "051d:0002").is_full_size
    assert not quirks("apc", "051d:0003").has_interrupts
    assert not quirks("apc", "051d:0004").has_interrupts
    assert quirks("apc", "051d:0005").has_interrupts
    assert quirks("arduino", "2341:8036").interface == 2
    assert quirks("arduino", "2341:8036").endpoint_in == 4
    assert quirks("arduino", "2341:8036").endpoint_out == 5
    assert quirks("belkin", "10af:0002").interface == 1
    assert quirks("belkin", "10af:0000").interface is None
    assert quirks("powervar", "4234:0002").interface == 1
    assert cps_values.DOUBTFUL in quirks("cps", "0764:0501").factors
    assert quirks("cps", "0764:0601").factors == {}
    assert not quirks("legrand", "1cb0:0038").has_interrupts
    assert quirks("powercom", "0d9f:0001").is_interrupt_only
    assert quirks("powercom", "0d9f:0001").interrupt_size == 8
    assert quirks("openups", "04d8:d005").factors["vin"] == 0.1
    assert quirks("tripplite", "09ae:1003").factors == {"battery": 0.1}
    assert quirks("tripplite", "09ae:3024").factors["voltage"] == 100000
    assert quirks("tripplite", "09ae:1330").skipped_reports == (0x54,)
    assert quirks("tripplite", "09ae:4003").factors == {}


def test_a_factor_has_a_row_that_uses_it():
    for vendor in TABLES:
        for device, quirks in vendor.special.items():
            identity = Identity(device)
            for factor in set(quirks.factors) - {cps_values.DOUBTFUL}:
                plain = Known(identity)
                scaled = Known(identity, quirks)
                rows = [row for row in vendor.rows if row.lookup and row.lookup.read]
                assert any(
                    meaning.text(row, 1000, plain) != meaning.text(row, 1000, scaled)
                    for row in rows
                ), (device, factor)

"""Which metric each variable becomes."""

import re

import pytest

from services.web.metrics.naming import Family, naming
from shared.variables import FAMILIES, VARIABLES, Kind, variable

BASE_UNITS = {
    "volts", "amperes", "amperehours", "watts", "voltamperes", "hertz",
    "seconds", "celsius", "degrees", "ratio", "",
}  # fmt: skip
UNIT_OF = {"V": "volts", "A": "amperes", "s": "seconds", "min": "seconds", "%": "ratio"}


def every_name() -> list[str]:
    """Name each variable of the catalogue, with one number and phase where it has any."""
    members = [
        f"{family.name.replace('<n>', '2').replace('<phase>', 'L3')}.{key}"
        for family in FAMILIES
        for key in family.rows
    ]
    return [*VARIABLES, *members]


def placed(name: str) -> tuple[str, dict[str, str]]:
    named = naming(name)
    assert named is not None
    return named.family.name, dict(named.places)


@pytest.mark.parametrize(
    ("name", "metric", "places"),
    [
        ("input.voltage", "nutbus_input_voltage_volts", {"feed": "", "phase": ""}),
        ("input.L2.voltage", "nutbus_input_voltage_volts", {"feed": "", "phase": "L2"}),
        ("input.L1-N.voltage", "nutbus_input_voltage_volts", {"feed": "", "phase": "L1-N"}),
        ("input.2.L1.voltage", "nutbus_input_voltage_volts", {"feed": "2", "phase": "L1"}),
        ("outlet.12.current", "nutbus_outlet_current_amperes", {"outlet": "12"}),
        ("outlet.current", "nutbus_outlet_current_amperes", {"outlet": ""}),
        ("outlet.group.1.realpower", "nutbus_outlet_group_realpower_watts", {"group": "1"}),
        ("ambient.1.temperature", "nutbus_ambient_temperature_celsius", {"sensor": "1"}),
        ("battery.charge", "nutbus_battery_charge_ratio", {}),
        ("battery.runtime", "nutbus_battery_runtime_seconds", {}),
        ("battery.capacity", "nutbus_battery_capacity_amperehours", {}),
        ("output.power", "nutbus_output_power_voltamperes", {"phase": ""}),
        ("output.power.percent", "nutbus_output_power_ratio", {"phase": ""}),
        ("output.powerfactor", "nutbus_output_powerfactor", {"phase": ""}),
        ("outlet.3.status", "nutbus_outlet_status", {"outlet": "3"}),
        ("outlet.count", "nutbus_outlets", {}),
        ("outlet.group.count", "nutbus_outlet_groups", {}),
        ("outlet.group.4.count", "nutbus_outlet_group_outlets", {"group": "4"}),
        ("device.2.ups.load", "nutbus_chain_ups_load_ratio", {"member": "2", "phase": ""}),
        ("upstream.battery.charge", "nutbus_upstream_battery_charge_ratio", {}),
    ],
)
def test_numbers_and_phases_are_labels_and_the_unit_is_the_end(name, metric, places):
    assert placed(name) == (metric, places)


@pytest.mark.parametrize("name", ["ups.model", "ups.status", "nobody.knows", "ups", "battery.date"])
def test_what_is_no_number_has_no_metric(name):
    assert naming(name) is None


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("battery.charge", "57", 0.57),
        ("battery.energysave.delay", "2", 120.0),
        ("input.voltage", " 230.1 ", 230.1),
        ("battery.current", "-2.5", -2.5),
        ("outlet.1.status", "on", 1.0),
        ("outlet.1.status", "Off", 0.0),
        ("outlet.1.switchable", "yes", 1.0),
        ("outlet.1.status", "unknown", None),
        *(
            ("input.voltage", text, None)
            for text in ("", "n/a", "nan", "inf", "-inf", "1_0", "5 V")
        ),
        *(("input.voltage", text, None) for text in ("1e999", "9" * 400, "0x10", "1,5", "\u0663")),
    ],
)
def test_only_what_the_catalogue_expects_is_read(name, text, value):
    named = naming(name)
    assert named is not None
    assert named.value(text) == value


def test_every_number_of_the_catalogue_has_a_name_with_its_unit():
    for name in every_name():
        known, named = variable(name), naming(name)
        assert known is not None
        assert (named is not None) == (known.kind in (Kind.NUMBER, Kind.FLAG)), name
        if named is None:
            continue
        family = named.family
        assert re.fullmatch(r"nutbus(_[a-z0-9]+)+", family.name), name
        assert family.unit in BASE_UNITS
        assert family.name.endswith(family.unit)
        assert family.unit == UNIT_OF.get(known.unit, family.unit)
        assert family.help.isascii()
        assert tuple(label for label, _ in named.places) == family.labels


def test_no_two_variables_share_a_place_and_all_of_a_metric_agree():
    seen: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
    families: dict[str, Family] = {}
    for name in every_name():
        named = naming(name)
        if named is None:
            continue
        key = (named.family.name, named.places)
        assert seen.setdefault(key, name) == name
        assert families.setdefault(named.family.name, named.family) == named.family, name


@pytest.mark.parametrize("name", ["battery.capacity.nominal", "ups.start.battery", "ups.load"])
def test_a_metric_of_a_chain_is_described_alike_whichever_device_is_first(name):
    first, second = naming(f"device.1.{name}"), naming(f"device.2.{name}")
    assert first is not None
    assert second is not None
    assert first.family == second.family
    assert first.places != second.places

"""The catalogue of variables: every row, every family, and names from outside."""

import json
import re
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.variables import FAMILIES, VARIABLES, Kind, Role, variable

SHARED = Path(__file__).parents[3] / "../shared"
NAMES = SHARED / "facts" / "names.json"
DUMPS = SHARED / "ddl"
UNITS = {"", "V", "A", "VA", "W", "Ah", "Hz", "%", "°C", "°", "s", "min"}


def member(family: str) -> str:
    return family.replace("<n>", "7").replace("<phase>", "L2")


MEMBERS = {
    name: variable(name)
    for name in (f"{member(family.name)}.{row}" for family in FAMILIES for row in family.rows)
}
EVERY = {**VARIABLES, **MEMBERS}

THREE_PHASE = [
    f"{domain}.{context}.{spec}"
    for domain in (
        *("input", "input.bypass", "input.servicebypass"),
        *("output", "output.bypass", "output.inverter", "output.servicebypass"),
    )
    for contexts, specs in (
        (("L1-L2", "L2-L3", "L3-L1", "L1-N", "L2-N", "L3-N"), ("voltage", "voltage.nominal")),
        (("L1", "L2", "L3"), ("current", "power", "power.percent", "realpower", "powerfactor")),
        (("N",), ("current",)),
    )
    for context in contexts
    for spec in specs
]

THRESHOLDS = ("status", "low.warning", "low.critical", "high.warning", "high.critical")


@pytest.mark.parametrize("name", EVERY)
def test_every_row_keeps_the_rules_of_the_wire(name: str):
    row = EVERY[name]
    assert row is not None
    assert row.name == name
    assert row.unit in UNITS
    assert row.description.isascii()
    assert row.description.isprintable()
    assert not set(row.description) & set('"\\#{}<>') - {"<"}
    assert row.description[0].isupper()
    assert not row.description.endswith(".")
    assert len(row.description) <= 100


@pytest.mark.parametrize("name", EVERY)
def test_unit_values_and_role_agree_with_the_kind(name: str):
    row = EVERY[name]
    assert row is not None
    assert isinstance(row.role, Role)
    assert bool(row.values) == (row.kind in {Kind.ENUMERATION, Kind.FLAG})
    assert len(set(row.values)) == len(row.values)
    assert row.kind is not Kind.FLAG or len(row.values) == 2
    if row.unit and name != "battery.charge.approx":  # NUT calls that one opaque: "<85"
        assert row.kind is Kind.NUMBER
    if row.role is Role.MEASUREMENT:
        assert row.kind is Kind.NUMBER


def test_no_name_is_written_twice():
    source = (Path(__file__).parents[3] / "shared/variables.py").read_text(encoding="utf-8")
    for table in re.findall(
        r'^_[A-Z]+ = _table\("""\n(.*?)\n"""\)', source, re.DOTALL | re.MULTILINE
    ):
        names = [line.split()[0] for line in table.splitlines()]
        assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.skipif(not NAMES.exists(), reason="../shared/facts is not here")
def test_every_name_that_nut_lists_is_in_the_catalogue():
    names = json.loads(NAMES.read_text(encoding="utf-8"))["variables"]
    assert len(names) == 206
    assert [name for name in names if variable(name) is None] == []


@pytest.mark.skipif(not DUMPS.exists(), reason="../shared/ddl is not here")
def test_nearly_all_that_real_devices_publish_is_in_the_catalogue():
    line = re.compile(r"([A-Za-z][\w.-]*):(?: |$)")
    seen = Counter(
        match[1]
        for dump in DUMPS.rglob("*.dev")
        for text in dump.read_text(encoding="utf-8", errors="replace").splitlines()
        if (match := line.match(text))
    )
    unknown = Counter({name: count for name, count in seen.items() if variable(name) is None})
    assert seen.total() > 20_000
    assert unknown.total() < 0.01 * seen.total(), unknown.most_common(20)


@pytest.mark.parametrize("name", THREE_PHASE)
def test_three_phase_names_are_in_the_catalogue(name: str):
    assert variable(name) is not None


@pytest.mark.parametrize("quantity", ["voltage", "current"])
@pytest.mark.parametrize("place", ["input", "input.L1", "outlet.3", "outlet.group.2", "outlet.0"])
def test_thresholds_are_in_the_catalogue(place: str, quantity: str):
    for suffix in THRESHOLDS:
        assert variable(f"{place}.{quantity}.{suffix}") is not None


@pytest.mark.parametrize(
    ("name", "unit", "kind", "description"),
    [
        ("ups.load", "%", Kind.NUMBER, "Load as a share of what the UPS can carry"),
        ("outlet.5.current", "A", Kind.NUMBER, "Current through outlet 5"),
        ("outlet.0.current", "A", Kind.NUMBER, "Current through all outlets together"),
        ("outlet.group.3.realpower", "W", Kind.NUMBER, "Real power of outlet group 3"),
        ("ambient.2.temperature", "°C", Kind.NUMBER, "Temperature at ambient sensor 2"),
        ("ambient.contacts.3.status", "", Kind.ENUMERATION, "Position of dry contact 3"),
        (
            "ambient.2.contacts.3.name",
            "",
            Kind.TEXT,
            "Name of dry contact 3 of ambient sensor 2",
        ),
        (
            "device.2.ups.load",
            "%",
            Kind.NUMBER,
            "Load as a share of what the UPS can carry (device 2 of the chain)",
        ),
        (
            "device.2.outlet.4.status",
            "",
            Kind.FLAG,
            "Whether outlet 4 has power (device 2 of the chain)",
        ),
        ("device.0.ups.alarm", "", Kind.TEXT, "Alarms that the UPS raises now (whole chain)"),
        ("device.1.serial", "", Kind.TEXT, "Serial number of the device (device 1 of the chain)"),
        ("input.L1-N.voltage", "V", Kind.NUMBER, "Voltage of the input between L1 and neutral"),
        ("input.L2.current", "A", Kind.NUMBER, "Current through the input on phase L2"),
        ("input.N.current", "A", Kind.NUMBER, "Current through the input on the neutral wire"),
        (
            "input.bypass.L1.power",
            "VA",
            Kind.NUMBER,
            "Apparent power of the bypass input on phase L1",
        ),
        ("input.2.voltage", "V", Kind.NUMBER, "Voltage of input feed 2"),
        ("input.2.L3.current", "A", Kind.NUMBER, "Current through input feed 2 on phase L3"),
        (
            "battery.temperature.cell.max",
            "°C",
            Kind.NUMBER,
            "Temperature of the warmest battery cell",
        ),
        (
            "upstream.battery.charge",
            "%",
            Kind.NUMBER,
            "Charge left in the battery (upstream device)",
        ),
        ("driver.parameter.port", "", Kind.TEXT, "Value given to the driver setting port"),
        ("driver.flag.nolock", "", Kind.TEXT, "Driver setting nolock is switched on"),
    ],
)
def test_a_name_with_a_number_or_a_phase_is_described(name, unit, kind, description):
    row = variable(name)
    assert row is not None
    assert (row.name, row.unit, row.kind, row.description) == (name, unit, kind, description)


def test_standard_words_of_enumerations_are_listed():
    beeper, start = variable("ups.beeper.status"), variable("ups.start.auto")
    assert beeper is not None
    assert start is not None
    assert beeper.values == ("enabled", "disabled", "muted")
    assert (start.kind, start.values) == (Kind.FLAG, ("yes", "no"))


@pytest.mark.parametrize("free", ["experimental.ups.mode.buzzwords", "unmapped.ups.flow.flowid"])
def test_trial_and_raw_variables_are_text(free: str):
    row = variable(free)
    assert row is not None
    assert row.kind is Kind.TEXT


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ups",
        "ups.",
        ".ups.load",
        "ups..load",
        "UPS.LOAD",
        "ups.load ",
        "ups.load\n",
        "nonsense.of.mine",
        "outlet.n.current",
        "outlet.<n>.current",
        "outlet.01.current",
        "outlet.12345.current",
        "outlet.-1.current",
        "outlet.\u0661.current",
        "outlet.1.nonsense",
        "input.L4.voltage",
        "input.L1-L1.voltage",
        "device.2.nonsense",
        "device.2.device.3.ups.load",
        "upstream.upstream.ups.load",
        "experimental.",
        'driver.parameter.a"b',
        "driver.parameter.ä",
        "driver.parameter." + "x" * 200,
    ],
)
def test_what_is_no_variable_is_none(name: str):
    assert variable(name) is None


words = st.sampled_from(
    [
        "device",
        "upstream",
        "outlet",
        "group",
        "ambient",
        "input",
        "output",
        "bypass",
        "ups",
        "experimental",
        "driver",
        "parameter",
        "voltage",
        "load",
        "current",
        "status",
        "0",
        "1",
        "17",
        "L1",
        "N",
        "L1-N",
    ]
)


@given(st.text() | st.lists(words | st.text(max_size=4)).map(".".join))
@example("{}.{}")
@example("experimental.{0}")
def test_any_text_is_a_variable_or_none(name: str):
    row = variable(name)
    assert row is None or row.name == name
    assert row is None or not set(row.description) & set('"\\#\n')


def test_a_derived_variable_is_remembered():
    assert variable("outlet.5.current") is variable("outlet.5.current")


def test_hostile_names_do_not_fill_the_memory():
    tracemalloc.start()
    try:
        for number in range(30_000):
            variable(f"experimental.{number:0100}")
            variable(f"hostile.{number:01000}")
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 6_000_000  # 4096 variables with their texts; all 60 000 would be ten times that

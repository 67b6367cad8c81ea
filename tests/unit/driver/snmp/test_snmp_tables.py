"""The mappings of SNMP devices: whole, and understood in every row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols.snmp import finding, values
from services.driver.protocols.snmp.items import instances
from services.driver.protocols.snmp.layout import PARTS, Layout, Unit, part_of
from services.driver.protocols.snmp.registry import MAPPINGS, by_name
from services.driver.protocols.snmp.table import ALARM, ALARMS, INDEX, Flag, Scope
from services.driver.protocols.snmpwire.ber import numbers
from services.driver.protocols.snmpwire.values import Kind, Value
from shared import commands, variables
from shared.errors import SettingsError
from shared.status import MEANING
from shared.topics import is_dotted_name

ROWS = tuple(dict.fromkeys(row for mapping in MAPPINGS for row in mapping.rows))
EVERY_VALUE = st.one_of(
    st.integers(-(2**31), 2**31 - 1).map(lambda each: Value(Kind.INTEGER, each)),
    st.integers(0, 2**32 - 1).map(lambda each: Value(Kind.GAUGE, each)),
    st.integers(0, 2**32 - 1).map(lambda each: Value(Kind.TICKS, each)),
    st.integers(0, 2**64 - 1).map(lambda each: Value(Kind.COUNTER64, each)),
    st.binary(max_size=300).map(lambda each: Value(Kind.OCTETS, each)),
    st.text(max_size=40).map(lambda each: Value(Kind.OCTETS, each.encode())),
    st.just(Value(Kind.OID, "1.3.6.1.2.1.33.1.7.7.3")),
    st.binary(min_size=4, max_size=4).map(lambda each: Value(Kind.ADDRESS, each)),
)


def test_there_are_as_many_rows_as_nut_has():
    assert len(MAPPINGS) == 36
    assert len({id(each.rows) for each in MAPPINGS}) == 31
    assert sum(len(each.rows) + len(each.commands) for each in MAPPINGS) == 2011
    assert sum(len(each.alarms) for each in MAPPINGS) == 73


def test_the_standard_comes_last():
    assert MAPPINGS[-1].id == "ietf"
    assert [each.id for each in by_name("cyberpower")] == ["cyberpower", "cyberpower2"]


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda each: each.id)
def test_every_oid_is_one(mapping):
    oids = [each.oid for each in (*mapping.rows, *mapping.commands, *mapping.alarms)]
    oids += [mapping.system, mapping.test, mapping.power]
    for oid in oids:
        assert oid is None or numbers(oid.replace(INDEX, "7"))


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda each: each.id)
def test_every_row_is_whole(mapping):
    for row in mapping.rows:
        assert row.oid is not None or row.default is not None, row
        assert is_dotted_name(row.variable.replace(INDEX, "1")), row
        assert row.multiplier != 0 or row.is_text, row
        assert INDEX not in row.variable or part_of(row.flags) in PARTS, row
        assert (row.oid or "").count(INDEX) < 2 or Flag.DAISY_1 in row.flags, row
        for _, text in row.lookup.texts if row.lookup and row.variable == "ups.status" else ():
            assert set(text.split()) <= set(MEANING), row


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda each: each.id)
def test_every_variable_and_command_is_in_the_catalogue(mapping):
    named = {each.variable for each in mapping.rows}
    special = {name for name in named if name.endswith(ALARM) or name == ALARMS}
    for name in named - special:
        assert variables.variable(name.replace(INDEX, "1")), name
    for each in mapping.commands:
        assert commands.command(each.name.replace(INDEX, "1")), each.name


@pytest.mark.parametrize("notes", [{}, {values.UNIT: "kelvin"}, {values.UNIT: "fahrenheit"}])
@given(value=EVERY_VALUE)
def test_no_answer_makes_a_conversion_fail(notes, value):
    for row in ROWS:
        text = values.convert(row, value, Scope(dict(notes)))
        assert text is None or isinstance(text, str)


def test_every_text_of_a_lookup_is_told():
    for row in ROWS:
        texts = row.lookup.texts if row.lookup and not row.lookup.read else ()
        for number, text in dict(reversed(texts)).items():
            told = values.convert(row, Value(Kind.INTEGER, number), Scope())
            assert told == text or values.is_invalid(row.flags, number), row


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda each: each.id)
def test_every_template_is_filled(mapping):
    unit = Unit(1, 1, parts=dict.fromkeys(PARTS, (1, 2)))
    chain = Layout((unit, Unit(2, 2, parts=dict.fromkeys(PARTS, (1, 2)))), 2)
    for layout in (Layout((unit,)), chain):
        found = instances(mapping, layout)
        for name, oid in [(x.name, x.oid) for x in found.items + found.orders]:
            assert numbers(oid)
            assert INDEX not in name
        assert not any(INDEX in each.name + each.value for each in found.constants)


def test_a_mapping_is_named_or_refused():
    assert finding.candidates(["auto"]) == MAPPINGS
    assert [each.id for each in finding.candidates(["mge", "ietf"])] == ["mge", "ietf"]
    with pytest.raises(SettingsError, match="'acme' is not known; there are auto, apc_ats"):
        finding.candidates(["acme"])

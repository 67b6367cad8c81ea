"""Mappings of users, as TOML."""

import re
import tomllib

import pytest

from services.driver.protocols.snmp import finding
from services.driver.protocols.snmp.plan import Plan
from services.driver.protocols.snmp.userform import read_table
from services.driver.protocols.snmpwire.values import Kind, Value
from tests.unit.driver.snmp.walks import Player

ACME = """
version = "0.1"
system = ".1.3.6.1.4.1.99999.1"
test = "1.3.6.1.4.1.99999.1.1.0"

[[rows]]
variable = "device.type"
default = "pdu"

[[rows]]
variable = "device.model"
oid = "1.3.6.1.4.1.99999.1.1.0"
text = true
flags = ["static"]

[[rows]]
variable = "ups.status"
oid = "1.3.6.1.4.1.99999.1.2.0"
says = { 1 = "OL", 2 = "OB" }

[[rows]]
variable = "input.voltage"
oid = "1.3.6.1.4.1.99999.1.3.0"
multiplier = 0.1

[[rows]]
variable = "outlet.%i.status"
oid = "1.3.6.1.4.1.99999.2.1.%i"
says = { 0 = "off", 1 = "on" }

[[commands]]
name = "outlet.%i.load.off"
oid = "1.3.6.1.4.1.99999.2.1.%i"
default = "0"
"""
OBJECTS = {
    finding.SYSTEM: Value(Kind.OID, "1.3.6.1.4.1.99999.1"),
    "1.3.6.1.4.1.99999.1.1.0": Value(Kind.OCTETS, b"Acme 8"),
    "1.3.6.1.4.1.99999.1.2.0": Value(Kind.INTEGER, 2),
    "1.3.6.1.4.1.99999.1.3.0": Value(Kind.INTEGER, 2304),
    "1.3.6.1.4.1.99999.2.1.1": Value(Kind.INTEGER, 1),
    "1.3.6.1.4.1.99999.2.1.2": Value(Kind.INTEGER, 0),
}


def test_a_device_is_taught():
    mapping = read_table("acme", tomllib.loads(ACME))
    found = finding.candidates(["acme"], {"acme": mapping})
    assert found == (mapping,)
    agent = Player(OBJECTS)
    search = finding.Search(found)
    while oids := search.ask():
        search.take(agent.get(oids))
    assert search.found is mapping
    plan: Plan = agent.plan(mapping)
    reading = agent.poll(plan)
    assert reading.status == "OB"
    assert reading.variables["input.voltage"] == "230.40"
    assert reading.variables["outlet.2.status"] == "off"
    order = plan.command("outlet.1.load.off", None)
    assert order == {"1.3.6.1.4.1.99999.2.1.1": Value(Kind.INTEGER, 0)}


def test_a_shipped_mapping_is_extended():
    own = '{ variable = "ups.id", oid = "1.3.6.1.2.1.1.5.0", text = true }'
    mapping = read_table("mine", tomllib.loads(f'extends = "ietf"\nrows = [{own}]'))
    assert mapping.rows[-1].variable == "ups.id"
    assert len(mapping.rows) > 50
    assert mapping.commands


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('"1.3.6.1.4.1.99999.1.2.0"', '"ups.status"'), "rows[2] 'ups.status'.oid: an OID"),
        (("multiplier = 0.1", "multiplier = 0"), "rows[3] 'input.voltage': multiplier: not 0"),
        (('flags = ["static"]', 'flags = ["stable"]'), "flag 'stable' is not known"),
        (("says = { 1", "says = { one"), "'one' is no whole number"),
        (('default = "pdu"', ""), "rows[0] 'device.type': an oid, or a default"),
        (('"outlet.%i.load.off"', '"load %i"'), "commands[0] 'load %i'.name"),
        (('"input.voltage"', '"input.%i.voltage"'), "%i stands for an outlet"),
        (("multiplier", "multiplyer"), "multiplyer"),
        (('version = "0.1"', 'extends = "acme"'), "no mapping is called 'acme'"),
    ],
)
def test_what_is_wrong_is_named(change, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        read_table("acme", tomllib.loads(ACME.replace(*change)))


def test_an_empty_file_is_no_mapping():
    with pytest.raises(ValueError, match="there are none"):
        read_table("acme", {})

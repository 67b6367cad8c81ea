"""What PDUs of HPE, third generation say under SNMP."""

from services.driver.protocols.snmp.table import Command, Flag, Lookup, Mapping, Row

_HPE_CIS_OUTLET_GROUP_TYPE = Lookup(
    "hpe_cis_outlet_group_type",
    texts=(
        (2, "breaker1pole"),
        (3, "breaker2pole"),
        (4, "breaker3pole"),
        (5, "outlet-section"),
    ),
)
_HPE_CIS_UNIT_SWITCHABILITY = Lookup(
    "hpe_cis_unit_switchability",
    texts=(
        (1, "yes"),
        (2, "no"),
    ),
)
_HPE_CIS_OUTLET_STATUS = Lookup(
    "hpe_cis_outlet_status",
    texts=(
        (1, "off"),
        (2, "on"),
        (3, "pendingOff"),
        (4, "pendingOn"),
    ),
)
_HPE_CIS_OUTLET_TYPE = Lookup(
    "hpe_cis_outlet_type",
    texts=(
        (1, "iecC13"),
        (2, "iecC19"),
        (10, "uk"),
        (11, "french"),
        (12, "schuko"),
        (20, "nema515"),
        (21, "nema51520"),
        (22, "nema520"),
        (23, "nemaL520"),
        (24, "nemaL530"),
        (25, "nema615"),
        (26, "nema620"),
        (27, "nemaL620"),
        (28, "nemaL630"),
        (29, "nemaL715"),
        (30, "rf203p277"),
    ),
)
_HPE_CIS_OUTLET_SWITCHABILITY = Lookup(
    "hpe_cis_outlet_switchability",
    texts=(
        (1, "yes"),
        (2, "no"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    Row(
        "device.mfr",
        "1.3.6.1.4.1.232.165.11.1.2.1.4.1",
        length=128,
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("device.model", "1.3.6.1.4.1.232.165.11.1.2.1.3.1", length=128, is_text=True),
    Row("device.firmware", "1.3.6.1.4.1.232.165.11.1.2.1.5.1", length=128, is_text=True),
    Row("device.part", "1.3.6.1.4.1.232.165.11.1.2.1.7.1", length=128, is_text=True),
    Row("device.serial", "1.3.6.1.4.1.232.165.11.1.2.1.8.1", length=128, is_text=True),
    Row("device.macaddr", "1.3.6.1.4.1.232.165.11.1.2.1.14.1", length=128, is_text=True),
    Row("device.type", length=128, default="pdu", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    # input
    Row("input.phases", "1.3.6.1.4.1.232.165.11.1.2.1.11.1"),
    Row(
        "input.power",
        "1.3.6.1.4.1.232.165.11.2.1.1.4.1",
        multiplier=0.001,
        flags=Flag.NEGINVALID | Flag.UNIQUE,
    ),
    Row(
        "input.realpower",
        "1.3.6.1.4.1.232.165.11.2.1.1.5.1",
        multiplier=0.001,
        flags=Flag.NEGINVALID | Flag.UNIQUE,
    ),
    Row("input.current.nominal", "1.3.6.1.4.1.232.165.11.2.2.1.10.1.1", multiplier=0.01),
    Row("input.current", "1.3.6.1.4.1.232.165.11.2.2.1.11.1.1", multiplier=0.01),
    Row("input.voltage", "1.3.6.1.4.1.232.165.11.2.2.1.3.1.1", multiplier=0.1),
    Row("input.frequency", "1.3.6.1.4.1.232.165.11.2.1.1.2.1", multiplier=0.1),
    # outlet
    Row("outlet.group.count", "1.3.6.1.4.1.232.165.11.1.2.1.12.1"),
    Row(
        "outlet.group.%i.name",
        "1.3.6.1.4.1.232.165.11.3.1.1.2.1.%i",
        length=128,
        flags=Flag.STATIC | Flag.OUTLET_GROUP,
        is_text=True,
    ),
    Row(
        "outlet.group.%i.type",
        "1.3.6.1.4.1.232.165.11.3.1.1.3.1.%i",
        length=128,
        flags=Flag.STATIC | Flag.OUTLET_GROUP,
        lookup=_HPE_CIS_OUTLET_GROUP_TYPE,
        is_text=True,
    ),
    Row(
        "outlet.group.%i.load",
        "1.3.6.1.4.1.232.165.11.3.1.1.18.1.%i",
        flags=Flag.NEGINVALID | Flag.OUTLET_GROUP,
    ),
    Row(
        "outlet.group.%i.current",
        "1.3.6.1.4.1.232.165.11.3.1.1.12.1.%i",
        multiplier=0.01,
        flags=Flag.OUTLET_GROUP,
    ),
    Row(
        "outlet.group.%i.voltage",
        "1.3.6.1.4.1.232.165.11.3.1.1.5.1.%i",
        multiplier=0.1,
        flags=Flag.OUTLET_GROUP,
    ),
    Row("outlet.group.%i.count", "1.3.6.1.4.1.232.165.11.3.1.1.25.1.1", flags=Flag.OUTLET_GROUP),
    Row("outlet.count", "1.3.6.1.4.1.232.165.11.1.2.1.13.1"),
    Row(
        "outlet.switchable",
        "1.3.6.1.4.1.232.165.11.1.2.1.10.1",
        length=128,
        default="no",
        flags=Flag.STATIC,
        lookup=_HPE_CIS_UNIT_SWITCHABILITY,
        is_text=True,
    ),
    Row(
        "outlet.%i.status",
        "1.3.6.1.4.1.232.165.11.5.2.1.1.1.%i",
        length=128,
        flags=Flag.OUTLET,
        lookup=_HPE_CIS_OUTLET_STATUS,
        is_text=True,
    ),
    Row(
        "outlet.%i.name",
        "1.3.6.1.4.1.232.165.11.5.1.1.2.1.%i",
        length=128,
        flags=Flag.OUTLET,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "outlet.%i.type",
        "1.3.6.1.4.1.232.165.11.5.1.1.3.1.%i",
        length=128,
        default="unknown",
        flags=Flag.STATIC | Flag.OUTLET,
        lookup=_HPE_CIS_OUTLET_TYPE,
        is_text=True,
    ),
    Row(
        "outlet.%i.current.nominal",
        "1.3.6.1.4.1.232.165.11.5.1.1.4.1.%i",
        multiplier=0.01,
        flags=Flag.NEGINVALID | Flag.OUTLET,
    ),
    Row(
        "outlet.%i.current",
        "1.3.6.1.4.1.232.165.11.5.1.1.5.1.%i",
        multiplier=0.01,
        flags=Flag.NEGINVALID | Flag.OUTLET,
    ),
    Row(
        "outlet.%i.load",
        "1.3.6.1.4.1.232.165.11.5.1.1.11.1.%i",
        flags=Flag.NEGINVALID | Flag.OUTLET,
    ),
    Row(
        "outlet.%i.power",
        "1.3.6.1.4.1.232.165.11.5.1.1.12.1.%i",
        flags=Flag.NEGINVALID | Flag.OUTLET,
    ),
    Row(
        "outlet.%i.realpower",
        "1.3.6.1.4.1.232.165.11.5.1.1.13.1.%i",
        flags=Flag.NEGINVALID | Flag.OUTLET,
    ),
    Row(
        "outlet.%i.switchable",
        "1.3.6.1.4.1.232.165.11.5.2.1.8.1.%i",
        length=128,
        default="no",
        flags=Flag.UNIQUE | Flag.OUTLET | Flag.DAISY_1,
        lookup=_HPE_CIS_OUTLET_SWITCHABILITY,
        is_text=True,
    ),
)

COMMANDS = (
    Command(
        "outlet.%i.load.off", "1.3.6.1.4.1.232.165.11.5.2.1.2.1.%i", default="0", flags=Flag.OUTLET
    ),
    Command(
        "outlet.%i.load.on", "1.3.6.1.4.1.232.165.11.5.2.1.3.1.%i", default="0", flags=Flag.OUTLET
    ),
    Command(
        "outlet.%i.load.cycle",
        "1.3.6.1.4.1.232.165.11.5.2.1.4.1.%i",
        default="0",
        flags=Flag.OUTLET,
    ),
    Command("outlet.%i.load.off.delay", "1.3.6.1.4.1.232.165.11.5.2.1.2.1.%i", flags=Flag.OUTLET),
    Command("outlet.%i.load.on.delay", "1.3.6.1.4.1.232.165.11.5.2.1.3.1.%i", flags=Flag.OUTLET),
    Command("outlet.%i.load.cycle.delay", "1.3.6.1.4.1.232.165.11.5.2.1.4.1.%i", flags=Flag.OUTLET),
)

MAPPINGS = (
    Mapping(
        "hpe_pdu3_cis",
        "hpe_pdu3_cis",
        "0.10",
        ROWS,
        commands=COMMANDS,
        system="1.3.6.1.4.1.232.165.11",
        test="1.3.6.1.4.1.232.165.11.1.2.1.3.1",
    ),
)

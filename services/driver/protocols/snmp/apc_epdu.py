"""What Easy PDUs of APC say under SNMP."""

from services.driver.protocols.snmp.table import Flag, Lookup, Mapping, Row

_APC_EPDU_SW_OUTLET_STATUS = Lookup(
    "apc_epdu_sw_outlet_status",
    texts=(
        (1, "off"),
        (2, "on"),
    ),
)
_APC_EPDU_SW_OUTLET_SWITCHABILITY = Lookup(
    "apc_epdu_sw_outlet_switchability",
    texts=(
        (1, "yes"),
        (2, "yes"),
    ),
)

ROWS = (
    # device
    Row("device.mfr", length=128, default="APC", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "device.model",
        "1.3.6.1.4.1.318.1.1.30.2.1.1.4.1",
        length=128,
        default="Easy ePDU",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("device.type", length=128, default="pdu", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, flags=Flag.STALE, is_text=True),
    Row("device.description", "1.3.6.1.2.1.1.5.0", length=128, flags=Flag.STALE, is_text=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, flags=Flag.STALE, is_text=True),
    Row("device.uptime", "1.3.6.1.2.1.1.3.0", flags=Flag.NEGINVALID),
    Row(
        "device.serial",
        "1.3.6.1.4.1.318.1.1.30.2.1.1.5.1",
        length=128,
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "device.part",
        "1.3.6.1.4.1.318.1.1.30.2.1.1.4.1",
        length=128,
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "device.version",
        "1.3.6.1.4.1.318.1.1.30.2.1.1.3.1",
        length=128,
        flags=Flag.STATIC,
        is_text=True,
    ),
    # input
    Row("input.phases", "1.3.6.1.4.1.318.1.1.30.3.0"),
    Row("input.realpower", "1.3.6.1.4.1.318.1.1.30.2.1.1.7.1", flags=Flag.NEGINVALID),
    Row(
        "input.voltage",
        "1.3.6.1.4.1.318.1.1.30.4.2.1.4.1",
        multiplier=0.1,
        flags=Flag.NEGINVALID | Flag.INPUT_1,
    ),
    Row(
        "input.current",
        "1.3.6.1.4.1.318.1.1.30.4.2.1.5.1",
        multiplier=0.01,
        flags=Flag.NEGINVALID | Flag.INPUT_1,
    ),
    Row(
        "input.L1-N.voltage",
        "1.3.6.1.4.1.318.1.1.30.4.2.1.4.1",
        multiplier=0.1,
        flags=Flag.NEGINVALID | Flag.INPUT_3,
    ),
    Row(
        "input.L2-N.voltage",
        "1.3.6.1.4.1.318.1.1.30.4.2.1.4.2",
        multiplier=0.1,
        flags=Flag.NEGINVALID | Flag.INPUT_3,
    ),
    Row(
        "input.L3-N.voltage",
        "1.3.6.1.4.1.318.1.1.30.4.2.1.4.3",
        multiplier=0.1,
        flags=Flag.NEGINVALID | Flag.INPUT_3,
    ),
    Row(
        "input.L1.current",
        "1.3.6.1.4.1.318.1.1.30.4.2.1.5.1",
        multiplier=0.01,
        flags=Flag.NEGINVALID | Flag.INPUT_3,
    ),
    Row(
        "input.L2.current",
        "1.3.6.1.4.1.318.1.1.30.4.2.1.5.2",
        multiplier=0.01,
        flags=Flag.NEGINVALID | Flag.INPUT_3,
    ),
    Row(
        "input.L3.current",
        "1.3.6.1.4.1.318.1.1.30.4.2.1.5.3",
        multiplier=0.01,
        flags=Flag.NEGINVALID | Flag.INPUT_3,
    ),
    Row(
        "input.L1.realpower",
        "1.3.6.1.4.1.318.1.1.30.4.2.1.6.1",
        flags=Flag.NEGINVALID | Flag.INPUT_3,
    ),
    Row(
        "input.L2.realpower",
        "1.3.6.1.4.1.318.1.1.30.4.2.1.6.2",
        flags=Flag.NEGINVALID | Flag.INPUT_3,
    ),
    Row(
        "input.L3.realpower",
        "1.3.6.1.4.1.318.1.1.30.4.2.1.6.3",
        flags=Flag.NEGINVALID | Flag.INPUT_3,
    ),
    # outlet
    Row("outlet.count", "1.3.6.1.4.1.318.1.1.30.5.0", flags=Flag.STATIC),
    Row(
        "outlet.%i.id",
        "1.3.6.1.4.1.318.1.1.30.6.1.1.1.%i",
        default="%i",
        flags=Flag.STATIC | Flag.NEGINVALID | Flag.OUTLET,
    ),
    Row("outlet.%i.name", "1.3.6.1.4.1.318.1.1.30.6.2.1.2.%i", flags=Flag.NEGINVALID | Flag.OUTLET),
    Row("outlet.%i.desc", default="Outlet %i", flags=Flag.STATIC | Flag.ABSENT | Flag.OUTLET),
    Row(
        "outlet.%i.status",
        "1.3.6.1.4.1.318.1.1.30.6.1.1.4.%i",
        length=128,
        flags=Flag.NEGINVALID | Flag.OUTLET,
        lookup=_APC_EPDU_SW_OUTLET_STATUS,
        is_text=True,
    ),
    Row(
        "outlet.%i.switchable",
        "1.3.6.1.4.1.318.1.1.30.6.1.1.4.%i",
        length=128,
        default="yes",
        flags=Flag.STATIC | Flag.ABSENT | Flag.OUTLET,
        lookup=_APC_EPDU_SW_OUTLET_SWITCHABILITY,
        is_text=True,
    ),
)

MAPPINGS = (Mapping("apc_pdu_epdu", "apc", "0.10", ROWS, system="1.3.6.1.4.1.318.1.3.4.9"),)

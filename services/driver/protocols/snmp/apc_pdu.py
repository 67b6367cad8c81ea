"""What switched PDUs of APC say under SNMP."""

from services.driver.protocols.snmp.table import Flag, Lookup, Mapping, Row

_APC_PDU_SW_OUTLET_STATUS = Lookup(
    "apc_pdu_sw_outlet_status",
    texts=(
        (1, "on"),
        (2, "off"),
    ),
)
_APC_PDU_SW_OUTLET_SWITCHABILITY = Lookup(
    "apc_pdu_sw_outlet_switchability",
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
        "1.3.6.1.4.1.318.1.1.4.1.4.0",
        length=128,
        default="Switched ePDU",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("device.type", length=128, default="pdu", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, flags=Flag.STALE, is_text=True),
    Row("device.description", "1.3.6.1.2.1.1.5.0", length=128, flags=Flag.STALE, is_text=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, flags=Flag.STALE, is_text=True),
    Row("device.uptime", "1.3.6.1.2.1.1.3.0", flags=Flag.NEGINVALID),
    Row(
        "device.serial", "1.3.6.1.4.1.318.1.1.4.1.5.0", length=128, flags=Flag.STATIC, is_text=True
    ),
    Row("device.part", "1.3.6.1.4.1.318.1.1.4.1.4.0", length=128, flags=Flag.STATIC, is_text=True),
    Row(
        "device.version", "1.3.6.1.4.1.318.1.1.4.1.1.0", length=128, flags=Flag.STATIC, is_text=True
    ),
    # ups
    Row("ups.firmware", "1.3.6.1.4.1.318.1.1.4.1.2.0", length=128, is_text=True),
    Row("ups.date", "1.3.6.1.4.1.318.1.1.4.1.3.0", length=128, is_text=True),
    # input
    Row("input.realpower", "1.3.6.1.4.1.318.1.1.12.1.16.0"),
    Row("input.current", "1.3.6.1.4.1.318.1.1.12.2.3.1.1.2.1", multiplier=0.1),
    Row("input.voltage.nominal", "1.3.6.1.4.1.318.1.1.12.1.15.0", flags=Flag.NEGINVALID),
    # outlet
    Row("outlet.count", "1.3.6.1.4.1.318.1.1.4.4.1.0", flags=Flag.STATIC),
    Row(
        "outlet.%i.id",
        "1.3.6.1.4.1.318.1.1.4.4.2.1.1.%i",
        default="%i",
        flags=Flag.STATIC | Flag.OUTLET,
    ),
    Row(
        "outlet.%i.desc",
        "1.3.6.1.4.1.318.1.1.4.4.2.1.4.%i",
        length=128,
        flags=Flag.STALE | Flag.OUTLET,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "outlet.%i.status",
        "1.3.6.1.4.1.318.1.1.4.4.2.1.3.%i",
        length=128,
        flags=Flag.OUTLET,
        lookup=_APC_PDU_SW_OUTLET_STATUS,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "outlet.%i.switchable",
        "1.3.6.1.4.1.318.1.1.4.4.2.1.3.%i",
        length=128,
        default="yes",
        flags=Flag.STATIC | Flag.ABSENT | Flag.OUTLET,
        lookup=_APC_PDU_SW_OUTLET_SWITCHABILITY,
        is_text=True,
    ),
)

MAPPINGS = (
    Mapping(
        "apc_pdu_rpdu",
        "apc_pdu",
        "0.40",
        ROWS,
        system="1.3.6.1.4.1.318.1.3.4.4",
        test="1.3.6.1.4.1.318.1.1.4.1.4.0",
    ),
    Mapping(
        "apc_pdu_rpdu2",
        "apc_pdu",
        "0.40",
        ROWS,
        system="1.3.6.1.4.1.318.1.3.4.5",
        test="1.3.6.1.4.1.318.1.1.4.1.4.0",
    ),
    Mapping(
        "apc_pdu_msp",
        "apc_pdu",
        "0.40",
        ROWS,
        system="1.3.6.1.4.1.318.1.3.4.6",
        test="1.3.6.1.4.1.318.1.1.4.1.4.0",
    ),
)

"""What transfer switches of APC say under SNMP."""

from services.driver.protocols.snmp.table import Flag, Lookup, Mapping, Row

_APC_ATS_SENSITIVITY = Lookup(
    "apc_ats_sensitivity",
    texts=(
        (1, "high"),
        (2, "low"),
    ),
)
_APC_ATS_OUTPUT_STATUS = Lookup(
    "apc_ats_output_status",
    texts=(
        (1, "OFF"),
        (2, "OL"),
    ),
)
_APC_ATS_OUTLETGROUPS_NAME = Lookup(
    "apc_ats_outletgroups_name",
    texts=(
        (1, "total"),
        (2, "bank1"),
        (3, "bank2"),
    ),
)
_APC_ATS_OUTLETGROUPS_STATUS = Lookup(
    "apc_ats_outletgroups_status",
    texts=(
        (1, "OL"),
        (2, ""),
        (3, ""),
        (4, "OVER"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    Row("device.type", length=128, default="ats", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row("device.mfr", length=128, default="APC", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row("device.model", "1.3.6.1.4.1.318.1.1.8.1.5.0", length=128, is_text=True),
    # ups
    Row("ups.firmware", "1.3.6.1.4.1.318.1.1.8.1.1.0", length=128, is_text=True),
    Row("ups.firmware.aux", "1.3.6.1.4.1.318.1.1.8.1.2.0", length=128, is_text=True),
    Row("device.serial", "1.3.6.1.4.1.318.1.1.8.1.6.0", length=128, is_text=True),
    # ups
    Row("ups.mfr.date", "1.3.6.1.4.1.318.1.1.8.1.4.0", length=128, is_text=True),
    Row("ups.id", "1.3.6.1.4.1.318.1.1.8.4.1.0", length=128, is_text=True),
    # input
    Row("input.voltage.nominal", "1.3.6.1.4.1.318.1.1.8.1.7.0"),
    Row("input.frequency.nominal", "1.3.6.1.4.1.318.1.1.8.1.8.0"),
    Row("input.source", "1.3.6.1.4.1.318.1.1.8.5.1.2.0"),
    Row("input.source.preferred", "1.3.6.1.4.1.318.1.1.8.4.2.0", is_writable=True),
    Row("input.1.voltage", "1.3.6.1.4.1.318.1.1.8.5.3.3.1.3.1.1.1"),
    Row("input.2.voltage", "1.3.6.1.4.1.318.1.1.8.5.3.3.1.3.2.1.1"),
    Row("input.1.frequency", "1.3.6.1.4.1.318.1.1.8.5.3.2.1.4.1"),
    Row("input.2.frequency", "1.3.6.1.4.1.318.1.1.8.5.3.2.1.4.2"),
    Row(
        "input.sensitivity",
        "1.3.6.1.4.1.318.1.1.8.4.4.0",
        lookup=_APC_ATS_SENSITIVITY,
        is_writable=True,
    ),
    Row("input.count", "1.3.6.1.4.1.318.1.1.8.5.3.1.0"),
    # output
    Row("output.frequency", "1.3.6.1.4.1.318.1.1.8.5.4.2.1.4.1"),
    Row("output.voltage", "1.3.6.1.4.1.318.1.1.8.5.4.5.1.6.1"),
    Row("ups.status", "1.3.6.1.4.1.318.1.1.8.5.1.15.0", lookup=_APC_ATS_OUTPUT_STATUS),
    # outlet
    Row("outlet.group.count", "1.3.6.1.4.1.318.1.1.8.5.4.4.0"),
    Row("outlet.group.%i.id", "1.3.6.1.4.1.318.1.1.8.5.4.5.1.1.%i", flags=Flag.OUTLET_GROUP),
    Row(
        "outlet.group.%i.name",
        "1.3.6.1.4.1.318.1.1.8.5.4.5.1.3.%i",
        length=128,
        flags=Flag.STATIC | Flag.OUTLET_GROUP,
        lookup=_APC_ATS_OUTLETGROUPS_NAME,
        is_text=True,
    ),
    Row(
        "outlet.group.%i.current",
        "1.3.6.1.4.1.318.1.1.8.5.4.5.1.4.%i",
        multiplier=0.1,
        flags=Flag.OUTLET_GROUP,
    ),
    Row(
        "outlet.group.%i.status",
        "1.3.6.1.4.1.318.1.1.8.5.4.5.1.5.%i",
        length=128,
        flags=Flag.OUTLET_GROUP,
        lookup=_APC_ATS_OUTLETGROUPS_STATUS,
        is_text=True,
    ),
    Row("outlet.group.%i.voltage", "1.3.6.1.4.1.318.1.1.8.5.4.5.1.6.%i", flags=Flag.OUTLET_GROUP),
    Row(
        "outlet.group.%i.realpower",
        "1.3.6.1.4.1.318.1.1.8.5.4.5.1.15.%i",
        flags=Flag.NEGINVALID | Flag.OUTLET_GROUP,
    ),
)

MAPPINGS = (
    Mapping(
        "apc_ats",
        "apc_ats",
        "0.60",
        ROWS,
        system="1.3.6.1.4.1.318.1.3.11",
        test="1.3.6.1.4.1.318.1.1.8.1.5.0",
    ),
)

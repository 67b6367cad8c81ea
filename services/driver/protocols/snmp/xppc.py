"""What UPSes of Phoenixtec (XPPC-MIB) say under SNMP."""

from services.driver.protocols.snmp.table import Flag, Lookup, Mapping, Row

_XPCC_ONBATT = Lookup(
    "xpcc_onbatt",
    texts=(
        (1, ""),
        (2, ""),
        (3, "LB"),
    ),
)
_XPCC_POWER = Lookup(
    "xpcc_power",
    texts=(
        (1, ""),
        (2, "OL"),
        (3, "OB"),
        (4, "OL BOOST"),
        (5, "OFF"),
        (6, "BYPASS"),
        (7, ""),
        (8, "OFF"),
        (9, "OL TRIM"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    # ups
    Row(
        "ups.mfr",
        length=128,
        default="Tripp Lite / Phoenixtec",
        flags=Flag.STATIC | Flag.ABSENT,
        is_text=True,
    ),
    Row(
        "ups.model",
        "1.3.6.1.4.1.935.1.1.1.1.1.1.0",
        length=128,
        default="Generic Phoenixtec SNMP device",
        is_text=True,
    ),
    Row("ups.firmware.aux", "1.3.6.1.4.1.935.1.1.1.1.2.4.0", length=128, is_text=True),
    Row(
        "ups.status",
        "1.3.6.1.4.1.935.1.1.1.2.1.1.0",
        length=128,
        default="",
        flags=Flag.TYPE_INT | Flag.STATUS_BATT,
        lookup=_XPCC_ONBATT,
        is_text=True,
    ),
    # battery
    Row("battery.charge", "1.3.6.1.4.1.935.1.1.1.2.2.1.0", flags=Flag.TYPE_INT),
    Row("battery.voltage", "1.3.6.1.4.1.935.1.1.1.2.2.2.0", multiplier=0.1, flags=Flag.TYPE_INT),
    Row("ups.temperature", "1.3.6.1.4.1.935.1.1.1.2.2.3.0", multiplier=0.1, flags=Flag.TYPE_INT),
    Row("battery.runtime", "1.3.6.1.4.1.935.1.1.1.2.2.4.0", flags=Flag.TYPE_INT),
    # input
    Row("input.voltage", "1.3.6.1.4.1.935.1.1.1.3.2.1.0", multiplier=0.1, flags=Flag.TYPE_INT),
    Row("input.frequency", "1.3.6.1.4.1.935.1.1.1.3.2.4.0", multiplier=0.1, flags=Flag.TYPE_INT),
    Row(
        "ups.status",
        "1.3.6.1.4.1.935.1.1.1.4.1.1.0",
        length=128,
        default="",
        flags=Flag.TYPE_INT | Flag.STATUS_PWR,
        lookup=_XPCC_POWER,
        is_text=True,
    ),
    # output
    Row("output.voltage", "1.3.6.1.4.1.935.1.1.1.4.2.1.0", multiplier=0.1, flags=Flag.TYPE_INT),
    Row("output.frequency", "1.3.6.1.4.1.935.1.1.1.4.2.2.0", multiplier=0.1, flags=Flag.TYPE_INT),
    Row("ups.load", "1.3.6.1.4.1.935.1.1.1.4.2.3.0", flags=Flag.TYPE_INT),
    Row(
        "output.voltage.nominal",
        "1.3.6.1.4.1.935.1.1.1.5.2.1.0",
        multiplier=0.1,
        flags=Flag.TYPE_INT,
    ),
)

MAPPINGS = (Mapping("xppc", "xppc", "0.41", ROWS, system="1.3.6.1.4.1.935"),)

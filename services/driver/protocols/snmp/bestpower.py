"""What UPSes of Best Power say under SNMP."""

from services.driver.protocols.snmp.table import Flag, Lookup, Mapping, Row

_BESTPOWER_POWER_STATUS = Lookup(
    "bestpower_power_status",
    texts=(
        (1, "OL"),
        (2, "OB"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    Row("device.type", length=128, default="ups", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    # ups
    Row("ups.mfr", length=128, default="EATON", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "ups.model",
        "1.3.6.1.4.1.2947.1.1.2.0",
        length=128,
        default="Best Ferrups",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.serial",
        "1.3.6.1.4.1.2947.1.1.5.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.firmware",
        "1.3.6.1.4.1.2947.1.1.7.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("ups.power", "1.3.6.1.4.1.2947.1.1.3.0", default=""),
    Row("ups.mfr.date", "1.3.6.1.4.1.2947.1.1.8.0", length=128, default="", is_text=True),
    Row(
        "ups.status",
        "1.3.6.1.4.1.2947.1.2.1.0",
        length=128,
        default="",
        lookup=_BESTPOWER_POWER_STATUS,
        is_text=True,
    ),
    # battery
    Row("battery.runtime", "1.3.6.1.4.1.2947.1.2.3.0", multiplier=60, default=""),
    Row("battery.runtime.elapsed", "1.3.6.1.4.1.2947.1.2.2.0", default=""),
    Row("battery.voltage", "1.3.6.1.4.1.2947.1.2.4.0", multiplier=0.1, default=""),
    Row("battery.current", "1.3.6.1.4.1.2947.1.2.5.0", multiplier=0.1, default=""),
)

MAPPINGS = (
    Mapping(
        "bestpower",
        "bestpower",
        "0.40",
        ROWS,
        system="1.3.6.1.4.1.2947.1.1.2.0",
        test="1.3.6.1.4.1.2947.1.1.2.0",
    ),
)

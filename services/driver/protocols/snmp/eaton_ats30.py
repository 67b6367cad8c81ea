"""What ATS30 transfer switches of Eaton say under SNMP."""

from services.driver.protocols.snmp.table import Flag, Lookup, Mapping, Row

_EATON_ATS30_SOURCE = Lookup(
    "eaton_ats30_source",
    texts=(
        (1, "init"),
        (2, "diagnosis"),
        (3, "off"),
        (4, "1"),
        (5, "2"),
        (6, "safe"),
        (7, "fault"),
    ),
)
_EATON_ATS30_STATUS = Lookup(
    "eaton_ats30_status",
    texts=(
        (0, "OL"),
        (1, "OL"),
        (2, "OFF"),
        (3, "OFF"),
        (4, "OL OVER"),
        (5, "OL OVER"),
        (6, "OFF OVER"),
        (7, "OFF OVER"),
        (8, "OL"),
        (9, "OL"),
        (10, "OFF"),
        (11, "OFF"),
        (12, "OL OVER"),
        (13, "OL OVER"),
        (14, "OFF OVER"),
        (15, "OFF OVER"),
    ),
)
_EATON_ATS30_INPUT_SENSITIVITY = Lookup(
    "eaton_ats30_input_sensitivity",
    texts=(
        (1, "high"),
        (2, "low"),
    ),
)

ROWS = (
    # device
    Row("device.type", length=128, default="ats", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    Row("device.mfr", "1.3.6.1.4.1.534.10.1.1.1.0", length=128, flags=Flag.STATIC, is_text=True),
    Row("device.model", "1.3.6.1.4.1.534.10.1.2.1.0", length=128, flags=Flag.STATIC, is_text=True),
    Row("ups.firmware", "1.3.6.1.4.1.534.10.1.2.2.0", length=128, is_text=True),
    Row("device.serial", "1.3.6.1.4.1.534.10.1.2.4.0", length=128, is_text=True),
    # input
    Row("input.1.id", "1.3.6.1.4.1.534.10.1.3.1.1.1.1"),
    Row("input.2.id", "1.3.6.1.4.1.534.10.1.3.1.1.1.2"),
    Row("input.1.voltage", "1.3.6.1.4.1.534.10.1.3.1.1.2.1", multiplier=0.1),
    Row("input.2.voltage", "1.3.6.1.4.1.534.10.1.3.1.1.2.2", multiplier=0.1),
    Row("input.1.frequency", "1.3.6.1.4.1.534.10.1.3.1.1.3.1", multiplier=0.1),
    Row("input.2.frequency", "1.3.6.1.4.1.534.10.1.3.1.1.3.2", multiplier=0.1),
    # output
    Row("output.voltage", "1.3.6.1.4.1.534.10.1.3.2.1.0", multiplier=0.1),
    Row("output.current", "1.3.6.1.4.1.534.10.1.3.2.2.0", multiplier=0.1),
    Row("ups.temperature", "1.3.6.1.4.1.534.10.1.3.3.0"),
    Row("device.uptime", "1.3.6.1.4.1.534.10.1.3.5.0"),
    Row("input.source", "1.3.6.1.4.1.534.10.1.3.7.0", lookup=_EATON_ATS30_SOURCE),
    Row("ups.status", "1.3.6.1.4.1.534.10.1.4.5.0", lookup=_EATON_ATS30_STATUS),
    # input
    Row("input.source.preferred", "1.3.6.1.4.1.534.10.1.6.5.0", is_writable=True),
    Row(
        "input.sensitivity",
        "1.3.6.1.4.1.534.10.1.6.6.0",
        lookup=_EATON_ATS30_INPUT_SENSITIVITY,
        is_writable=True,
    ),
)

MAPPINGS = (
    Mapping(
        "eaton_ats30",
        "eaton_ats30",
        "0.03",
        ROWS,
        system="1.3.6.1.4.1.534.10.1",
        test="1.3.6.1.4.1.534.10.1.2.1.0",
    ),
)

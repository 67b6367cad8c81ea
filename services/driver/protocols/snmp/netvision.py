"""What UPSes of Socomec with a Net Vision card say under SNMP."""

from services.driver.protocols.snmp.table import Flag, Lookup, Mapping, Row

_NETVISION_BATT = Lookup(
    "netvision_batt",
    texts=(
        (2, ""),
        (3, "LB"),
        (4, "LB"),
        (5, "DISCHRG"),
        (6, "RB"),
    ),
)
_NETVISION_OUTPUT = Lookup(
    "netvision_output",
    texts=(
        (1, ""),
        (2, ""),
        (3, "OL"),
        (4, ""),
        (5, "OL BYPASS"),
        (6, "OFF"),
        (7, "OL BYPASS"),
        (8, "OFF"),
        (9, ""),
    ),
)
_NETVISION_ONBATT = Lookup(
    "netvision_onbatt",
    texts=(
        (0, "OL"),
        (1, "OB"),
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
        "1.3.6.1.4.1.4555.1.1.1.1.1.3.0",
        length=128,
        default="SOCOMEC SICON UPS",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.model",
        "1.3.6.1.4.1.4555.1.1.1.1.1.1.0",
        length=128,
        default="Generic SNMP UPS",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.serial",
        "1.3.6.1.4.1.4555.1.1.1.1.1.4.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.firmware.aux",
        "1.3.6.1.4.1.4555.1.1.1.1.1.2.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.4555.1.1.1.1.2.1.0",
        length=128,
        default="",
        flags=Flag.STATUS_BATT,
        lookup=_NETVISION_BATT,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.4555.1.1.1.1.4.1.0",
        length=128,
        default="",
        flags=Flag.STATUS_PWR,
        lookup=_NETVISION_OUTPUT,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.4555.1.1.1.1.6.3.2.0",
        length=128,
        default="",
        flags=Flag.STATUS_PWR,
        lookup=_NETVISION_ONBATT,
        is_text=True,
    ),
    Row("ups.load", "1.3.6.1.4.1.4555.1.1.1.1.4.4.1.4.1", flags=Flag.INPUT_1),
    # input
    Row("input.phases", "1.3.6.1.4.1.4555.1.1.1.1.3.1.0"),
    Row("input.frequency", "1.3.6.1.4.1.4555.1.1.1.1.3.2.0", multiplier=0.1),
    Row("input.voltage", "1.3.6.1.4.1.4555.1.1.1.1.3.3.1.5.1", multiplier=0.1, flags=Flag.INPUT_1),
    Row("input.current", "1.3.6.1.4.1.4555.1.1.1.1.3.3.1.3.1", multiplier=0.1, flags=Flag.INPUT_1),
    Row(
        "input.L1-N.voltage",
        "1.3.6.1.4.1.4555.1.1.1.1.3.3.1.5.1",
        multiplier=0.1,
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L1.current", "1.3.6.1.4.1.4555.1.1.1.1.3.3.1.3.1", multiplier=0.1, flags=Flag.INPUT_3
    ),
    Row(
        "input.L2-N.voltage",
        "1.3.6.1.4.1.4555.1.1.1.1.3.3.1.5.2",
        multiplier=0.1,
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L2.current", "1.3.6.1.4.1.4555.1.1.1.1.3.3.1.3.2", multiplier=0.1, flags=Flag.INPUT_3
    ),
    Row(
        "input.L3-N.voltage",
        "1.3.6.1.4.1.4555.1.1.1.1.3.3.1.5.3",
        multiplier=0.1,
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L3.current", "1.3.6.1.4.1.4555.1.1.1.1.3.3.1.3.3", multiplier=0.1, flags=Flag.INPUT_3
    ),
    # output
    Row("output.phases", "1.3.6.1.4.1.4555.1.1.1.1.4.3.0"),
    Row("output.frequency", "1.3.6.1.4.1.4555.1.1.1.1.4.2.0", multiplier=0.1),
    Row(
        "output.voltage", "1.3.6.1.4.1.4555.1.1.1.1.4.4.1.2.1", multiplier=0.1, flags=Flag.OUTPUT_1
    ),
    Row(
        "output.current", "1.3.6.1.4.1.4555.1.1.1.1.4.4.1.3.1", multiplier=0.1, flags=Flag.OUTPUT_1
    ),
    Row("output.load", "1.3.6.1.4.1.4555.1.1.1.1.4.4.1.4.1", flags=Flag.OUTPUT_1),
    Row(
        "output.L1-N.voltage",
        "1.3.6.1.4.1.4555.1.1.1.1.4.4.1.2.1",
        multiplier=0.1,
        flags=Flag.OUTPUT_3,
    ),
    Row(
        "output.L1.current",
        "1.3.6.1.4.1.4555.1.1.1.1.4.4.1.3.1",
        multiplier=0.1,
        flags=Flag.OUTPUT_3,
    ),
    Row("output.L1.power.percent", "1.3.6.1.4.1.4555.1.1.1.1.4.4.1.4.1", flags=Flag.OUTPUT_3),
    Row(
        "output.L2-N.voltage",
        "1.3.6.1.4.1.4555.1.1.1.1.4.4.1.2.2",
        multiplier=0.1,
        flags=Flag.OUTPUT_3,
    ),
    Row(
        "output.L2.current",
        "1.3.6.1.4.1.4555.1.1.1.1.4.4.1.3.2",
        multiplier=0.1,
        flags=Flag.OUTPUT_3,
    ),
    Row("output.L2.power.percent", "1.3.6.1.4.1.4555.1.1.1.1.4.4.1.4.2", flags=Flag.OUTPUT_3),
    Row(
        "output.L3-N.voltage",
        "1.3.6.1.4.1.4555.1.1.1.1.4.4.1.2.3",
        multiplier=0.1,
        flags=Flag.OUTPUT_3,
    ),
    Row(
        "output.L3.current",
        "1.3.6.1.4.1.4555.1.1.1.1.4.4.1.3.3",
        multiplier=0.1,
        flags=Flag.OUTPUT_3,
    ),
    Row("output.L3.power.percent", "1.3.6.1.4.1.4555.1.1.1.1.4.4.1.4.3", flags=Flag.OUTPUT_3),
    # input
    Row("input.bypass.phases", "1.3.6.1.4.1.4555.1.1.1.1.5.2.0"),
    Row("input.bypass.frequency", "1.3.6.1.4.1.4555.1.1.1.1.5.1.0", multiplier=0.1),
    Row(
        "input.bypass.voltage",
        "1.3.6.1.4.1.4555.1.1.1.1.5.3.1.2.1",
        multiplier=0.1,
        flags=Flag.BYPASS_1,
    ),
    Row(
        "input.bypass.current",
        "1.3.6.1.4.1.4555.1.1.1.1.5.3.1.3.1",
        multiplier=0.1,
        flags=Flag.BYPASS_1,
    ),
    Row(
        "input.bypass.L1-N.voltage",
        "1.3.6.1.4.1.4555.1.1.1.1.5.3.1.2.1",
        multiplier=0.1,
        flags=Flag.BYPASS_3,
    ),
    Row(
        "input.bypass.L1.current",
        "1.3.6.1.4.1.4555.1.1.1.1.5.3.1.3.1",
        multiplier=0.1,
        flags=Flag.BYPASS_3,
    ),
    Row(
        "input.bypass.L2-N.voltage",
        "1.3.6.1.4.1.4555.1.1.1.1.5.3.1.2.2",
        multiplier=0.1,
        flags=Flag.BYPASS_3,
    ),
    Row(
        "input.bypass.L2.current",
        "1.3.6.1.4.1.4555.1.1.1.1.5.3.1.3.2",
        multiplier=0.1,
        flags=Flag.BYPASS_3,
    ),
    Row(
        "input.bypass.L3-N.voltage",
        "1.3.6.1.4.1.4555.1.1.1.1.5.3.1.2.3",
        multiplier=0.1,
        flags=Flag.BYPASS_3,
    ),
    Row(
        "input.bypass.L3.current",
        "1.3.6.1.4.1.4555.1.1.1.1.5.3.1.3.3",
        multiplier=0.1,
        flags=Flag.BYPASS_3,
    ),
    # battery
    Row("battery.charge", "1.3.6.1.4.1.4555.1.1.1.1.2.4.0", default=""),
    Row("battery.voltage", "1.3.6.1.4.1.4555.1.1.1.1.2.5.0", multiplier=0.1, default=""),
    Row("battery.runtime", "1.3.6.1.4.1.4555.1.1.1.1.2.3.0", multiplier=60, default=""),
)

MAPPINGS = (
    Mapping(
        "netvision",
        "netvision",
        "0.45",
        ROWS,
        system="1.3.6.1.4.1.4555.1.1.1",
        test="1.3.6.1.4.1.4555.1.1.1.1.1.1.0",
    ),
)

"""What UPSes of Liebert and Vertiv say under SNMP."""

from services.driver.protocols.snmp.table import Alarm, Command, Flag, Lookup, Mapping, Row

_VERTIV_POWER_SOURCE = Lookup(
    "vertiv_power_source",
    texts=(
        (1, ""),
        (2, "OFF"),
        (3, "OL"),
        (4, "BYPASS"),
        (5, "OB"),
        (6, "BOOST"),
        (7, "TRIM"),
    ),
)
_VERTIV_BEEPER_STATUS = Lookup(
    "vertiv_beeper_status",
    texts=(
        (1, "enabled"),
        (2, "disabled"),
    ),
)

ROWS = (
    # device
    Row(
        "device.description",
        "1.3.6.1.2.1.1.1.0",
        length=128,
        flags=Flag.SEMI_STATIC,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "device.contact",
        "1.3.6.1.2.1.1.4.0",
        length=128,
        flags=Flag.SEMI_STATIC,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "device.location",
        "1.3.6.1.2.1.1.6.0",
        length=128,
        flags=Flag.SEMI_STATIC,
        is_text=True,
        is_writable=True,
    ),
    Row("device.mfr", "1.3.6.1.4.1.476.1.42.2.1.1.0", length=1, flags=Flag.STATIC, is_text=True),
    Row(
        "device.model",
        "1.3.6.1.4.1.476.1.42.2.4.2.1.4.1",
        length=1,
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "device.serial",
        "1.3.6.1.4.1.476.1.42.2.4.2.1.7.1",
        length=1,
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.firmware",
        "1.3.6.1.4.1.476.1.42.2.4.2.1.5.1",
        length=1,
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "device.type",
        "1.3.6.1.4.1.476.1.42.3.9.20.1.20.1.2.1.4553",
        length=1,
        flags=Flag.STATIC,
        is_text=True,
    ),
    # ups
    Row(
        "ups.mfr",
        "1.3.6.1.4.1.476.1.42.3.9.20.1.20.1.2.1.4333",
        length=1,
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.model",
        "1.3.6.1.4.1.476.1.42.3.9.20.1.20.1.2.1.4240",
        length=1,
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.load", "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.5861", default="", flags=Flag.NEGINVALID
    ),
    Row("ups.temperature", "1.3.6.1.4.1.476.1.42.3.9.30.1.10.1.2.1.4291", flags=Flag.NEGINVALID),
    Row(
        "ups.type",
        "1.3.6.1.4.1.476.1.42.3.9.20.1.20.1.2.1.6199",
        length=1,
        flags=Flag.STATIC,
        is_text=True,
    ),
    # battery
    Row(
        "battery.charge",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4153",
        default="",
        flags=Flag.NEGINVALID,
    ),
    Row(
        "battery.runtime",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4150",
        multiplier=60,
        default="",
        flags=Flag.NEGINVALID,
    ),
    Row(
        "battery.voltage",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4148",
        default="",
        flags=Flag.NEGINVALID,
    ),
    Row(
        "battery.voltage.nominal",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.6189",
        default="",
        flags=Flag.STATIC,
    ),
    # input
    Row(
        "input.voltage",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4096",
        multiplier=0.1,
        default="",
        flags=Flag.NEGINVALID,
    ),
    Row(
        "input.current",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4113",
        multiplier=0.1,
        default="",
        flags=Flag.NEGINVALID,
    ),
    Row(
        "input.frequency",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4105",
        multiplier=0.1,
        default="",
        flags=Flag.NEGINVALID,
    ),
    Row(
        "input.voltage.nominal",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4102",
        default="",
        flags=Flag.STATIC,
    ),
    Row(
        "input.current.nominal",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4104",
        default="",
        flags=Flag.STATIC,
    ),
    Row(
        "input.frequency.nominal",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4103",
        default="",
        flags=Flag.STATIC,
    ),
    # output
    Row(
        "output.voltage",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4385",
        multiplier=0.1,
        default="",
        flags=Flag.NEGINVALID,
    ),
    Row(
        "output.current",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4204",
        multiplier=0.1,
        default="",
        flags=Flag.NEGINVALID,
    ),
    Row(
        "output.frequency",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4207",
        multiplier=0.1,
        default="",
        flags=Flag.NEGINVALID,
    ),
    Row(
        "output.power",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4208",
        default="",
        flags=Flag.NEGINVALID,
    ),
    Row(
        "output.power.apparent",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4209",
        default="",
        flags=Flag.NEGINVALID,
    ),
    Row(
        "output.voltage.nominal",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4260",
        default="",
        flags=Flag.STATIC,
    ),
    Row(
        "output.power.nominal",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4264",
        default="",
        flags=Flag.STATIC,
    ),
    # ups
    Row(
        "ups.status",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.4872",
        length=128,
        default="",
        flags=Flag.STATUS_PWR,
        lookup=_VERTIV_POWER_SOURCE,
        is_text=True,
    ),
    Row(
        "ups.beeper.status",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.6188",
        length=128,
        default="",
        flags=Flag.UNIQUE,
        lookup=_VERTIV_BEEPER_STATUS,
        is_text=True,
    ),
    Row(
        "ups.delay.shutdown",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.5814",
        default="",
        flags=Flag.TYPE_TIME,
        is_writable=True,
    ),
    Row(
        "ups.delay.start",
        "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.5816",
        default="",
        flags=Flag.TYPE_TIME,
        is_writable=True,
    ),
)

COMMANDS = (
    Command("beeper.disable", "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.6188", default="2"),
    Command("beeper.enable", "1.3.6.1.4.1.476.1.42.3.9.30.1.20.1.2.1.6188", default="1"),
)

ALARMS = (
    Alarm(
        "1.3.6.1.4.1.476.1.42.3.9.20.1.10.1.2.100.4168", status="OB", alarm="Battery Discharging"
    ),
    Alarm("1.3.6.1.4.1.476.1.42.3.9.20.1.10.1.2.100.4162", status="LB", alarm="Battery Low"),
    Alarm("1.3.6.1.4.1.476.1.42.3.9.20.1.10.1.2.100.5806", status="OVER", alarm="Output Overload"),
    Alarm("1.3.6.1.4.1.476.1.42.3.9.20.1.10.1.2.100.6182", status="RB", alarm="Replace Battery"),
    Alarm(
        "1.3.6.1.4.1.476.1.42.3.9.20.1.10.1.2.100.4233", status="FAULT", alarm="Inverter Failure"
    ),
    Alarm("1.3.6.1.4.1.476.1.42.3.9.20.1.10.1.2.100.4310", status="OT", alarm="Over Temperature"),
    Alarm("1.3.6.1.4.1.476.1.42.3.9.20.1.10.1.2.100.4215", status="OFF", alarm="UPS Output Off"),
)

MAPPINGS = (
    Mapping(
        "vertiv",
        "vertiv",
        "0.01",
        ROWS,
        commands=COMMANDS,
        alarms=ALARMS,
        system="1.3.6.1.4.1.476.1.42",
        test="1.3.6.1.4.1.476.1.42.2.4.2.1.4.1",
        power="1.3.6.1.4.1.476.1.42.3.5.3",
    ),
)

"""The dialect megatec; tools/qx-tables made it of the facts about NUT.

Facts: NUT, drivers/nutdrv_qx_megatec.c.
"""

from services.driver.protocols.qx import blazer, scales
from services.driver.protocols.qx.table import (
    Command,
    Dialect,
    Field,
    Limits,
    Probe,
    Query,
    Reading,
    Setting,
)

MEGATEC = Dialect(
    name="megatec",
    version="Megatec 0.10",
    probes=(
        Probe("input.voltage"),
        Probe("ups.firmware", unless="novendor"),
    ),
    queries=(
        Query(
            request="Q1\r",
            example=b"(226.0 195.0 226.0 014 49.0 27.5 30.0 00001000\r",
            lead="(",
            length=47,
            fields=(
                Field("input.voltage", 1, 6),
                Field("input.voltage.fault", 7, 12),
                Field("output.voltage", 13, 18),
                Field("ups.load", 19, 22, form="%.0f"),
                Field("input.frequency", 23, 27),
                Field("battery.voltage", 28, 32, form="%.2f", convert=scales.pack_voltage),
                Field("ups.temperature", 33, 37),
                Field("ups.status", 38, 39, form="", convert=blazer.status_bits, quick=True),
                Field("ups.status", 39, 40, form="", convert=blazer.status_bits, quick=True),
                Field("ups.status", 40, 41, form="", convert=blazer.status_bits, quick=True),
                Field("ups.alarm", 41, 42, form="", convert=blazer.status_bits),
                Field(
                    "ups.type", 42, 43, form="%s", convert=blazer.status_bits, reading=Reading.ONCE
                ),
                Field("ups.status", 43, 44, form="", convert=blazer.status_bits, quick=True),
                Field("ups.status", 44, 45, form="", convert=blazer.status_bits, quick=True),
                Field("ups.beeper.status", 45, 46, form="%s", convert=blazer.status_bits),
            ),
        ),
        Query(
            request="F\r",
            example=b"#220.0 000 024.0 50.0\r",
            lead="#",
            length=22,
            fields=(
                Field("input.voltage.nominal", 1, 6, form="%.0f", reading=Reading.ONCE),
                Field("input.current.nominal", 7, 10, reading=Reading.ONCE),
                Field("battery.voltage.nominal", 11, 16, reading=Reading.ONCE),
                Field("input.frequency.nominal", 17, 21, form="%.0f", reading=Reading.ONCE),
            ),
        ),
        Query(
            request="I\r",
            example=b"#MegaTecabcedfhi k130v12345 v3.400000\r",
            lead="#",
            length=38,
            longest=38,
            fields=(
                Field("device.mfr", 1, 8, form="%s", reading=Reading.ONCE, trim=True),
                Field("ups.serial", 8, 16, form="%s"),
                Field("device.model", 17, 22, form="%s", reading=Reading.ONCE, trim=True),
                Field("battery.runtime", 22, 27, form="%.0f", trim=True),
                Field("ups.firmware", 28, None, form="%s", reading=Reading.ONCE, trim=True),
            ),
        ),
        Query(
            request="I\r",
            example=b"#-------------   ------     VT12046Q  \r",
            lead="#",
            length=39,
            fields=(
                Field("device.mfr", 1, 16, form="%s", reading=Reading.ONCE, trim=True),
                Field("device.model", 17, 27, form="%s", reading=Reading.ONCE, trim=True),
                Field("ups.firmware", 28, 38, form="%s", reading=Reading.ONCE, trim=True),
            ),
        ),
    ),
    settings=(
        Setting(
            "ups.delay.start",
            default="180",
            limits=Limits(ranges=((0.0, 599940.0),)),
            ask=blazer.whole_steps,
        ),
        Setting(
            "ups.delay.shutdown",
            default="30",
            limits=Limits(ranges=((12.0, 600.0),)),
            ask=blazer.whole_steps,
        ),
    ),
    commands=(
        Command("beeper.toggle", "Q\r"),
        Command("load.off", "S00R0000\r"),
        Command("load.on", "C\r"),
        Command("shutdown.return", "S%s\r", ask=blazer.shutdown_return),
        Command("shutdown.stayoff", "S%sR0000\r", ask=blazer.shutdown_stayoff),
        Command("shutdown.stop", "C\r"),
        Command("test.battery.start", "T%02d\r", ask=blazer.battery_test),
        Command("test.battery.start.deep", "TL\r"),
        Command("test.battery.start.quick", "T\r"),
        Command("test.battery.stop", "CT\r"),
    ),
    accepted="ACK",
)

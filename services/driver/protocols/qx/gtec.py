"""The dialect gtec; tools/qx-tables made it of the facts about NUT.

Facts: NUT, drivers/nutdrv_qx_gtec.c.
"""

from services.driver.protocols.qx import blazer, gtec_values
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

GTEC = Dialect(
    name="gtec",
    version="Gtec 0.01",
    probes=(
        Probe("input.voltage"),
        Probe("ups.firmware", unless="novendor"),
    ),
    queries=(
        Query(
            request="Q4\r",
            example=(b"(236.7 243.2 212.1 220.1 230.4 002 001 50.0 371 372 041.3 22.9 IM\r"),
            lead="(",
            length=64,
            fields=(
                Field("input.voltage", 1, 6),
                Field("input.voltage.fault", 19, 24),
                Field("output.voltage", 25, 30),
                Field("ups.load", 35, 38, form="%.0f"),
                Field("input.frequency", 39, 43),
                Field("battery.voltage", 52, 57),
                Field("ups.temperature", 58, 62),
                Field("ups.status", 63, None, form="", convert=gtec_values.status),
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

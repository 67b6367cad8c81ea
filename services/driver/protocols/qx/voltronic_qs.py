"""The dialect voltronic-qs; tools/qx-tables made it of the facts about NUT.

Facts: NUT, drivers/nutdrv_qx_voltronic-qs.c.
"""

from services.driver.protocols.qx import blazer, scales, voltronic_qs_values
from services.driver.protocols.qx.table import (
    Answer,
    Command,
    Dialect,
    Field,
    Limits,
    Probe,
    Query,
    Reading,
    Setting,
)

VOLTRONIC_QS = Dialect(
    name="voltronic-qs",
    version="Voltronic-QS 0.11",
    probes=(
        Probe("ups.firmware.aux"),
        Probe("input.voltage"),
    ),
    queries=(
        Query(
            request="M\r",
            example=b"V\r",
            length=2,
            fields=(
                Field(
                    "ups.firmware.aux",
                    0,
                    1,
                    form="PM-%s",
                    convert=voltronic_qs_values.protocol,
                    reading=Reading.ONCE,
                ),
            ),
        ),
        Query(
            request="QS\r",
            example=b"(226.0 195.0 226.0 014 49.0 27.5 30.0 00001000\r",
            lead="(",
            length=47,
            fields=(
                Field("input.voltage", 1, 6),
                Field("input.voltage.fault", 7, 12),
                Field("output.voltage", 13, 18),
                Field("ups.load", 19, 22, form="%.0f"),
                Field("output.frequency", 23, 27),
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
            example=b"#220.0 003 12.00 50.0\r",
            lead="#",
            length=22,
            fields=(
                Field("output.voltage.nominal", 1, 6, form="%.0f", reading=Reading.ONCE),
                Field("output.current.nominal", 7, 10, reading=Reading.ONCE),
                Field("battery.voltage.nominal", 11, 16, reading=Reading.ONCE),
                Field("output.frequency.nominal", 17, 21, form="%.0f", reading=Reading.ONCE),
            ),
        ),
        Query(
            request="QI\r",
            example=b"(100 00979 50.0 000.3 177 290 0 0000010000112000\r",
            lead="(",
            length=49,
            fields=(
                Field("battery.charge", 1, 4, form="%.0f"),
                Field("battery.runtime", 5, 10, form="%.0f"),
                Field("input.frequency", 11, 15),
                Field("output.current", 16, 21),
                Field("input.transfer.low", 22, 25, form="%.0f", reading=Reading.ONCE),
                Field("input.transfer.high", 26, 29, form="%.0f", reading=Reading.ONCE),
            ),
        ),
    ),
    settings=(
        Setting(
            "ups.delay.start",
            default="180",
            limits=Limits(ranges=((60.0, 599940.0),)),
            ask=blazer.whole_steps,
        ),
        Setting(
            "ups.delay.shutdown",
            default="30",
            limits=Limits(ranges=((12.0, 540.0),)),
            ask=blazer.whole_steps,
        ),
    ),
    commands=(
        Command("beeper.toggle", "Q\r", answer=Answer(start=1, end=4)),
        Command("load.off", "S00R0000\r", answer=Answer(start=1, end=4)),
        Command("load.on", "C\r", answer=Answer(start=1, end=4)),
        Command(
            "shutdown.return", "S%s\r", ask=blazer.shutdown_return, answer=Answer(start=1, end=4)
        ),
        Command(
            "shutdown.stayoff",
            "S%sR0000\r",
            ask=blazer.shutdown_stayoff,
            answer=Answer(start=1, end=4),
        ),
        Command("shutdown.stop", "C\r", answer=Answer(start=1, end=4)),
        Command("test.battery.start.quick", "T\r", answer=Answer(start=1, end=4)),
    ),
)

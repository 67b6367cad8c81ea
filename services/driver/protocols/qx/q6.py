"""The dialect q6; tools/qx-tables made it of the facts about NUT.

Facts: NUT, drivers/nutdrv_qx_q6.c.
"""

from services.driver.protocols.qx import blazer, q6_values, scales
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

Q6 = Dialect(
    name="q6",
    version="Q6 0.01",
    probes=(
        Probe("input.L1-N.voltage"),
        Probe("ups.type"),
        Probe("output.L1.current", unless="nooutstats"),
    ),
    queries=(
        Query(
            request="Q6\r",
            example=(
                b"(227.0 225.6 230.0 50.0 229.9 000.0 000.0 49.9 007 000 000 3"
                b"27.8 000.0 23.0 06932 100 32 00000000 00000000 11\r"
            ),
            lead="(",
            length=110,
            fields=(
                Field("input.L1-N.voltage", 1, 6),
                Field("input.L2-N.voltage", 7, 12),
                Field("input.L3-N.voltage", 13, 18),
                Field("input.frequency", 19, 23),
                Field("output.L1-N.voltage", 24, 29),
                Field("output.L2-N.voltage", 30, 35),
                Field("output.L3-N.voltage", 36, 41),
                Field("output.frequency", 42, 46),
                Field("output.L1.load", 47, 50, form="%.0f"),
                Field("output.L2.load", 51, 54, form="%.0f"),
                Field("output.L3.load", 55, 58, form="%.0f"),
                Field("ups.temperature", 71, 75),
                Field("battery.voltage", 59, 64, convert=scales.pack_voltage),
                Field("battery.runtime", 76, 81, form="%.0f"),
                Field("battery.charge", 82, 85, form="%.0f"),
                Field("experimental.battery.voltage.negative", 65, 70, convert=scales.pack_voltage),
                Field(
                    "experimental.input.topology",
                    107,
                    108,
                    form="%s",
                    convert=q6_values.topology_bits,
                    reading=Reading.ONCE,
                ),
                Field(
                    "experimental.output.topology",
                    108,
                    109,
                    form="%s",
                    convert=q6_values.topology_bits,
                    reading=Reading.ONCE,
                ),
            ),
        ),
        Query(
            request="WA\r",
            example=(
                b"(001.4 000.0 000.0 001.4 000.0 000.0 001.4 001.4 006.5 000.0 000.0 007 00000000\r"
            ),
            lead="(",
            length=80,
            fields=(
                Field("output.L1.realpower", 1, 6, convert=scales.thousands),
                Field("output.L2.realpower", 7, 12, convert=scales.thousands),
                Field("output.L3.realpower", 13, 18, convert=scales.thousands),
                Field("output.L1.power", 19, 24, convert=scales.thousands),
                Field("output.L2.power", 25, 30, convert=scales.thousands),
                Field("output.L3.power", 31, 36, convert=scales.thousands),
                Field("output.L1.current", 49, 54),
                Field("output.L2.current", 55, 60),
                Field("output.L3.current", 61, 66),
                Field("ups.realpower", 37, 42, convert=scales.thousands),
                Field("ups.power", 43, 48, convert=scales.thousands),
                Field("ups.load", 67, 70, form="%.0f"),
            ),
        ),
        Query(
            request="Q1\r",
            example=b"(215.0 195.0 230.0 014 49.0 22.7 30.0 00000000\r",
            lead="(",
            length=47,
            fields=(
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
    constants={"input.phases": "3", "output.phases": "3"},
    accepted="ACK",
)

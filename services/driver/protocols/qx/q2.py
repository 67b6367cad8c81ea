"""The dialect q2; tools/qx-tables made it of the facts about NUT.

Facts: NUT, drivers/nutdrv_qx_q2.c.
"""

from services.driver.protocols.qx import blazer, q2_values, scales
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

Q2 = Dialect(
    name="q2",
    version="Q2 0.01",
    probes=(
        Probe("input.L1-N.voltage"),
        Probe("ups.type"),
        Probe("output.L1.current", unless="nooutstats"),
    ),
    queries=(
        Query(
            request="Q2\r",
            example=(
                b"(226.6 224.3 228.0 226.6 229.9 000.0 000.0 000 000 000 49.9 "
                b"327.6 18.0 00000000 999.24 100 02 00 00 00 00 00000000 11\r"
            ),
            lead="(",
            length=118,
            fields=(
                Field("input.L1-N.voltage", 1, 6),
                Field("input.L2-N.voltage", 7, 12),
                Field("input.L3-N.voltage", 13, 18),
                Field("input.voltage.fault", 19, 24),
                Field("input.frequency", 55, 59),
                Field("output.L1-N.voltage", 25, 30),
                Field("output.L2-N.voltage", 31, 36),
                Field("output.L3-N.voltage", 37, 42),
                Field("output.L1.load", 43, 46, form="%.0f"),
                Field("output.L2.load", 47, 50, form="%.0f"),
                Field("output.L3.load", 51, 54, form="%.0f"),
                Field("ups.temperature", 66, 70),
                Field("battery.voltage", 60, 65, convert=scales.pack_voltage),
                Field("battery.runtime", 80, 86, form="%.2f", convert=scales.minutes),
                Field("battery.charge", 87, 90, form="%.0f"),
                Field(
                    "experimental.input.topology",
                    115,
                    116,
                    form="%s",
                    convert=q2_values.topology_bits,
                    reading=Reading.ONCE,
                ),
                Field(
                    "experimental.output.topology",
                    116,
                    117,
                    form="%s",
                    convert=q2_values.topology_bits,
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

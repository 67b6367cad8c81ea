"""The dialect voltronic-qs-hex; tools/qx-tables made it of the facts about NUT.

Facts: NUT, drivers/nutdrv_qx_voltronic-qs-hex.c.
"""

from services.driver.protocols.qx import blazer, voltronic_qs_hex_values
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

VOLTRONIC_QS_HEX = Dialect(
    name="voltronic-qs-hex",
    version="Voltronic-QS-Hex 0.12",
    probes=(
        Probe("ups.firmware.aux"),
        Probe("input.voltage"),
    ),
    queries=(
        Query(
            request="M\r",
            example=b"P\r",
            length=2,
            fields=(
                Field(
                    "ups.firmware.aux",
                    0,
                    1,
                    form="PM-%s",
                    convert=voltronic_qs_hex_values.protocol,
                    reading=Reading.ONCE,
                ),
            ),
        ),
        Query(
            request="QS\r",
            example=b"#l\x01 5 l\x01 5 \x03 Q\x9a (\x02\x12\xd0 \xe6 \x1e \t\r",
            lead="#",
            length=47,
            repair=voltronic_qs_hex_values.preprocess_qs_answer,
            fields=(
                Field("input.voltage", 1, 8, convert=voltronic_qs_hex_values.input_output_voltage),
                Field(
                    "output.voltage", 9, 16, convert=voltronic_qs_hex_values.input_output_voltage
                ),
                Field("ups.load", 17, 19, form="%ld", convert=voltronic_qs_hex_values.load),
                Field("output.frequency", 20, 31, convert=voltronic_qs_hex_values.frequency),
                Field(
                    "battery.voltage",
                    32,
                    37,
                    form="%.2f",
                    convert=voltronic_qs_hex_values.battery_voltage,
                ),
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
            request="QS\r",
            example=b"#i\x01 l h\x02 l \x00 _\xd7 \x12\xc0\x00 \xe4 \x1e \t \x02\r",
            lead="#",
            length=56,
            repair=voltronic_qs_hex_values.preprocess_qs_answer,
            fields=(
                Field(
                    "output.frequency.nominal",
                    47,
                    48,
                    convert=voltronic_qs_hex_values.ratings_bits,
                    when=voltronic_qs_hex_values.has_ratings,
                ),
                Field(
                    "battery.voltage.nominal",
                    48,
                    50,
                    convert=voltronic_qs_hex_values.ratings_bits,
                    when=voltronic_qs_hex_values.has_ratings,
                ),
                Field(
                    "output.voltage.nominal",
                    52,
                    55,
                    convert=voltronic_qs_hex_values.ratings_bits,
                    when=voltronic_qs_hex_values.has_ratings,
                ),
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
        Command("beeper.toggle", "Q\r"),
        Command("load.off", "S00R0000\r"),
        Command("load.on", "C\r"),
        Command("shutdown.return", "S%s\r", ask=blazer.shutdown_return),
        Command("shutdown.stayoff", "S%sR0000\r", ask=blazer.shutdown_stayoff),
        Command("shutdown.stop", "C\r"),
        Command("test.battery.start.quick", "T\r", when=voltronic_qs_hex_values.has_ratings),
    ),
    rejected=b"N\r",
)

"""The dialect omron; tools/qx-tables made it of the facts about NUT.

Facts: NUT, drivers/nutdrv_qx_omron.c.
"""

from services.driver.protocols.qx import blazer, omron_values, scales
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

OMRON = Dialect(
    name="omron",
    version="Omron 0.01",
    probes=(Probe("input.voltage"),),
    queries=(
        Query(
            request="Q1\r",
            example=b"(102.5 000.0 102.4 000 49.9 54.5 22.7 00101000\r",
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
                Field("ups.alarm", 41, 42, form="", convert=blazer.status_bits),
                Field(
                    "ups.type", 42, 43, form="%s", convert=blazer.status_bits, reading=Reading.ONCE
                ),
                Field("ups.status", 43, 44, form="", convert=blazer.status_bits, quick=True),
                Field("ups.status", 44, 45, form="", convert=blazer.status_bits, quick=True),
            ),
        ),
        Query(
            request="Bl ?\r",
            example=b"100\r",
            length=4,
            fields=(Field("battery.charge", 0, None, convert=omron_values.charge),),
        ),
        Query(
            request="RTS\r",
            example=b"0699\r",
            length=4,
            fields=(Field("battery.runtime", 0, None, form="%.0f", convert=omron_values.runtime),),
        ),
        Query(
            request="TPb\r",
            example=b"+22.5\r",
            length=5,
            fields=(Field("battery.temperature", 0, None, form="%s", convert=omron_values.signed),),
        ),
        Query(
            request="Lf ?\r",
            example=b"49.9\r",
            length=4,
            fields=(Field("output.frequency", 0, None, convert=omron_values.frequency),),
        ),
        Query(
            request="PSNR\r",
            example=b"A0Z25110005109G \r",
            length=17,
            repair=omron_values.reject_nak,
            fields=(Field("ups.serial", 0, None, form="%s", reading=Reading.ONCE, trim=True),),
        ),
        Query(
            request="FWV\r",
            example=b"M:0.17(S:2.00)\r",
            length=15,
            fields=(
                Field(
                    "ups.firmware",
                    0,
                    None,
                    form="%s",
                    convert=omron_values.firmware,
                    reading=Reading.ONCE,
                ),
            ),
        ),
        Query(
            request="BRR\r",
            example=b"20260730\r",
            length=9,
            fields=(
                Field(
                    "battery.date",
                    0,
                    None,
                    form="%s",
                    convert=omron_values.batt_date,
                    reading=Reading.ONCE,
                ),
            ),
        ),
        Query(
            request="UN\r",
            example=b"1125W/1125VA/048V/160W/020W\r",
            length=27,
            fields=(
                Field(
                    "ups.realpower.nominal",
                    0,
                    4,
                    form="%.0f",
                    convert=omron_values.un,
                    reading=Reading.ONCE,
                ),
                Field(
                    "ups.power.nominal",
                    6,
                    10,
                    form="%.0f",
                    convert=omron_values.un,
                    reading=Reading.ONCE,
                ),
                Field(
                    "battery.voltage.nominal",
                    13,
                    16,
                    form="%.0f",
                    convert=omron_values.un,
                    reading=Reading.ONCE,
                ),
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
        Command(
            "shutdown.return",
            "S%s\r",
            ask=omron_values.command,
            answer=Answer(length=3, repair=omron_values.command_answer),
        ),
        Command(
            "shutdown.stayoff",
            "Sf%s\r",
            ask=omron_values.command,
            answer=Answer(length=3, repair=omron_values.command_answer),
        ),
        Command(
            "shutdown.stop", "C\r", answer=Answer(length=3, repair=omron_values.command_answer)
        ),
    ),
    accepted="OK",
    rejected=b"NAK\r",
    by_name=True,
)

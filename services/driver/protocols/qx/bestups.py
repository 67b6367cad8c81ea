"""The dialect bestups; tools/qx-tables made it of the facts about NUT.

Facts: NUT, drivers/nutdrv_qx_bestups.c.
"""

from services.driver.protocols.qx import bestups_values, blazer, scales
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

BESTUPS = Dialect(
    name="bestups",
    version="BestUPS 0.08",
    probes=(
        Probe("input.voltage"),
        Probe("device.model"),
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
                Field("ups.alarm", 41, 42, form="", convert=blazer.status_bits),
                Field(
                    "ups.type", 42, 43, form="%s", convert=blazer.status_bits, reading=Reading.ONCE
                ),
                Field("ups.status", 43, 44, form="", convert=blazer.status_bits, quick=True),
                Field("ups.status", 44, 45, form="", convert=blazer.status_bits, quick=True),
                Field(
                    "ups.status", 40, 41, form="", convert=bestups_values.bbb_status_bit, quick=True
                ),
            ),
        ),
        Query(
            request="ID\r",
            example=b"FOR,750,120,120,20.0,27.6\r",
            length=28,
            repair=bestups_values.preprocess_id_answer,
            fields=(
                Field(
                    "device.mfr",
                    0,
                    3,
                    form="%s",
                    convert=bestups_values.manufacturer,
                    reading=Reading.ONCE,
                ),
                Field(
                    "device.model",
                    0,
                    3,
                    form="%s",
                    convert=bestups_values.model,
                    reading=Reading.ONCE,
                ),
                Field("ups.power.nominal", 4, 8, form="%.0f", reading=Reading.ONCE),
                Field("input.voltage.nominal", 9, 12, form="%.0f", reading=Reading.ONCE),
                Field("output.voltage.nominal", 13, 16, form="%.0f", reading=Reading.ONCE),
                Field("battery.voltage.low", 17, 21, reading=Reading.CHANGED),
                Field("battery.voltage.high", 22, 27, reading=Reading.CHANGED),
            ),
        ),
        Query(
            request="RT\r",
            example=b"025\r",
            length=4,
            fields=(
                Field(
                    "battery.runtime",
                    0,
                    3,
                    form="%.0f",
                    convert=bestups_values.batt_runtime,
                    when=bestups_values.has_runtime,
                ),
            ),
        ),
        Query(
            request="BP?\r",
            example=b"02\r",
            length=3,
            fields=(
                Field(
                    "battery.packs",
                    0,
                    2,
                    form="%d",
                    convert=bestups_values.batt_packs,
                    reading=Reading.CHANGED,
                    limits=Limits(ranges=((0.0, 5.0),)),
                    when=bestups_values.has_packs,
                ),
            ),
        ),
        Query(
            request="SS?\r",
            example=b"0\r",
            length=2,
            fields=(
                Field(
                    "pins_shutdown_mode",
                    0,
                    1,
                    form="%.0f",
                    convert=bestups_values.get_pins_shutdown_mode,
                    reading=Reading.CHANGED,
                    private=True,
                    limits=Limits(ranges=((0.0, 6.0),)),
                ),
            ),
        ),
        Query(
            request="M\r",
            example=b"0\r",
            length=2,
            fields=(
                Field(
                    "input.transfer.low", 0, 1, form="%d", convert=bestups_values.voltage_settings
                ),
                Field(
                    "input.transfer.boost.low",
                    0,
                    1,
                    form="%d",
                    convert=bestups_values.voltage_settings,
                ),
                Field(
                    "input.transfer.boost.high",
                    0,
                    1,
                    form="%d",
                    convert=bestups_values.voltage_settings,
                ),
                Field(
                    "input.voltage.nominal",
                    0,
                    1,
                    form="%d",
                    convert=bestups_values.voltage_settings,
                ),
                Field(
                    "output.voltage.nominal",
                    0,
                    1,
                    form="%d",
                    convert=bestups_values.voltage_settings,
                ),
                Field(
                    "input.transfer.trim.low",
                    0,
                    1,
                    form="%d",
                    convert=bestups_values.voltage_settings,
                ),
                Field(
                    "input.transfer.trim.high",
                    0,
                    1,
                    form="%d",
                    convert=bestups_values.voltage_settings,
                ),
                Field(
                    "input.transfer.high", 0, 1, form="%d", convert=bestups_values.voltage_settings
                ),
            ),
        ),
    ),
    settings=(
        Setting(
            "battery.packs",
            request="BP%.0f\r",
            limits=Limits(ranges=((0.0, 5.0),)),
            ask=bestups_values.setvar,
            when=bestups_values.sets_packs,
        ),
        Setting(
            "pins_shutdown_mode",
            request="SS%.0f\r",
            limits=Limits(ranges=((0.0, 6.0),)),
            ask=bestups_values.setvar,
            private=True,
            when=bestups_values.sets_mode,
        ),
        Setting(
            "ups.delay.start",
            default="180",
            limits=Limits(ranges=((60.0, 599940.0),)),
            ask=blazer.whole_steps,
        ),
        Setting(
            "ups.delay.shutdown",
            default="30",
            limits=Limits(ranges=((12.0, 5940.0),)),
            ask=blazer.whole_steps,
        ),
    ),
    commands=(
        Command("shutdown.return", "S%s\r", ask=blazer.shutdown_return),
        Command("shutdown.stayoff", "S%s\r", ask=blazer.shutdown_stayoff),
        Command("shutdown.stop", "C\r"),
        Command("load.on", "C\r"),
        Command("load.off", "S00R0000\r"),
        Command("test.battery.start", "T%02d\r", ask=blazer.battery_test),
        Command("test.battery.start.deep", "TL\r"),
        Command("test.battery.start.quick", "T\r"),
        Command("test.battery.stop", "CT\r"),
    ),
)

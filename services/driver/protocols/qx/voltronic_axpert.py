"""The dialect voltronic-axpert; tools/qx-tables made it of the facts about NUT.

Facts: NUT, drivers/nutdrv_qx_voltronic-axpert.c.
"""

from services.driver.protocols.qx import voltronic_axpert_values
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

VOLTRONIC_AXPERT = Dialect(
    name="voltronic-axpert",
    version="Voltronic-Axpert 0.02",
    probes=(Probe("device.firmware.aux"),),
    queries=(
        Query(
            request="QPI\r",
            example=b"(PI30\x9a\x0b\r",
            lead="(",
            length=6,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field(
                    "device.firmware.aux",
                    1,
                    5,
                    form="%s",
                    convert=voltronic_axpert_values.protocol,
                    reading=Reading.ONCE,
                ),
            ),
        ),
        Query(
            request="QVFW\r",
            example=b"(VERFW:00074.50\x12\\\r",
            lead="(",
            length=16,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field(
                    "device.firmware",
                    7,
                    15,
                    form="0X%s",
                    convert=voltronic_axpert_values.fw,
                    reading=Reading.ONCE,
                ),
                Field(
                    "device.firmware.main",
                    7,
                    15,
                    form="0X%s",
                    convert=voltronic_axpert_values.hex_preprocess,
                    reading=Reading.ONCE,
                ),
            ),
        ),
        Query(
            request="QVFW2\r",
            example=b"(VERFW2:00000.31\xf3\xa9\r",
            lead="(",
            length=17,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field(
                    "device.firmware.scc1",
                    8,
                    16,
                    form="0X%s",
                    convert=voltronic_axpert_values.hex_preprocess,
                    reading=Reading.ONCE,
                ),
            ),
        ),
        Query(
            request="QVFW3\r",
            example=b"(VERFW3:00000.31\x9c\xec\r",
            lead="(",
            length=17,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field(
                    "device.firmware.scc2",
                    8,
                    16,
                    form="0X%s",
                    convert=voltronic_axpert_values.hex_preprocess,
                    reading=Reading.ONCE,
                ),
            ),
        ),
        Query(
            request="QVFW4\r",
            example=b"(VERFW4:00000.31\x80\x16\r",
            lead="(",
            length=17,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field(
                    "device.firmware.scc3",
                    8,
                    16,
                    form="0X%s",
                    convert=voltronic_axpert_values.hex_preprocess,
                    reading=Reading.ONCE,
                ),
            ),
        ),
        Query(
            request="QID\r",
            example=b"(12345679012345\x90y\r",
            lead="(",
            length=2,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field(
                    "device.serial",
                    1,
                    None,
                    form="%s",
                    convert=voltronic_axpert_values.serial_numb,
                    reading=Reading.ONCE,
                ),
            ),
        ),
        Query(
            request="QFLAG\r",
            example=b"(EakxyDbjuvz/)\r",
            lead="(",
            length=4,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field(
                    "battery.energysave",
                    1,
                    None,
                    form="%s",
                    convert=voltronic_axpert_values.capability,
                    reading=Reading.CHANGED,
                    limits=Limits(choices=("no", "yes")),
                ),
                Field(
                    "ups.beeper.status",
                    1,
                    None,
                    form="%s",
                    convert=voltronic_axpert_values.capability,
                    reading=Reading.CHANGED,
                ),
            ),
        ),
        Query(
            request="QPIRI\r",
            example=(
                b"(230.0 13.0 230.0 50.0 13.0 3000 3000 24.0 23.0 21.0 28.2 27"
                b".0 0 30 60 1 0 0 - 01 1 0 27.0 0 0qI\r"
            ),
            lead="(",
            length=95,
            longest=98,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field(
                    "input.voltage.nominal",
                    1,
                    6,
                    reading=Reading.ONCE,
                    limits=Limits(
                        choices=("101", "110", "120", "127", "202", "208", "220", "230", "240")
                    ),
                ),
                Field("input.current.nominal", 7, 11, reading=Reading.ONCE),
                Field("output.voltage.nominal", 12, 17, reading=Reading.ONCE),
                Field("output.frequency.nominal", 18, 22, reading=Reading.ONCE),
                Field("output.current.nominal", 23, 27, reading=Reading.ONCE),
                Field("output.power.nominal", 28, 32, reading=Reading.ONCE),
                Field("output.realpower.nominal", 33, 37, reading=Reading.ONCE),
                Field("battery.voltage.nominal", 38, 42, reading=Reading.ONCE),
                Field("battery.voltage.recharge", 43, 47, reading=Reading.ONCE),
                Field("battery.voltage.under", 48, 52, reading=Reading.ONCE),
                Field("battery.voltage.bulk", 53, 57, reading=Reading.ONCE),
                Field("battery.voltage.float", 58, 62, reading=Reading.ONCE),
                Field(
                    "battery.type",
                    63,
                    64,
                    form="%s",
                    convert=voltronic_axpert_values.qpiri_battery_type,
                    reading=Reading.ONCE,
                ),
                Field("battery.charging.current.ac.high", 65, 67, reading=Reading.ONCE),
                Field("battery.charging.current.high", 68, 70, reading=Reading.ONCE),
                Field(
                    "device.model.type",
                    79,
                    81,
                    form="%s",
                    convert=voltronic_axpert_values.qpiri_model_type,
                    reading=Reading.ONCE,
                ),
                Field(
                    "device.description",
                    82,
                    83,
                    form="%s",
                    convert=voltronic_axpert_values.transformer,
                    reading=Reading.ONCE,
                ),
            ),
        ),
        Query(
            request="QPIRI\r",
            example=(
                b"(230.0 21.7 230.0 50.0 21.7 5000 5000 48.0 46.0 42.0 56.4 54"
                b".0 0 30 060 0 0 2 9 01 0 1 54.0 0 1 000\xb6V\r"
            ),
            lead="(",
            length=99,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field(
                    "input.voltage.nominal",
                    1,
                    6,
                    reading=Reading.ONCE,
                    limits=Limits(
                        choices=("101", "110", "120", "127", "202", "208", "220", "230", "240")
                    ),
                ),
                Field("input.current.nominal", 7, 11, reading=Reading.ONCE),
                Field("output.voltage.nominal", 12, 17, reading=Reading.ONCE),
                Field("output.frequency.nominal", 18, 22, reading=Reading.ONCE),
                Field("output.current.nominal", 23, 27, reading=Reading.ONCE),
                Field("output.power.nominal", 28, 32, reading=Reading.ONCE),
                Field("output.realpower.nominal", 33, 37, reading=Reading.ONCE),
                Field("battery.voltage.nominal", 38, 42, reading=Reading.ONCE),
                Field("battery.voltage.recharge", 43, 47, reading=Reading.ONCE),
                Field("battery.voltage.under", 48, 52, reading=Reading.ONCE),
                Field("battery.voltage.bulk", 53, 57, reading=Reading.ONCE),
                Field("battery.voltage.float", 58, 62, reading=Reading.ONCE),
                Field(
                    "battery.type",
                    63,
                    64,
                    form="%s",
                    convert=voltronic_axpert_values.qpiri_battery_type,
                    reading=Reading.ONCE,
                ),
                Field("battery.charging.current.ac.high", 65, 67, reading=Reading.ONCE),
                Field("battery.charging.current.high", 68, 71, reading=Reading.ONCE),
                Field(
                    "device.model.type",
                    80,
                    82,
                    form="%s",
                    convert=voltronic_axpert_values.qpiri_model_type,
                    reading=Reading.ONCE,
                ),
                Field(
                    "device.description",
                    83,
                    84,
                    form="%s",
                    convert=voltronic_axpert_values.transformer,
                    reading=Reading.ONCE,
                ),
            ),
        ),
        Query(
            request="QMD\r",
            example=b"(#####INVERTEX5K ###5000 99 1/1 230 230 04 12.0i\xcd\r",
            lead="(",
            length=48,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field("device.model", 1, 16, form="%s", reading=Reading.ONCE, trim=True),
                Field("output.powerfactor.nominal", 25, 27, form="%.0f", reading=Reading.ONCE),
                Field("input.phases", 28, 29, form="%.0f", reading=Reading.ONCE),
                Field("output.phases", 30, 31, form="%.0f", reading=Reading.ONCE),
                Field("battery.number", 40, 42, form="%.0f", reading=Reading.ONCE),
            ),
        ),
        Query(
            request="QDI\r",
            example=(
                b"(230.0 50.0 0030 42.0 54.0 56.4 46.0 60 0 0 2 0 0 0 0 0 1 1 "
                b"0 0 1 0 54.0 0 1 000\x9e`\r"
            ),
            lead="(",
            length=80,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field("output.voltage.default", 1, 6, reading=Reading.ONCE),
                Field("output.frequency.default", 7, 11, reading=Reading.ONCE),
                Field(
                    "experimental.battery.charging.current.ac.high.default",
                    12,
                    16,
                    reading=Reading.ONCE,
                ),
                Field("experimental.battery.voltage.under.default", 17, 21, reading=Reading.ONCE),
                Field("experimental.battery.voltage.float.default", 22, 26, reading=Reading.ONCE),
                Field("experimental.battery.voltage.bulk.default", 27, 31, reading=Reading.ONCE),
                Field(
                    "experimental.battery.voltage.recharge.default", 32, 36, reading=Reading.ONCE
                ),
                Field(
                    "experimental.battery.charging.current.high.default",
                    37,
                    39,
                    reading=Reading.ONCE,
                ),
                Field(
                    "experimental.battery.type.default",
                    46,
                    47,
                    form="%s",
                    convert=voltronic_axpert_values.qpiri_battery_type,
                    reading=Reading.ONCE,
                ),
            ),
        ),
        Query(
            request="QPIGS\r",
            example=(
                b"(235.2 50.1 235.2 50.1 0446 0382 008 440 54.00 000 100 0034 "
                b"0000 000.0 00.00 00000 00010101 00 00 00000 110b\xe1\r"
            ),
            lead="(",
            length=108,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field("input.voltage", 1, 6),
                Field("input.frequency", 7, 11),
                Field("output.voltage", 12, 17),
                Field("output.frequency", 18, 22),
                Field("output.power", 23, 27),
                Field("output.realpower", 28, 32),
                Field("ups.load", 33, 36, form="%.0f"),
                Field("battery.voltage", 41, 46),
                Field("battery.charge", 51, 54),
                Field("ups.temperature", 55, 59),
                Field("experimental.input.pv1.current", 60, 64, form="%.0f"),
                Field("experimental.input.pv1.voltage", 65, 70, form="%.0f"),
                Field("experimental.battery.voltage.scc1", 71, 76),
                Field("battery.current", 77, 82),
                Field(
                    "ups.status",
                    86,
                    87,
                    form="",
                    convert=voltronic_axpert_values.status,
                    quick=True,
                ),
                Field(
                    "ups.status",
                    88,
                    89,
                    form="",
                    convert=voltronic_axpert_values.status,
                    quick=True,
                ),
            ),
        ),
        Query(
            request="QPIGS2\r",
            example=(
                b"(0012 110.5 53.80 00650 10000000 0000 000 0013 108.2 53.75 00600 000\x99\xd1\r"
            ),
            lead="(",
            length=69,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field("experimental.input.pv2.current", 1, 5, form="%.0f"),
                Field("experimental.input.pv2.voltage", 6, 11, form="%.0f"),
                Field("experimental.battery.voltage.scc2", 12, 17),
                Field("experimental.input.pv3.current", 42, 46, form="%.0f"),
                Field("experimental.input.pv3.voltage", 47, 52, form="%.0f"),
                Field("experimental.battery.voltage.scc3", 53, 58),
            ),
        ),
        Query(
            request="QPIWS\r",
            example=(
                b"(--0000000000--00000---00000--------------------------------"
                b"------------------------------------------------------------"
                b"---------\xaf\x9f\r"
            ),
            lead="(",
            length=27,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field(
                    "ups.alarm",
                    1,
                    None,
                    form="",
                    convert=voltronic_axpert_values.sunny_warning,
                    quick=True,
                ),
            ),
        ),
        Query(
            request="QMOD\r",
            example=b"(S\xe5\xd9\r",
            lead="(",
            length=3,
            frame=voltronic_axpert_values.crc,
            repair=voltronic_axpert_values.checkcrc,
            fields=(
                Field("ups.alarm", 1, 2, form="", convert=voltronic_axpert_values.mode),
                Field(
                    "ups.status", 1, 2, form="", convert=voltronic_axpert_values.mode, quick=True
                ),
            ),
        ),
    ),
    settings=(
        Setting(
            "battery.energysave",
            request="P%sJ\r",
            limits=Limits(choices=("no", "yes")),
            ask=voltronic_axpert_values.capability_set,
            answer=Answer(
                lead="(",
                length=5,
                start=1,
                end=4,
                frame=voltronic_axpert_values.crc,
                repair=voltronic_axpert_values.checkcrc,
            ),
        ),
    ),
    commands=(
        Command(
            "beeper.enable",
            "PEA\r",
            answer=Answer(
                lead="(",
                length=5,
                start=1,
                end=4,
                frame=voltronic_axpert_values.crc,
                repair=voltronic_axpert_values.checkcrc,
            ),
            when=voltronic_axpert_values.has_beeper,
        ),
        Command(
            "beeper.disable",
            "PDA\r",
            answer=Answer(
                lead="(",
                length=5,
                start=1,
                end=4,
                frame=voltronic_axpert_values.crc,
                repair=voltronic_axpert_values.checkcrc,
            ),
            when=voltronic_axpert_values.has_beeper,
        ),
    ),
    constants={"device.type": "scd"},
    accepted="ACK",
    rejected=b"(NAK\r",
)

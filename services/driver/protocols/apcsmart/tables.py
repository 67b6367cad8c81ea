"""Variables, commands, old models and status bits of the protocol.

Made by tools/apcsmart-tables from the facts of NUT's apcsmart driver, table version 3.2
(GPL-2.0-or-later); do not edit.
"""

from services.driver.protocols.apcsmart.rows import CommandRow, Format, Model, Row

VARIABLES: tuple[Row, ...] = (
    Row("ups.temperature", b"C", Format.CELSIUS, is_polled=True),
    Row("ups.load", b"P", Format.PERCENT, is_polled=True),
    Row("ups.test.interval", b"E", Format.HOURS),
    Row("ups.test.result", b"X", is_polled=True),
    Row("ups.delay.start", b"r", Format.SECONDS),
    Row("ups.delay.shutdown", b"p", Format.SECONDS),
    Row("ups.id", b"c", is_string=True),
    Row("ups.contacts", b"i", Format.HEX, is_polled=True),
    Row("ups.display.language", b"\x0c"),
    Row("input.voltage", b"L", Format.VOLT, is_polled=True),
    Row("input.frequency", b"F", Format.DECIMAL, is_polled=True),
    Row("input.sensitivity", b"s"),
    Row("input.quality", b"9", Format.HEX, is_polled=True),
    Row("input.transfer.low", b"l", Format.VOLT),
    Row("input.transfer.high", b"u", Format.VOLT),
    Row("input.transfer.reason", b"G", Format.REASON, is_polled=True),
    Row("input.voltage.maximum", b"M", Format.VOLT, is_polled=True),
    Row("input.voltage.minimum", b"N", Format.VOLT, is_polled=True),
    Row("output.current", b"/", Format.AMP, is_polled=True),
    Row("output.voltage", b"O", Format.VOLT, is_polled=True),
    Row("output.voltage.nominal", b"o", Format.VOLT),
    Row("ambient.humidity", b"h", Format.PERCENT, is_polled=True),
    Row("ambient.0.humidity", b"H", Format.PERCENT, is_polled=True, is_packed=True),
    Row("ambient.0.humidity.high", b"{", Format.PERCENT, is_polled=True, is_packed=True),
    Row("ambient.0.humidity.low", b"}", Format.PERCENT, is_polled=True, is_packed=True),
    Row("ambient.temperature", b"t", Format.CELSIUS, is_polled=True),
    Row(
        "ambient.0.temperature",
        b"T",
        Format.CELSIUS,
        is_polled=True,
        is_packed=True,
        is_rival=True,
        pattern=r"[0-9]{2}\.[0-9]{2}",
    ),
    Row("ambient.0.temperature.high", b"[", Format.CELSIUS, is_polled=True, is_packed=True),
    Row("ambient.0.temperature.low", b"]", Format.CELSIUS, is_polled=True, is_packed=True),
    Row("battery.date", b"x", is_string=True),
    Row("battery.charge", b"f", Format.PERCENT, is_polled=True),
    Row("battery.charge.restart", b"e", Format.PERCENT),
    Row("battery.voltage", b"B", Format.VOLT, is_polled=True),
    Row("battery.voltage.nominal", b"g"),
    Row("battery.runtime", b"j", Format.MINUTES, is_polled=True),
    Row("battery.runtime.low", b"q", Format.MINUTES),
    Row("battery.packs", b">", Format.DECIMAL),
    Row("battery.packs.bad", b"<", Format.DECIMAL),
    Row("battery.alarm.threshold", b"k"),
    Row(
        "device.uptime",
        b"T",
        Format.HOURS,
        is_polled=True,
        is_rival=True,
        pattern=r"[0-9]{3}\.[0-9]{1}",
    ),
    Row("ups.serial", b"n"),
    Row("ups.mfr.date", b"m"),
    Row("ups.model", b"\x01"),
    Row("ups.firmware.aux", b"v"),
    Row("ups.firmware", b"b", is_rival=True, pattern=r"[0-9A-Za-z]+\.[0-9A-Za-z]+\.[0-9A-Za-z]+"),
    Row("ups.firmware", b"V", is_rival=True),
)

DUAL_VARIABLES: tuple[Row, ...] = (
    Row("input.frequency", b"\x9f\xd3", Format.DECIMAL, is_polled=True),
    Row("battery.current", b"\x9f\xd4", Format.AMP, is_polled=True),
)

COMMANDS: tuple[CommandRow, ...] = (
    CommandRow("shutdown.return", b"@", value=r"[Aa][Tt]:[0-9]{1,3}", must_be_confirmed=True),
    CommandRow("shutdown.return", b"S", value=r"([Cc][Ss]|)", must_be_confirmed=True),
    CommandRow("shutdown.stayoff", b"K", must_be_confirmed=True, is_repeated=True),
    CommandRow("load.off", b"Z", must_be_confirmed=True, is_repeated=True),
    CommandRow("load.on", b"\x0e", is_repeated=True),
    CommandRow("calibrate.start", b"D"),
    CommandRow("calibrate.stop", b"D"),
    CommandRow("test.panel.start", b"A"),
    CommandRow("test.failure.start", b"U"),
    CommandRow("test.battery.start", b"W"),
    CommandRow("test.battery.stop", b"W"),
    CommandRow("bypass.start", b"^"),
    CommandRow("bypass.stop", b"^"),
)

MODELS: tuple[Model, ...] = (
    Model("0XI", b"@789ABCDEFGKLMNOPQRSTUVWXYZcefgjklmnopqrsuwxz/<>\x5c^\x0c\x16"),
    Model("0XM", b"@789ABCDEFGKLMNOPQRSTUVWXYZcefgjklmnopqrsuwxz/<>\x5c^\x0c\x16"),
    Model("0ZI", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz/<>"),
    Model("5UI", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz/<>"),
    Model("5ZM", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz/<>"),
    Model("6QD", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz"),
    Model("6QI", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz"),
    Model("6TD", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz"),
    Model("6TI", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz"),
    Model("7QD", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz"),
    Model("7QI", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz"),
    Model("7TD", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz"),
    Model("7TI", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz"),
    Model("6JI", b"@789ABCFGKLMNOPQSTUVWXYZfg"),
    Model("7II", b"@79ABCEFGKLMNOPQRSUVWXYZcfg"),
    Model("9II", b"@79ABCEFGKLMNOPQRSUVWXYZcfg"),
    Model("9GI", b"@79ABCEFGKLMNOPQRSUVWXYZcfg"),
    Model("8II", b"@79ABCEFGKLMNOPQRSUVWXYZcfg"),
    Model("8GI", b"@79ABCEFGKLMNOPQRSUVWXYZfg"),
    Model("8QD", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz"),
    Model("8QI", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz"),
    Model("8TD", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz"),
    Model("8TI", b"@79ABCDEFGKLMNOPQRSUVWXYZcefgjklmnopqrsuxz"),
    Model("5.4.D", b"@\x01ABPQRSUYbdfgjmnx9"),
    Model("set\x01", b"@789ABCFGKLMNOPQRSUVWXYZ"),
)

STATUS_BITS: tuple[tuple[int, str], ...] = (
    (0, "CAL"),
    (1, "TRIM"),
    (2, "BOOST"),
    (3, "OL"),
    (4, "OB"),
    (5, "OVER"),
    (6, "LB"),
    (7, "RB"),
)

REASONS: tuple[tuple[str, str], ...] = (
    ("R", "unacceptable utility voltage rate of change"),
    ("H", "high utility voltage"),
    ("L", "low utility voltage"),
    ("T", "line voltage notch or spike"),
    ("O", "no transfers yet since turnon"),
    ("S", "simulated power failure or UPS test"),
)

UNLISTED = b"\x1a\x7f~')-+8QRYayz"

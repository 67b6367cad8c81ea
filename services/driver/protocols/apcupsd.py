"""What apcupsd tells over its network information server (NIS), as NUT's variables.

A request and each line of the answer go with two bytes of length before them; length 0 ends the
answer. The lines are those of apcupsd's manual, "Status report fields".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from services.driver.contract import Reading
from shared.errors import DeviceError

PORT = 3551
LENGTH_SIZE = 2
MAX_LINE = 1023  # bytes; apcupsd writes far shorter ones
MAX_LINES = 200
_MFR = "APC"
_UNTOLD = ("", "N/A")
_NUMBER = re.compile(r"([-+]?\d+(?:\.\d+)?)(?: +(\S.*))?", re.ASCII)

Reader = Callable[[str], str | None]
"""Makes a variable's value of the text in a line: None if it is not told, ValueError if wrong."""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the report that makes a variable."""

    key: str
    variable: str
    read: Reader


def framed(request: str) -> bytes:
    """Put the length before a request."""
    data = request.encode()
    return len(data).to_bytes(LENGTH_SIZE) + data


REQUEST = framed("status")


def fields(lines: Sequence[bytes]) -> dict[str, str]:
    """Take the lines apart at their first colon; DeviceError names one that has none."""
    found = {}
    for line in lines:
        key, colon, value = _text(line).partition(":")
        if not colon:
            raise DeviceError(f"unexpected line from apcupsd: {line[:80]!r}")
        found[key.strip()] = value.strip()
    return found


def decode(told: Mapping[str, str], max_age: float) -> Reading:
    """Make a reading of the fields of a report.

    DeviceError if apcupsd has lost the UPS, if it read it more than `max_age` seconds before it
    wrote the report (0: no matter when), or if a value has not the shape that it always has.
    """
    _check_age(told, max_age)
    words = _status(told)
    variables = {"ups.mfr": _MFR}
    for item in ITEMS:
        value = _value(item, told[item.key]) if item.key in told else None
        if value is not None:
            variables[item.variable] = value
    alarms = ("No battery installed!",) if "NOBATT" in told["STATUS"].split() else ()
    return Reading(variables=variables, status=words, alarms=alarms)


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _value(item: Item, text: str) -> str | None:
    if text in _UNTOLD:
        return None
    try:
        value = item.read(text)
    except ValueError:
        raise DeviceError(f"unexpected {item.key} from apcupsd: {text!r}") from None
    return value if value and value.isprintable() else None


_WORDS = {
    "CAL": "CAL",
    "TRIM": "TRIM",
    "BOOST": "BOOST",
    "ONLINE": "OL",
    "ONBATT": "OB",
    "OVERLOAD": "OVER",
    "LOWBATT": "LB",
    "REPLACEBATT": "RB",
    "NOBATT": "BYPASS",
    "SELFTEST": "OB",
}
_LOST = ("COMMLOST", "NETWORK ERROR", "ERROR")
_SHUTTING_DOWN = "SHUTTING DOWN"
_FLAGS = {  # bits of STATFLAG
    0x01: "CAL",
    0x02: "TRIM",
    0x04: "BOOST",
    0x08: "OL",
    0x10: "OB",
    0x20: "OVER",
    0x40: "LB",
    0x80: "RB",
}


def _status(told: Mapping[str, str]) -> str:
    """Say the words of ups.status; words about apcupsd's own network are of no account."""
    text = told.get("STATUS")
    if text is None:
        raise DeviceError("apcupsd says nothing of the UPS's status")
    if text.startswith(_LOST):
        raise DeviceError(f"apcupsd has lost its UPS: {text}")
    if text.startswith(_SHUTTING_DOWN):
        # It hides all else; apcupsd is about to let the UPS turn off.
        return " ".join(dict.fromkeys([*_flagged(told), "LB", "FSD"]))
    words = [_WORDS[word] for word in text.split() if word in _WORDS]
    if not words:
        # So it is until the first reading after a start, and all values are 0.
        raise DeviceError(f"apcupsd has no status of its UPS yet: {text!r}")
    return " ".join(words)


def _flagged(told: Mapping[str, str]) -> list[str]:
    match = re.match(r"0x[0-9A-Fa-f]+", told.get("STATFLAG", ""))
    bits = int(match[0], 16) if match else 0
    return [word for bit, word in _FLAGS.items() if bits & bit]


def _check_age(told: Mapping[str, str], max_age: float) -> None:
    """Compare when apcupsd read the UPS and when it wrote the report, both by its own clock."""
    read, written = (_moment(told.get(key, "")) for key in ("DATE", "END APC"))
    if not max_age or read is None or written is None or read.tzname() != written.tzname():
        return
    age = (written - read).total_seconds()
    if age > max_age:
        raise DeviceError(f"apcupsd has not read its UPS for {age:.0f} s, since {told['DATE']}")


_CLASSIC = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d) (\S+) (\d{4})")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def _moment(text: str) -> datetime | None:
    """Read `2025-01-26 14:43:27 +0200`, or `Sun Jun 05 21:20:37 PDT 2005` of apcupsd before 3.14.

    What the zone of the second means is not known to us: it goes by its name alone.
    """
    if not text.isascii():
        return None
    try:
        if match := _CLASSIC.fullmatch(text):
            month, day, clock = match[1].split()
            number = _MONTHS.index(month) + 1
            plain = datetime.fromisoformat(f"{match[3]}-{number:02}-{int(day):02} {clock}")
            return plain.replace(tzinfo=timezone(timedelta(), match[2]))
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return None


def _date(text: str) -> str | None:
    moment = _moment(text)
    return f"{moment:%Y-%m-%d}" if moment else None


def _time(text: str) -> str | None:
    moment = _moment(text)
    return f"{moment:%H:%M:%S}" if moment else None


def _number(units: str, places: int = 1, factor: int = 1) -> Reader:
    """Read a number that one of the units may follow; they are parted by a bar."""
    allowed = ("", *units.lower().split("|"))

    def read(text: str) -> str:
        match = _NUMBER.fullmatch(text)
        if match is None or (match[2] or "").lower() not in allowed:
            raise ValueError
        return f"{float(match[1]) * factor:.{places}f}"

    return read


def _limit(units: str, factor: int = 1) -> Reader:
    """Read a limit that apcupsd itself acts on; -1 says that there is none."""
    number = _number(units, places=0, factor=factor)
    return lambda text: None if text.startswith("-1 ") else number(text)


def _word(text: str) -> str:
    return text


def _first_word(text: str) -> str:
    return text.split(maxsplit=1)[0]


def _letter(text: str) -> str | None:
    return {"Auto Adjust": "A", "Low": "L", "Medium": "M", "High": "H"}.get(text)


def _firmware(text: str) -> str | None:
    return text.partition("/")[0].strip() or None


def _firmware_aux(text: str) -> str | None:
    return text.partition("/")[2].strip() or None


def _test_interval(text: str) -> str | None:
    """Read hours; a UPS that tests itself when it is turned on, or never, has no interval."""
    return f"{int(text) * 3600}" if text.isdecimal() and text.isascii() else None


_VOLTS = _number("volts")
_PERCENT = _number("percent|percent load capacity")
_SECONDS = _number("seconds", places=0)
_CELSIUS = _number("c|c internal|c external")

ITEMS = (
    Item("MODEL", "ups.model", _word),
    Item("SERIALNO", "ups.serial", _word),
    Item("UPSNAME", "ups.id", _word),
    Item("MANDATE", "ups.mfr.date", _word),
    Item("FIRMWARE", "ups.firmware", _firmware),
    Item("FIRMWARE", "ups.firmware.aux", _firmware_aux),
    Item("DATE", "ups.date", _date),
    Item("DATE", "ups.time", _time),
    Item("LOADPCT", "ups.load", _PERCENT),
    Item("LOAD_W", "ups.realpower", _number("watts")),
    Item("NOMPOWER", "ups.realpower.nominal", _number("watts")),
    Item("LOAD_VA", "ups.power", _number("va")),
    Item("NOMAPNT", "ups.power.nominal", _number("va", places=0)),
    Item("LOADAPNT", "power.percent", _PERCENT),
    Item("ITEMP", "ups.temperature", _CELSIUS),
    Item("DWAKE", "ups.delay.start", _SECONDS),
    Item("DSHUTD", "ups.delay.shutdown", _SECONDS),
    Item("STESTI", "ups.test.interval", _test_interval),
    Item("SELFTEST", "ups.test.result", _word),
    Item("LASTSTEST", "ups.test.date", _date),
    Item("LINEV", "input.voltage", _VOLTS),
    Item("MAXLINEV", "input.voltage.maximum", _VOLTS),
    Item("MINLINEV", "input.voltage.minimum", _VOLTS),
    Item("NOMINV", "input.voltage.nominal", _number("volts", places=0)),
    Item("LINEFREQ", "input.frequency", _number("hz")),
    Item("LASTXFER", "input.transfer.reason", _word),
    Item("LOTRANS", "input.transfer.low", _VOLTS),
    Item("HITRANS", "input.transfer.high", _VOLTS),
    Item("SENSE", "input.sensitivity", _letter),
    Item("OUTPUTV", "output.voltage", _VOLTS),
    Item("NOMOUTV", "output.voltage.nominal", _number("volts", places=0)),
    Item("LINEFREQ", "output.frequency", _number("hz")),
    Item("OUTCURNT", "output.current", _number("amps", places=2)),
    Item("BCHARGE", "battery.charge", _PERCENT),
    Item("MBATTCHG", "battery.charge.low", _limit("percent")),
    Item("RETPCT", "battery.charge.restart", _PERCENT),
    Item("BATTDATE", "battery.date", _first_word),
    Item("BATTV", "battery.voltage", _VOLTS),
    Item("NOMBATTV", "battery.voltage.nominal", _VOLTS),
    Item("TIMELEFT", "battery.runtime", _number("minutes", factor=60)),
    Item("MINTIMEL", "battery.runtime.low", _limit("minutes", factor=60)),
    Item("EXTBATTS", "battery.packs.external", _number("", places=0)),
    Item("BADBATTS", "battery.packs.bad", _number("", places=0)),
    Item("HUMIDITY", "ambient.humidity", _number("percent")),
    Item("AMBTEMP", "ambient.temperature", _CELSIUS),
)

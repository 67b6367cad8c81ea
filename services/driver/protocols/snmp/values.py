"""Turns answers of agents into the texts of variables: every conversion gives text or nothing."""

import re
import struct
from datetime import datetime

from services.driver.protocols.snmp.table import Flag, Lookup, Row, Scope
from services.driver.protocols.snmpwire.values import Kind, Value

UNIT = "unit"
LONGEST = 1024  # characters of a text that is shown
HUNDREDTHS = 100
UNKNOWN = 2**32 - 1  # -1 of those who count without a sign

_NUMBER = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)\s*", re.ASCII)
_HEXADECIMAL = re.compile(r"\s*0[xX][0-9a-fA-F]+\s*", re.ASCII)
_LONGEST_NUMBER = 64  # characters; longer ones are no quantity, and too large to count with
_UNITS = ("kelvin", "celsius", "fahrenheit")
_FAHRENHEIT = 2  # iemStatusProbeTempUnits of APC's PowerNet MIB
_APC_SENSOR_UNIT = "1.3.6.1.4.1.318.1.1.10.2.3.2.1.5.1"
_FREEZING = 273.15


def number(answer: Value) -> float | None:
    """Read an answer as a number; texts may hold one, TimeTicks become seconds."""
    content = answer.content
    if isinstance(content, bytes):
        text = content.rstrip(b"\0").decode("latin-1")
        return written(text) if answer.octets is not None else None
    if isinstance(content, str):
        return int(_leaf(content))
    if answer.kind is Kind.TICKS:
        return content // HUNDREDTHS
    return None if content == UNKNOWN and answer.kind is not Kind.COUNTER64 else content


def written(text: str) -> float | None:
    """Read a number that is written as text; None if there is anything else in it."""
    if len(text) > _LONGEST_NUMBER:
        return None
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return int(value) if value == int(value) else value


def text(answer: Value) -> str:
    """Read an answer as text; what is no text is told in hexadecimal digits."""
    content = answer.content
    if isinstance(content, int):
        return str(content // HUNDREDTHS if answer.kind is Kind.TICKS else content)
    if isinstance(content, str):
        return _leaf(content)
    try:
        found = content.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        found = ""
    if content and not all(each.isprintable() or each.isspace() for each in found or "\0"):
        return " ".join(f"{each:02X}" for each in content)[:LONGEST]
    return found[:LONGEST]


def _leaf(oid: str) -> str:
    """Give the last number of an OID that a value points to."""
    return oid.rpartition(".")[2]


def convert(row: Row, answer: Value, scope: Scope) -> str | None:
    """Tell what an answer says about the variable of a row; None: nothing."""
    lookup = row.lookup
    if lookup and lookup.read:
        return lookup.read(answer, scope)
    if row.is_text:
        return _text_value(row, answer)
    value = number(answer)
    if value is None or is_invalid(row.flags, value):
        return None
    if lookup:
        return meaning(lookup, value)
    return decimal(value * row.multiplier)


def is_invalid(flags: Flag, value: float) -> bool:
    """Tell whether a number stands for "unknown"."""
    return (Flag.NEGINVALID in flags and value < 0) or (Flag.ZEROINVALID in flags and value == 0)


def meaning(lookup: Lookup, value: float) -> str | None:
    """Give the text of a number."""
    return next((told for known, told in lookup.texts if known == value), None)


def decimal(value: float) -> str:
    """Write a number as NUT does: whole ones plainly, others with two decimals."""
    try:
        (single,) = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        single = value
    if single == int(single):
        return str(round(value))
    return f"{single:.2f}"


def degrees(multiplier: float) -> Lookup:
    """Make a lookup for degrees with one decimal."""

    def read(answer: Value, _: Scope) -> str | None:
        value = number(answer)
        return None if value is None else f"{value * multiplier:.1f}"

    return Lookup("degrees", read=read)


def iso_date(answer: Value, _: Scope) -> str | None:
    """Read a date as written in America."""
    try:
        return datetime.strptime(text(answer).strip(), "%m/%d/%Y").strftime("%Y-%m-%d")
    except ValueError:
        return None


def temperature_unit(answer: Value, scope: Scope) -> str | None:
    """Note in which unit a sensor counts; it is told in degrees Celsius in any case."""
    value = number(answer)
    known = value is not None and value in range(len(_UNITS))
    scope.notes[UNIT] = _UNITS[int(value or 0)] if known else ""
    return "celsius"


def sensor_temperature(answer: Value, scope: Scope) -> str | None:
    """Read tenths of degrees in the unit that the sensor told."""
    value = number(answer)
    unit = scope.notes.get(UNIT)
    if value is None or not unit:
        return None
    found = value / 10
    if unit == "kelvin":
        found -= _FREEZING
    elif unit == "fahrenheit":
        found = (found - 32) * 5 / 9
    return f"{found:.1f}"


def count(answer: Value, _: Scope) -> str | None:
    """Count what is listed with commas: `0,1,2,`."""
    listed = text(answer).strip().removesuffix(",")
    return str(len(listed.split(","))) if listed else None


def _apc_sensor(answer: Value, scope: Scope) -> str | None:
    value, unit = number(answer), scope.answers.get(_APC_SENSOR_UNIT)
    if value is None:
        return None
    if unit is None or number(unit) == _FAHRENHEIT:
        value = (value - 32) / 1.8
    return f"{value:.1f}"


APC_SENSOR = Lookup("apc_sensor", read=_apc_sensor, beside=(_APC_SENSOR_UNIT,))


def _text_value(row: Row, answer: Value) -> str | None:
    if row.lookup and row.lookup.texts and answer.octets is None:
        value = number(answer)
        return None if value is None else meaning(row.lookup, value)
    found = text(answer)
    return None if Flag.NAINVALID in row.flags and found.startswith("N/A") else found

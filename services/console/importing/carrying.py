"""What of a device of ups.conf our driver takes, and what becomes of the rest.

The judge of a value is what NUT's driver (2.8.0) does with it. Where NUT's would run, the device
is kept, and only what cannot be carried over is left. Where NUT's does not start either, or where
a guess could switch the wrong line, the device is left out. The line at fault says which.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from services.driver.contract import Kind
from services.driver.drivers import DRIVERS, NUT_DRIVER
from services.driver.settings import DeviceSettings
from shared.faults import faults, unknown_key
from shared.nutconfig.statements import Statement, leave_out
from shared.nutconfig.ups import DEVICE_SETTINGS, PREFIXED
from shared.nutconfig.values import NutDevice, Table, number_in_front
from shared.topics import is_dotted_name

# Options for whose sake NUT's driver does not start; it judges the text, or the number in front.
BY_TEXT: Final = {
    "apcsmart": ("sdtype", "advorder", "awd", "cshdelay"),
    "blazer": ("cablepower",),
    "qx": ("cablepower",),
    "snmp": ("snmp_version", "secLevel", "authProtocol", "privProtocol"),
}
BY_NUMBER: Final = {
    "blazer": ("ondelay", "offdelay", "chargetime", "idleload"),
    "genericups": ("upstype",),
    "netxml": ("timeout", "shutdown_duration", "shutdown_timer"),
    "qx": ("ondelay", "offdelay", "chargetime", "idleload"),
}
NOT_HERE: Final = {
    "apcsmart": ("wugrace",),
    "qx": (
        *("series", "input_fault_voltage", "number_of_battery_cells", "nominal_cell_voltage"),
        *("runtime_half", "runtime_full", "recharge_time", "output_voltages"),
        *("fault_1", "fault_2", "fault_3", "fault_4", "fault_5"),
        *("experimental.battery.ageing.factor", "experimental.battery.calibration.factor"),
    ),
}  # options of NUT's drivers, up to 2.8.5, that ours have not
WIRES: Final = {"genericups": ("CP", "OL", "LB", "RB", "BYPASS", "SD")}
_NEEDED: Final = {("netxml", "password"): "login"}  # an option and what it is of no use without
_POWER: Final = re.compile(
    r"(on|off)delay|lowbatt|stayoff|sd(time|type|order|commands)|advorder|awd|wugrace|cshdelay|load\..*|"
    r"min(charge|runtime)|shutdown_(duration|timer)|pins_shutdown_mode|fsdmode|ignore(sab|lb)|"
    r"(default|override)\.(battery\..*\.low|ups\.(delay|timer)\..*)",
    re.IGNORECASE,
)
_LOUD: Final = ". IT CONCERNS WHEN POWER GOES OR COMES BACK: set it in the new file"
_STOPS: Final = "NUT's driver does not start with it either"


class _UnfitError(Exception):
    """The device cannot be carried over, because of a line."""

    def __init__(self, line: Statement, why: str) -> None:
        self.line, self.why = line, why


@dataclass(frozen=True, slots=True)
class _Device:
    """A device as ups.conf has it; of each key the last line, which counts."""

    name: str
    kind: Kind | None
    table: Table
    lines: Mapping[str, Statement]


def carried(name: str, table: NutDevice, lines: Sequence[Statement]) -> Table | None:
    """Give what our driver takes of a device; None if it is left out. The lines are told.

    `lines` are those of the device, its header first.
    """
    kind = DRIVERS.get(table["driver"])
    device = _Device(name, kind, table, {line.key: line for line in lines})
    try:
        fit = NutDevice(_fit(device))
        _check_whole(fit, kind, lines)
    except _UnfitError as error:
        others = [line for line in lines if line is not error.line]
        leave_out([error.line, *others], f"{error.why}; [{name}] is left out")
        return None
    return fit


def _fit(device: _Device) -> Iterator[tuple[str, Any]]:
    kind = device.kind if device.kind and device.kind.name != NUT_DRIVER else None
    for key, value in device.table.items():
        if key in PREFIXED and isinstance(value, dict):
            if sound := dict(_variables(device, key, value)):
                yield key, sound
        elif key == "sdorder":
            yield key, max(-1, value)  # all that is negative is never, for NUT
        elif kind is None or key not in device.lines or key in DEVICE_SETTINGS:
            yield key, value
        else:
            yield from _option(device, kind, key, value)


def _variables(device: _Device, key: str, table: Table) -> Iterator[tuple[str, str]]:
    for variable, value in table.items():
        if is_dotted_name(variable):
            yield variable, value
        else:
            _drop(device.lines[f"{key}.{variable}"], "this is no name of a variable")


def _option(device: _Device, kind: Kind, key: str, value: str | bool) -> Iterator[tuple[str, Any]]:
    """Carry over one option by the name that it has here: NUT knows it in capitals, too."""
    line, fields = device.lines[key], kind.options.model_fields
    name = next((known for known in fields if known.lower() == key.lower()), "")
    if key.lower() in NOT_HERE.get(kind.name, ()):
        _drop(line, f"the driver {kind.name} has no such option")
        return
    if not name:
        known = [*DEVICE_SETTINGS, *fields]
        raise _UnfitError(line, f"{unknown_key(key, known)}: {_STOPS}")
    if name != key:
        line.fates.clear()
        line.take(f"devices.{device.name}.{name}")
    needed = _NEEDED.get((kind.name, name))
    if needed and needed not in device.table:
        _drop(line, f"it is of no use without {needed}")
    elif fields[name].annotation is bool:
        yield name, _flag(line, value)
    else:
        yield from _valued(kind, name, value, line)


def _valued(kind: Kind, name: str, value: str | bool, line: Statement) -> Iterator[tuple[str, str]]:
    if isinstance(value, bool):
        _drop(line, "it has no value")
    elif (sound := _value(kind, name, value, line)) is not None:
        yield name, sound


def _flag(line: Statement, value: str | bool) -> bool:
    if isinstance(value, str) and value.lower() not in ("1", "on", "true", "yes"):
        line.warn(f"what stands behind {line.key} does not count: it is on, as for NUT")
    return True


def _value(kind: Kind, name: str, text: str, line: Statement) -> str | None:
    """Give the text that our driver takes: the whole, or the number in front; None for neither."""
    fault = _fault(kind, name, text)
    if not fault:
        return text
    if name in BY_TEXT.get(kind.name, ()):
        raise _UnfitError(line, f"{fault}: {_STOPS}")
    if name in WIRES.get(kind.name, ()):
        raise _UnfitError(line, f"{fault}, and nobody should guess at lines that switch power")
    number = number_in_front(text)
    if not _fault(kind, name, number or "0"):
        if number:
            line.warn(f"only the number in front counts, as for NUT: {number}")
            return number
        fault = f"{fault}, and NUT counts it as 0"
    elif name in BY_NUMBER.get(kind.name, ()):
        raise _UnfitError(line, f"{fault}: {_STOPS}")
    _drop(line, fault)
    return None


def _fault(kind: Kind, name: str, text: str) -> str:
    """Say what is wrong with one option; what is wrong with others is no matter."""
    try:
        kind.options.model_validate({name: text})
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            if fault["loc"][:1] == (name,):
                return fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return ""


def _drop(line: Statement, why: str) -> None:
    loud = _LOUD if _POWER.fullmatch(line.key) else ""
    line.withdraw(f"{why}; the driver goes on without it, as if the line was not there{loud}")


def _check_whole(table: Table, kind: Kind | None, lines: Sequence[Statement]) -> None:
    """Check what keys say together; the line of the key that is named first is at fault."""
    try:
        DeviceSettings.model_validate(table)
    except ValidationError as error:
        why = faults(error)
        named = why.partition(":")[0].lower()
        line = next((line for line in reversed(lines) if line.key.lower() == named), lines[0])
        if kind and kind.name == "snmp":  # whose driver looks at them together, too
            why = f"{why}: {_STOPS}"
        raise _UnfitError(line, why) from None

"""What a dummy device takes: writable variables as NUT's dummy-ups has them, and instant commands.

The lengths are facts of NUT, drivers/dummy-ups.h; a string of length 1 there is one here. A
variable of the file that is in no table takes a string of 32 characters, as in dummy-ups.c. That
dummy-ups acts on no command at all; what commands do here is ours.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from services.driver.protocols.devfile import Board
from shared.messages import Writable

_NUMBERS = """
    ups.load ups.temperature ups.delay.start ups.delay.reboot ups.delay.shutdown ups.test.interval
    input.voltage input.voltage.maximum input.voltage.minimum input.voltage.nominal
    input.transfer.low input.transfer.high input.frequency
    input.transfer.boost.low input.transfer.boost.high
    input.transfer.trim.low input.transfer.trim.high
    output.voltage output.frequency output.current
    battery.charge battery.charge.low battery.charge.restart battery.voltage battery.voltage.nominal
    battery.current battery.runtime battery.runtime.low battery.temperature
    ambient.temperature ambient.temperature.alarm ambient.temperature.high ambient.temperature.low
    ambient.humidity ambient.humidity.alarm ambient.humidity.high ambient.humidity.low
"""
_STRINGS = {
    16: """
    ups.time ups.date ups.mfr.date ups.firmware ups.firmware.aux ups.id ups.test.result
    """,
    6: "input.quality",
    1: "input.transfer.reason input.sensitivity",
}
_NUMBER = Writable(type="number")
_OTHER = Writable(max_length=32)
_KNOWN = dict.fromkeys(_NUMBERS.split(), _NUMBER) | {
    name: writable
    for length, names in _STRINGS.items()
    for writable in (Writable(max_length=length),)
    for name in names.split()
}


def writable(names: Iterable[str]) -> dict[str, Writable]:
    """Say what may be written to each of the variables."""
    return {name: _KNOWN.get(name, _OTHER) for name in names}


@dataclass(frozen=True, slots=True)
class Effect:
    """What a command does: variables that exist get values, status words come and go.

    `needs` is a pattern of a variable without which the command is not offered. In it and in
    `sets` the `<n>` of the command's name stands for its number.
    """

    needs: str = ""
    sets: tuple[tuple[str, str], ...] = ()
    adds: str = ""
    drops: str = ""
    does: Callable[[Board], Board] | None = None


def commands(variables: Iterable[str]) -> tuple[str, ...]:
    """List the commands that make sense for a device with these variables."""
    names = sorted({*variables})
    offered = {_named(command, number) for command, number in _offered(names)}
    return tuple(sorted(offered))


def carried_out(board: Board, command: str) -> Board:
    """Show what the command has done; KeyError for a command that there is not."""
    number = _NUMBERED.search(command)
    effect = EFFECTS[_NUMBERED.sub(".<n>.", command) if number else command]
    for variable, value in effect.sets:
        name = _named(variable, number[1] if number else "")
        if name in board.variables:
            board = board.with_value(name, value)
    if effect.adds or effect.drops:
        words = [word for word in board.status.split() if word not in (effect.drops, effect.adds)]
        board = replace(board, status=" ".join([*words, effect.adds]).strip())
    return effect.does(board) if effect.does else board


def _offered(names: list[str]) -> Iterable[tuple[str, str]]:
    text = "\n".join(names)
    for command, effect in EFFECTS.items():
        if not effect.needs:
            yield command, ""
            continue
        pattern = effect.needs.replace(".", r"\.").replace("<n>", r"(\d+)")
        for found in re.finditer(rf"^{pattern}", text, re.MULTILINE):
            yield command, found[1] if found.re.groups else ""


def _named(pattern: str, number: str) -> str:
    return pattern.replace("<n>", number)


def _toggled_beeper(board: Board) -> Board:
    is_on = board.variables.get(_BEEPER) == "enabled"
    return board.with_value(_BEEPER, "disabled" if is_on else "enabled")


def _reset_extremes(board: Board) -> Board:
    voltage = board.variables.get("input.voltage", "")
    for name in ("input.voltage.maximum", "input.voltage.minimum"):
        if voltage and name in board.variables:
            board = board.with_value(name, voltage)
    return board


_NUMBERED = re.compile(r"\.(\d+)\.")
_BEEPER = "ups.beeper.status"
_RESULT = "ups.test.result"
_SWITCHED_OFF = (("outlet.<n>.status", "off"), ("outlet.<n>.switch", "off"))
_SWITCHED_ON = (("outlet.<n>.status", "on"), ("outlet.<n>.switch", "on"))
_OUTLET = "outlet.<n>.(?:status|switch)$"
_PASSED = ((_RESULT, "Done and passed"),)

EFFECTS: dict[str, Effect] = {
    "load.off": Effect(adds="OFF"),
    "load.on": Effect(drops="OFF"),
    "shutdown.return": Effect("battery.", adds="OFF"),
    "shutdown.stayoff": Effect("battery.", adds="OFF"),
    "shutdown.stop": Effect("battery.", drops="OFF"),
    "shutdown.reboot": Effect("battery.", drops="OFF"),
    "test.battery.start": Effect("battery.", _PASSED),
    "test.battery.start.quick": Effect("battery.", _PASSED),
    "test.battery.start.deep": Effect("battery.", _PASSED),
    "test.battery.stop": Effect("battery.", ((_RESULT, "Aborted"),)),
    "calibrate.start": Effect("battery.", adds="CAL"),
    "calibrate.stop": Effect("battery.", drops="CAL"),
    "bypass.start": Effect("(?:in|out)put.bypass.", adds="BYPASS"),
    "bypass.stop": Effect("(?:in|out)put.bypass.", drops="BYPASS"),
    "reset.input.minmax": Effect("input.voltage.(?:max|min)imum$", does=_reset_extremes),
    "beeper.enable": Effect(f"{_BEEPER}$", ((_BEEPER, "enabled"),)),
    "beeper.disable": Effect(f"{_BEEPER}$", ((_BEEPER, "disabled"),)),
    "beeper.mute": Effect(f"{_BEEPER}$", ((_BEEPER, "muted"),)),
    "beeper.toggle": Effect(f"{_BEEPER}$", does=_toggled_beeper),
    "outlet.<n>.load.off": Effect(_OUTLET, _SWITCHED_OFF),
    "outlet.<n>.load.on": Effect(_OUTLET, _SWITCHED_ON),
    "outlet.<n>.load.cycle": Effect(_OUTLET, _SWITCHED_ON),
}

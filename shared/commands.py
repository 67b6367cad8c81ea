"""The catalogue of NUT's instant commands (docs/nut-names.txt, and what its drivers offer beyond).

A table line is `name  risk  description  parameter`, its columns two or more spaces apart, the last
one only where there is a parameter. `{}` in a description stands for what is switched.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Command:
    """One instant command; the description is plain ASCII.

    A `dangerous` command may interrupt the power of the load: it switches something off, lets the
    load hang on mains alone (bypass), or drains the battery on purpose (calibration, deep tests, a
    simulated outage). Short battery tests are not dangerous, nor is calling a shutdown off.
    `parameter` says what the optional parameter means, "" when the command takes none.
    """

    name: str
    description: str
    dangerous: bool
    parameter: str = ""


def command(name: str) -> Command | None:
    """Look a command up by its full name.

    None when the catalogue has nothing like it: then it must be taken for dangerous.
    """
    known = COMMANDS.get(name)
    if known is not None or len(name) > _LONGEST_NAME:
        return known
    return _derived(name)


@lru_cache(maxsize=1024)
def _derived(name: str) -> Command | None:
    """Find a command that has no row of its own; remembers the latest names only."""
    if _NAME.fullmatch(name) is None:
        return None
    return _relayed(name) or _switching(name) or _trial(name)


def _relayed(name: str) -> Command | None:
    """Describe a command for one device of a daisy chain."""
    match = _RELAYED.fullmatch(name)
    if match is None or _RELAYED.fullmatch(match["rest"]):
        return None
    found = command(match["rest"])
    place = f"device {match['number']} of the chain" if match["number"] != "0" else "whole chain"
    return found and replace(found, name=name, description=f"{found.description} ({place})")


def _switching(name: str) -> Command | None:
    match = _SWITCHED.fullmatch(name)
    if match is None or match["rest"] not in _SWITCHING:
        return None
    if match["group"]:
        place = f"outlet group {match['number']}"
    else:
        place = f"outlet {match['number']}" if match["number"] != "0" else "all outlets"
    return _placed(_SWITCHING[match["rest"]], name, place)


def _trial(name: str) -> Command | None:
    if not name.startswith(_TRIAL):
        return None
    description = f"Trial command {name.removeprefix(_TRIAL)}, whose effect is not known"
    return Command(name, description, dangerous=True)


def _placed(row: Command, name: str, place: str) -> Command:
    return replace(row, name=name, description=row.description.format(place))


def _table(text: str) -> dict[str, Command]:
    rows = (re.split(r" {2,}", line) for line in text.strip().splitlines())
    return {
        name: Command(name, description, _RISKS[risk], *parameter)
        for name, risk, description, *parameter in rows
    }


_LONGEST_NAME = 128
_RISKS = {"danger": True, "safe": False}
_TRIAL = "experimental."
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_NUMBER = r"(?P<number>0|[1-9][0-9]{0,3})"
_RELAYED = re.compile(rf"device\.{_NUMBER}\.(?P<rest>.+)")
_SWITCHED = re.compile(rf"outlet\.(?P<group>group\.)?{_NUMBER}\.(?P<rest>.+)")

# What can be done to the load as a whole, to an outlet, and to a group of outlets.
_SWITCHING = _table("""
load.off                  danger  Cut the power of {} at once
load.off.delay            danger  Cut the power of {} after a while           delay in seconds
load.on                   safe    Give power to {} at once
load.on.delay             safe    Give power to {} after a while              delay in seconds
load.cycle                danger  Cut the power of {} briefly
load.cycle.delay          danger  Cut the power of {} briefly, after a while  delay in seconds
shutdown.return           danger  Switch {} off until line power is back
shutdown.stayoff          danger  Switch {} off and leave it off
shutdown.reboot           danger  Switch {} off and soon on again
shutdown.reboot.graceful  danger  After a while, switch {} off and on again
""")

_OTHERS = _table("""
shutdown.default                   danger  Switch off in the way that the driver finds best
shutdown.stop                      safe    Call off a shutdown that has not happened yet
bypass.start                       danger  Feed the load from the mains, past the UPS
bypass.stop                        safe    Let the UPS feed the load again
calibrate.start                    danger  Measure the runtime by draining the battery
calibrate.stop                     safe    Give up measuring the runtime
test.battery.start                 safe    Run a battery self-test                 length in seconds
test.battery.start.quick           safe    Run a battery self-test of a few seconds
test.battery.start.low             danger  Run on the battery until it is low
test.battery.start.deep            danger  Run on the battery until it is nearly empty
test.battery.stop                  safe    Give up the battery self-test
test.failure.start                 danger  Act as if line power had failed
test.failure.stop                  safe    No longer act as if line power had failed
test.grid                          safe    Check the connection to the mains
test.panel.start                   safe    Check the lamps and the display
test.panel.stop                    safe    Give up checking the lamps and the display
test.system.start                  safe    Let the device check itself
beeper.enable                      safe    Allow the beeper
beeper.disable                     safe    Forbid the beeper
beeper.mute                        safe    Stop the present beeping
beeper.toggle                      safe    Forbid the beeper if it is allowed, and vice versa
beeper.on                          safe    Old name of beeper.enable
beeper.off                         safe    Old name of beeper.disable
reset.input.minmax                 safe    Forget the highest and lowest input voltage noted
reset.watchdog                     danger  Restart the timer that cycles the load  delay in seconds
clear.fault.record                 safe    Forget the faults noted
grid.connect                       safe    Connect the UPS to the mains
grid.disconnect                    danger  Cut the UPS off from the mains
standby.on                         danger  Put the UPS to sleep
standby.off                        safe    Wake the UPS up
driver.killpower                   danger  Let the driver switch the UPS off, if it is allowed to
driver.reload                      safe    Let the driver read its settings again
driver.reload-or-error             safe    Read settings again, or say that a restart is due
driver.reload-or-exit              safe    Read settings again, or end if a restart is due
driver.reload-or-restart           safe    Read settings again, or restart if need be
driver.exit                        safe    End the driver
experimental.ecomode.start         safe    Save energy in the economy mode
experimental.ecomode.stop          safe    Leave the economy mode
experimental.bypass.ecomode.start  danger  Go to bypass, then save energy in the economy mode
experimental.bypass.ecomode.stop   safe    Leave bypass and the economy mode
experimental.essmode.start         safe    Save energy in the energy saver mode
experimental.essmode.stop          safe    Leave the energy saver mode
experimental.test.beeper.start     safe    Check the beeper
experimental.test.beeper.stop      safe    Give up checking the beeper
""")

COMMANDS: Mapping[str, Command] = MappingProxyType(
    {name: _placed(row, name, "the load") for name, row in (_SWITCHING | _OTHERS).items()}
)
"""Every command without a number in its name, by name."""

"""An outlet as a UPS of its own, as NUT's drivers clone and clone-outlet make one.

Facts: NUT's drivers/clone.c and clone-outlet.c with their manual pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.driver.contract import Reading
from services.driver.protocols.derived.originals import number, passed_on
from shared.errors import RefusedError, ResultStatus
from shared.messages import Writable
from shared.status import Status

CHARGE_LOW, RUNTIME_LOW = "battery.charge.low", "battery.runtime.low"
COMMANDS = ("shutdown.return", "shutdown.stayoff")
_ON, _OFF = frozenset({"on", "yes"}), frozenset({"off", "no"})
_NOT_PASSED_ON = ("driver.", CHARGE_LOW, RUNTIME_LOW, "ups.delay.", "ups.timer.")
_LIMITS = {
    "battery.charge": (CHARGE_LOW, Writable(max_length=3)),
    "battery.runtime": (RUNTIME_LOW, Writable(max_length=4)),
}


@dataclass(frozen=True, slots=True)
class Design:
    """What the settings say of a clone; delays in seconds.

    `off` and `on` are commands of the original, `status` is its variable for the outlet.
    """

    offdelay: float = 120
    ondelay: float = 30
    off: str | None = None
    on: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Outlet:
    """A clone between two looks; a timer of -1 does not run, `at` is the time of the last look."""

    charge_low: float = 0
    runtime_low: float = 0
    is_on: bool = True
    shutdown: float = -1
    start: float = -1
    at: float = 0

    @property
    def is_leaving(self) -> bool:
        """Tell whether the outlet is about to be switched off."""
        return self.shutdown >= 0


def commanded(outlet: Outlet, design: Design, name: str) -> Outlet:
    """Begin a shutdown, with or without a return."""
    if name not in COMMANDS:
        raise RefusedError(ResultStatus.UNKNOWN, f"the device has no command {name}")
    begins = outlet.is_on and not outlet.is_leaving
    return replace(
        outlet,
        shutdown=design.offdelay if begins else outlet.shutdown,
        start=design.ondelay if name == "shutdown.return" else -1,
    )


def written(outlet: Outlet, name: str, value: str) -> Outlet:
    """Change a limit."""
    limit = number(value)
    if limit is None:
        raise RefusedError(ResultStatus.INVALID, "a number such as 20 or 20.5")
    if name == CHARGE_LOW:
        return replace(outlet, charge_low=limit)
    if name == RUNTIME_LOW:
        return replace(outlet, runtime_low=limit)
    raise RefusedError(ResultStatus.UNKNOWN, f"{name} cannot be written")


def looked(
    outlet: Outlet, design: Design, original: Mapping[str, str], now: float
) -> tuple[Outlet, str | None]:
    """Let the time since the last look pass; return the outlet and the command that is due.

    A command is for the original. Whether the outlet is on is assumed after a command, unless the
    original tells it.
    """
    passed, outlet = now - outlet.at, replace(outlet, at=now)
    told = original.get(design.status or "", "").lower()
    if told in _ON | _OFF:
        outlet = replace(outlet, is_on=told in _ON)
    is_online = Status.OL in original.get("ups.status", "").split()
    if outlet.is_leaving:
        return _leaving(outlet, design, passed)
    if outlet.start >= 0:
        return _returning(outlet, design, passed, is_online=is_online)
    if not is_online and outlet.is_on and _is_low(outlet, original):
        return commanded(outlet, design, "shutdown.return"), None
    return outlet, None


def shown(outlet: Outlet, design: Design, original: Mapping[str, str]) -> Reading:
    """Make the reading of a clone: the original's, with the timers and words of the outlet."""
    variables = passed_on(original, _NOT_PASSED_ON)
    writable = {}
    limits = {CHARGE_LOW: outlet.charge_low, RUNTIME_LOW: outlet.runtime_low}
    for measured, (limit, may) in _LIMITS.items():
        if measured in original:
            variables[limit] = f"{limits[limit]:g}"
            writable[limit] = may
    variables |= {
        "ups.delay.shutdown": f"{design.offdelay:g}",
        "ups.delay.start": f"{design.ondelay:g}",
        "ups.timer.shutdown": _seconds(outlet.shutdown),
        "ups.timer.start": _seconds(outlet.start),
    }
    extra = [Status.OFF] if not outlet.is_on else []
    extra += [Status.FSD] if outlet.is_leaving else []
    return Reading(variables, _status(original, extra), (), writable, COMMANDS)


def shown_outlet(prefix: str, original: Mapping[str, str]) -> Reading:
    """Make the reading of a clone-outlet: the original's, judged by the outlet's own timer."""
    extra = []
    if original.get(f"{prefix}.status", "").lower() == "off":
        extra.append(Status.OFF)
    timer = number(original.get(f"{prefix}.timer.shutdown"))
    delay = number(original.get(f"{prefix}.delay.shutdown"))
    if timer is not None and -1 < timer <= (-1 if delay is None else delay):
        extra.append(Status.FSD)
    return Reading(passed_on(original, ("driver.",)), _status(original, extra))


def _leaving(outlet: Outlet, design: Design, passed: float) -> tuple[Outlet, str | None]:
    left = outlet.shutdown - passed
    if left >= 0:
        return replace(outlet, shutdown=left), None
    outlet = replace(outlet, shutdown=-1)
    return (outlet if design.status else replace(outlet, is_on=False)), design.off


def _returning(
    outlet: Outlet, design: Design, passed: float, *, is_online: bool
) -> tuple[Outlet, str | None]:
    left = outlet.start - passed if is_online else design.ondelay
    if left >= 0:
        return replace(outlet, start=left), None
    outlet = replace(outlet, start=-1)
    return (outlet if design.status else replace(outlet, is_on=True)), design.on


def _is_low(outlet: Outlet, original: Mapping[str, str]) -> bool:
    pairs = (("battery.charge", outlet.charge_low), ("battery.runtime", outlet.runtime_low))
    measured = ((number(original.get(name)), limit) for name, limit in pairs)
    return any(value is not None and value < limit for value, limit in measured)


def _status(original: Mapping[str, str], extra: list[Status]) -> str:
    said = original.get("ups.status", "").split()
    return " ".join(dict.fromkeys([*map(str, extra), *said]))


def _seconds(timer: float) -> str:
    return f"{timer:.0f}" if timer >= 0 else "-1"

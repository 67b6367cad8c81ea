"""Orders as steps on the line: what to send, when to pause, and which reply is a yes."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from services.driver.protocols.apcsmart.rows import CommandRow

PEEK = 0.2  # seconds in which a reply to the first part of an order means that it was refused
GAP = 1.3  # seconds more until the same code may be sent again; the device wants about 1.5
CONFIRM = 1.5  # seconds that a device may take to confirm an order
PACE = 0.05  # seconds between the characters of what is typed
WRITTEN = 3.0  # seconds that the EEPROM may take for a text
TIMES = (3.0, 15.0)  # seconds after which a dangerous order must be given again to count
YES = frozenset({"OK"})
# What leads into and out of the bypass is confirmed in words of its own.
CONFIRMATIONS = {"bypass.start": frozenset({"OK", "BYP"}), "bypass.stop": frozenset({"OK", "INV"})}


@dataclass(frozen=True, slots=True)
class Send:
    """Send a code."""

    code: bytes


@dataclass(frozen=True, slots=True)
class Silence:
    """Wait for so long; a reply means that the order was refused."""

    seconds: float = PEEK


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Type:
    """Send characters one by one, as slowly as a person would."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Ignore:
    """Wait for a reply that does not matter, nor whether it comes."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """Wait for one of the replies; `*`, as old devices say it, is OK.

    `silence_is_yes`: the device says nothing if it obeys. `abort` is sent after a no, so that the
    device does not wait for more.
    """

    replies: frozenset[str] = YES
    seconds: float = CONFIRM
    silence_is_yes: bool = False
    abort: bytes = b""


Step = Send | Silence | Pause | Type | Ignore | Confirm
Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Choreography:
    """How the settings want the load switched off; `wake_delay` in six minutes, as typed.

    `kind` is sdtype, `order` the digits of advorder, "" for none; `fail_pause` is cshdelay.
    """

    kind: int = 0
    order: str = ""
    wake_delay: str = "000"
    fail_pause: float = 3.5


def _twice(code: bytes) -> Steps:
    return (Send(code), Silence(), Pause(GAP), Send(code))


def hibernate(_plan: Choreography, _is_online: bool) -> Steps:
    """Sleep until the mains are back; refused by silence while they are there."""
    return (Send(b"S"), Confirm())


def fail_and_hibernate(plan: Choreography, is_online: bool) -> Steps:
    """Feign a power failure first, so that the device sleeps in any case."""
    feigned: Steps = (Send(b"U"), Ignore(), Pause(plan.fail_pause)) if is_online else ()
    return (*feigned, *hibernate(plan, is_online))


def wake_later(plan: Choreography, _is_online: bool) -> Steps:
    """Sleep whether there are mains or not, for the delay of waking up and longer."""
    if len(plan.wake_delay) == 2:
        return (Send(b"@"), Silence(), Type(plan.wake_delay.encode()), Confirm(abort=b"Y"))
    return (Send(b"@"), Silence(), Type(plan.wake_delay.rjust(3, "0").encode()), Confirm())


def stay_off(_plan: Choreography, _is_online: bool) -> Steps:
    """Switch off for good after the delay."""
    return (*_twice(b"K"), Confirm())


def cut_off(_plan: Choreography, _is_online: bool) -> Steps:
    """Switch off for good at once."""
    return (*_twice(b"Z"), Confirm(silence_is_yes=True))


Method = Callable[[Choreography, bool], Steps]
# By the digits of advorder.
METHODS: tuple[Method, ...] = (hibernate, wake_later, stay_off, cut_off, fail_and_hibernate)
# By sdtype: what is tried on battery, and what on mains.
KINDS: tuple[tuple[tuple[Method, ...], tuple[Method, ...]], ...] = (
    ((hibernate,), (wake_later,)),
    ((hibernate, wake_later), (wake_later,)),
    ((cut_off,), (cut_off,)),
    ((stay_off,), (stay_off,)),
    ((fail_and_hibernate,), (fail_and_hibernate,)),
    ((wake_later,), (wake_later,)),
)


def shutdown(plan: Choreography, is_online: bool) -> tuple[Steps, ...]:
    """Return the ways to switch off that are tried one after the other until one is confirmed."""
    methods = (
        tuple(METHODS[int(digit)] for digit in plan.order)
        if plan.order
        else KINDS[plan.kind][is_online]
    )
    return tuple(method(plan, is_online) for method in methods)


def write_text(text: str, length: int) -> Steps:
    """Write the text variable that was asked for last."""
    typed = text.encode("ascii").ljust(length, b"\r")
    return (Send(NEXT), Silence(), Type(typed), Confirm(seconds=WRITTEN))


@dataclass(frozen=True, slots=True)
class Order:
    """An instant command, ready to be carried out; `ways` are tried until one is confirmed.

    `must_be_confirmed`: it counts only if it is given twice. `calibrates` says which way the
    calibration is to be turned, whose code only toggles.
    """

    ways: tuple[Steps, ...]
    must_be_confirmed: bool = False
    calibrates: bool | None = None


REBOOT = "shutdown.reboot"
DEFAULT = "shutdown.default"
WAKE_LATER = b"@"
NEXT = b"-"  # goes on to the next value of the setting that was asked for last
_RETURN = "shutdown.return"
_SPECIAL: dict[str, Method] = {"shutdown.stayoff": stay_off, "load.off": cut_off}
_CALIBRATIONS = {"calibrate.start": True, "calibrate.stop": False}


def names(rows: Iterable[CommandRow]) -> tuple[str, ...]:
    """List the commands of a device with these rows; it can be shut down in any case."""
    found = {row.name for row in rows}
    if any(row.code == WAKE_LATER for row in rows):
        found.add(REBOOT)
    return tuple(sorted({*found, DEFAULT}))


def order(
    name: str, value: str | None, rows: Iterable[CommandRow], plan: Choreography, is_online: bool
) -> Order | None:
    """Return the order for a command; None if its value means nothing to it."""
    if name == DEFAULT:
        return None if value else Order(shutdown(plan, is_online))
    if name == REBOOT:
        return None if value else Order((wake_later(plan, is_online),), must_be_confirmed=True)
    for row in rows:
        if row.name == name and re.fullmatch(row.value, value or ""):
            return Order(
                (_steps(row, value or "", plan, is_online),),
                row.must_be_confirmed,
                _CALIBRATIONS.get(name),
            )
    return None


def _steps(row: CommandRow, value: str, plan: Choreography, is_online: bool) -> Steps:
    if row.name == _RETURN:
        return _return(value, plan, is_online)
    if row.name in _SPECIAL:
        return _SPECIAL[row.name](plan, is_online)
    if row.is_repeated:
        return _twice(row.code)
    return (Send(row.code), Confirm(CONFIRMATIONS.get(row.name, YES)))


def _return(value: str, plan: Choreography, is_online: bool) -> Steps:
    """Take `at:nnn`, `cs` or nothing, as NUT does."""
    kind, _, delay = value.partition(":")
    if delay:
        return wake_later(replace(plan, wake_delay=delay), is_online)
    return (fail_and_hibernate if kind else hibernate)(plan, is_online)

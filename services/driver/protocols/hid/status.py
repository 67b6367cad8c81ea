"""What the words of HID rows sum up to: ups.status, ups.alarm, and why the battery was used."""

import re
from collections.abc import Set
from dataclasses import dataclass

_OPPOSITES = {
    "online": "offline",
    "offline": "online",
    "fullycharged": "notfullycharged",
    "notfullycharged": "fullycharged",
}
WORDS = frozenset(
    {
        *_OPPOSITES,
        *("dischrg", "chrg", "lowbatt", "overload", "replacebatt", "shutdownimm", "trim", "boost"),
        *("bypassauto", "bypassman", "ecomode", "essmode", "off", "cal", "overheat", "commfault"),
        *("depleted", "timelimitexp", "awaitingpower", "fanfail", "nobattery", "battvoltlo"),
        *("battvolthi", "chargerfail", "vrange", "frange"),
    }
)
_ALARMS = (
    ("replacebatt", "Replace battery!"),
    ("shutdownimm", "Shutdown imminent!"),
    ("fanfail", "Fan failure!"),
    ("nobattery", "No battery installed!"),
    ("battvoltlo", "Battery voltage too low!"),
    ("battvolthi", "Battery voltage too high!"),
    ("chargerfail", "Battery charger fail!"),
    ("overheat", "Temperature too high!"),
    ("commfault", "Internal UPS fault!"),
    ("awaitingpower", "Awaiting power!"),
    ("bypassauto", "Automatic bypass mode!"),
    ("bypassman", "Manual bypass mode!"),
)
_REASONS = (
    ("vrange", "input voltage out of range"),
    ("frange", "input frequency out of range"),
)
_MODES = (("ecomode", "vendor:default:ECO"), ("essmode", "vendor:default:ESS"))
_LOW = frozenset({"lowbatt", "timelimitexp", "shutdownimm"})
_WORN = frozenset({"replacebatt", "nobattery"})
_SAVING = {"ecomode", "essmode"}
_PLAIN: tuple[tuple[str, Set[str]], ...] = (  # words of ups.status that one of some words brings
    ("LB", _LOW),
    ("OVER", {"overload"}),
    ("RB", _WORN),
    ("TRIM", {"trim"}),
    ("BOOST", {"boost"}),
    ("BYPASS", {"bypassauto", "bypassman"}),
    ("OFF", {"off"}),
)


@dataclass(frozen=True, slots=True)
class Choices:
    """The settings for devices that say both that they are online and that they discharge.

    `delay` is how many seconds LB and RB must last while the device calibrates and is online
    (NUT's lbrb_log_delay_sec), with `delays_always` (lbrb_log_delay_without_calibrating) while it
    is online.
    """

    discharging_is_on_battery: bool = False  # onlinedischarge_onbattery
    discharging_is_calibration: bool = False  # onlinedischarge_calibration
    delay: float = 0.0
    delays_always: bool = False


@dataclass(frozen=True, slots=True)
class Delays:
    """Since when LB and RB are held back; hand it to the next summary."""

    low: float | None = None
    replace: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What words mean together; `reason` is input.transfer.reason, `modes` the modes' buzzwords."""

    status: tuple[str, ...]
    alarms: tuple[str, ...] = ()
    reason: str | None = None
    modes: tuple[str, ...] = ()
    delays: Delays = Delays()


def take(words: set[str], text: str) -> None:
    """Note what a row says: a word holds, or with `!` that it does not; others are passed over.

    `normal` is the contrary of the modes that save energy.
    """
    word = text.lower()
    if word == "normal":
        words -= _SAVING
    elif word.startswith("!"):
        words.discard(word[1:])
    elif word in WORDS:
        words.discard(_OPPOSITES.get(word, ""))
        words.add(word)


def summary(
    words: Set[str],
    charge: str | None = None,
    choices: Choices = Choices(),
    delays: Delays = Delays(),
    now: float = 0.0,
) -> Summary:
    """Sum words up; `charge` is battery.charge, `now` any clock in seconds that only goes on."""
    power = _power(words, choices)
    is_held = choices.delay >= 1 and "online" in words
    is_held = is_held and ("CAL" in power or choices.delays_always)
    low = _since(bool(words & _LOW), is_held, delays.low, now)
    held_replace = is_held and low is not None
    replace = _since(bool(words & _WORN), held_replace, delays.replace, now)
    held = {
        "LB": is_held and not _is_over(delays.low, choices, now),
        "RB": held_replace and not _is_over(delays.replace, choices, now),
    }
    others = [word for word, any_of in _PLAIN if words & any_of and not held.get(word)]
    return Summary(
        status=(*power, *_battery(words, charge), *others),
        alarms=tuple(alarm for word, alarm in _ALARMS if word in words),
        reason=next((reason for word, reason in _REASONS if word in words), None),
        modes=tuple(mode for word, mode in _MODES if word in words),
        delays=Delays(low, replace),
    )


def _power(words: Set[str], choices: Choices) -> list[str]:
    status = ["CAL"] if "cal" in words else []
    if "offline" in words:
        status.append("OB")
    if "online" not in words:
        if "dischrg" in words and "offline" not in words:
            status.append("OB")
        return status
    if "dischrg" not in words:
        return [*status, "OL"]
    if choices.discharging_is_calibration and not status.count("CAL"):
        status.append("CAL")
    if choices.discharging_is_on_battery and not status.count("OB"):
        status.append("OB")
    if not (choices.discharging_is_calibration or choices.discharging_is_on_battery):
        status.append("OL")
    return status


def _battery(words: Set[str], charge: str | None) -> list[str]:
    status = ["DISCHRG"] if "dischrg" in words and "depleted" not in words else []
    if "chrg" in words and _takes_charge(words, charge):
        status.append("CHRG")
    return status


def _takes_charge(words: Set[str], charge: str | None) -> bool:
    """Believe a device that says it charges only if its battery can take charge."""
    if "notfullycharged" in words or "fullycharged" in words:
        return "notfullycharged" in words
    found = re.match("[0-9]+", charge or "")
    return found is not None and 0 < int(found[0]) < 100


def _since(is_said: bool, is_held: bool, since: float | None, now: float) -> float | None:
    if not is_said:
        return None
    return now if is_held and since is None else since


def _is_over(since: float | None, choices: Choices, now: float) -> bool:
    return since is not None and now - since > choices.delay

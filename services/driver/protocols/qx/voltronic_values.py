"""What the values of the dialect voltronic mean, and how its settings and commands are said.

The protocol number (`ups.firmware.aux`, P00 to P99) says which queries a model knows; the letters
of QFLAG say which capabilities it has and whether they are on.

Facts: NUT, drivers/nutdrv_qx_voltronic.c.
"""

import re
from collections.abc import Mapping

from services.driver.protocols.qx import blazer, voltronic_rows, voltronic_words
from services.driver.protocols.qx.numbers import number, whole, written
from services.driver.protocols.qx.table import STATUS, Cut, Found, Knowledge, Wish
from shared.errors import RefusedError, ResultStatus

WHEN = voltronic_rows.WHEN
LIMITS = voltronic_rows.LIMITS

PROTOCOLS = frozenset({0, 1, 2, 3, 8, 9, 10, 13, 14, 31, 99})
BUZZWORDS = "experimental.ups.mode.buzzwords"
BEEPER = "ups.beeper.status"

_PROTOCOL = re.compile(r"PI([0-9]{2})\Z", re.IGNORECASE)
_FLAGS = re.compile(r"E([a-z]*)D([a-z]*)\Z")
_FAULT = re.compile(r"1[0-9ABC]|[02-9ABC][0-9]")
_TYPES = {"00": "offline", "01": "line-interactive", "10": "online"}
_BITS = {
    65: (Found(words=("OL",)), Found(words=("!OL",))),
    66: (Found(words=("!LB",)), Found(words=("LB",))),
    68: (
        Found(private={"fault": "no"}),
        Found(private={"fault": "yes"}, alarms=("UPS Fault!",)),
    ),
    70: (Found(words=("!CAL",)), Found(words=("CAL",))),
    71: (Found(words=("!FSD",)), Found(words=("FSD",))),
}
_KIND, _REGULATED, _SILENCED = 63, 67, 72
_MODE_WORDS = {"S": "OFF", "Y": "BYPASS", "L": "OL", "B": "!OL", "T": "CAL", "D": "FSD"}
_MODE_ALARMS = {
    "P": "UPS is going ON.",
    "F": "Fault reported by UPS.",
    "D": "UPS is shutting down!",
}
_MODE_BUZZWORDS = {
    "E": "vendor:voltronic:ECO-inverter-on",
    "C": "vendor:voltronic:freq-converter-on",
}
_MODES = frozenset({*_MODE_WORDS, *_MODE_ALARMS, *_MODE_BUZZWORDS})
_WARNING_WORDS = {7: "LB", 8: "OVER", 55: "RB"}
_OVERLOAD_FAULTS = {True: 7, False: 43}
_CAPABILITIES = {
    "ups.start.auto": "r",
    "battery.protection": "s",
    "battery.energysave": "g",
    "ups.start.battery": "c",
    "outlet.0.switchable": "j",
    "bypass_alarm": "p",
    "battery_alarm": "b",
    "bypass_when_off": "o",
    "alarm_control": "a",
    "converter_mode": "v",
    "eco_mode": "e",
    "battery_open_status_check": "d",
    "bypass_forbidding": "f",
    "site_fault_detection": "l",
    "advanced_eco_mode": "n",
    "constant_phase_angle": "q",
    "limited_runtime_on_battery": "w",
}
_BATTERY_TYPES = ("Li", "Flooded", "AGM")
_WORK_RANGES = ("Appliance", "UPS")
_PLACES = {1: "master", 2: "slave", 3: "slave"}
SHORTEST_TEST, LONGEST_TEST = 12, 5940


def protocol(cut: Cut) -> str:
    """Read which of Voltronic's protocols a UPS speaks."""
    found = _PROTOCOL.match(cut.text)
    if found is None or int(found[1]) not in PROTOCOLS:
        raise ValueError(f"{cut.text!r} is no protocol of a Voltronic UPS")
    return f"P{found[1]}"


def status(cut: Cut) -> Found:
    """Read one of the status bits of QGS, by its column."""
    start, text = cut.row.start, cut.text
    if start == _KIND:
        if text not in _TYPES:
            raise ValueError(f"{text!r} is no type of a UPS")
        return Found(_TYPES[text])
    if text not in ("0", "1"):
        raise ValueError(f"{text!r} is no status bit")
    if start == _REGULATED:
        return _regulation(cut) if text == "1" else Found()
    if start == _SILENCED:
        return _beeper(text == "1", cut.known.private.get("alarm_control"))
    return _BITS[start][int(text)]


def mode(cut: Cut) -> Found:
    """Read the working mode of QMOD, the part of it that belongs into the row's variable."""
    if cut.text not in _MODES:
        raise ValueError(f"{cut.text!r} is no working mode")
    if cut.row.variable != STATUS:
        alarm = _MODE_ALARMS.get(cut.text)
        return Found(alarms=(alarm,) if alarm else ())
    word = _MODE_WORDS.get(cut.text)
    return Found(
        words=(word,) if word else (),
        variables={BUZZWORDS: _MODE_BUZZWORDS.get(cut.text, "")},
    )


def fault(cut: Cut) -> Found:
    """Read the number of a fault."""
    if cut.text.upper() == "OK":
        return Found()
    of_p31 = protocol_number(cut.known) == 31
    text = _fault_text(cut.text, of_p31) or f"Unknown fault [{cut.text}]"
    overload = cut.text == f"{_OVERLOAD_FAULTS[of_p31]:02d}"
    return Found(alarms=(text,), words=("OVER",) if overload else ())


def warning(cut: Cut) -> Found:
    """Read the warnings of QWS, one bit each."""
    return warnings(cut.text, "UPS warnings:", voltronic_words.WARNINGS, _WARNING_WORDS)


def warnings(
    bits: str, title: str, texts: Mapping[int, str], words: Mapping[int, str], unused: str = "0"
) -> Found:
    """Make one alarm of a row of bits, and the status words that some of them mean."""
    if not bits or set(bits) - {"0", "1", *unused}:
        raise ValueError(f"{bits!r} is no row of warnings")
    places = [place for place, bit in enumerate(bits) if bit == "1"]
    if not places:
        return Found()
    told = [texts[place] for place in places if place in texts]
    others = ", ".join(f"#{place + 1:02d}" for place in places if place not in texts)
    if others:
        told.append(f"Unknown warnings [bit: {others}]")
    raised = tuple(words[place] for place in places if place in words)
    return Found(alarms=(" ".join([title, *told]),), words=raised)


def capability(cut: Cut) -> Found:
    """Read whether a capability is on; none where the UPS has not got it."""
    found = _FLAGS.match(cut.text)
    if found is None:
        raise ValueError(f"{cut.text!r} is no list of capabilities")
    letter = _CAPABILITIES[cut.row.variable]
    if letter not in found[1] + found[2]:
        return Found()
    is_on = letter in found[1]
    if not cut.row.private:
        return Found("yes" if is_on else "no")
    value = "enabled" if is_on else "disabled"
    if cut.row.variable != "alarm_control":
        return Found(value)
    silenced = cut.known.private.get("silenced") == "yes"
    return Found(value, variables=_beeper(silenced, value).variables)


def outlet(cut: Cut) -> str:
    """Read an outlet: it can be switched if it says at all whether it is on."""
    if cut.text not in ("0", "1"):
        raise ValueError(f"{cut.text!r} is no state of an outlet")
    if cut.row.variable.endswith(".switchable"):
        return "yes"
    return "on" if cut.text == "1" else "off"


def outlet_delay(cut: Cut) -> str:
    """Make seconds of minutes."""
    return _formed(cut, number(cut.text) * 60)


def batt_runtime(cut: Cut) -> str:
    """Make seconds of minutes."""
    return _formed(cut, number(cut.text) * 60)


def batt_numb(cut: Cut) -> str:
    """Read how many batteries a pack has."""
    return _formed(cut, int(number(cut.text)))


def output_powerfactor(cut: Cut) -> str:
    """Make a factor of percents."""
    return _formed(cut, number(cut.text) / 100)


def serial_numb(cut: Cut) -> Found:
    """Read the serial number; nothing but zeros are none."""
    return Found(cut.text if cut.text.strip("0") else "")


def eco_volt(cut: Cut) -> str:
    """Read a voltage limit of the ECO mode."""
    return _formed(cut, number(cut.text))


def eco_volt_range(cut: Cut) -> Found:
    """Tell how far a voltage limit of the ECO mode may go."""
    variable, _, which = cut.row.variable.rpartition(".")
    limits = voltronic_rows.LIMITS[variable](cut.known)
    if limits is None:
        return Found()
    return Found(f"{limits.ranges[0][which == 'max']:.0f}")


def eco_freq(cut: Cut) -> str:
    """Read a frequency limit of the ECO mode."""
    return _formed(cut, number(cut.text))


def bypass(cut: Cut) -> str:
    """Read a limit of the bypass."""
    return _formed(cut, number(cut.text))


def phase(cut: Cut) -> str:
    """Read a phase angle."""
    return _formed(cut, int(number(cut.text)))


def p31b(cut: Cut) -> str:
    """Read the type of the battery."""
    return _choice(cut.text, _BATTERY_TYPES)


def p31g(cut: Cut) -> str:
    """Read the working range of the grid."""
    return _choice(cut.text, _WORK_RANGES)


def parallel(cut: Cut) -> str:
    """Read the place of a UPS among those in parallel."""
    place = _PLACES.get(whole(cut.text))
    if place is None:
        raise ValueError(f"{cut.text!r} is no place in a parallel system")
    return place


def setvar(wish: Wish) -> str:
    """Write a number into the request; of a delay make one that can be asked for."""
    request = wish.row.request
    if request is None:
        return blazer.whole_steps(wish)
    return written(request, _asked_number(wish))


def capability_set(wish: Wish) -> str:
    """Ask for a capability to be on or off."""
    return _switched(wish, {"yes": "E", "no": "D"})


def capability_set_nonut(wish: Wish) -> str:
    """Ask for a capability to be on or off."""
    return _switched(wish, {"enabled": "E", "disabled": "D"})


def capability_reset(wish: Wish) -> str:
    """Ask for the capabilities to be as they left the factory; only in standby."""
    if "OFF" not in wish.known.words:
        raise RefusedError(ResultStatus.REFUSED, "only while the UPS is off (ups.status OFF)")
    assert wish.row.request is not None
    return wish.row.request


def outlet_delay_set(wish: Wish) -> str:
    """Ask for a delay in whole minutes."""
    assert wish.row.request is not None
    return written(wish.row.request, int(_asked_number(wish)) // 60)


def p31b_set(wish: Wish) -> str:
    """Ask for a type of battery."""
    return _chosen(wish, _BATTERY_TYPES)


def p31g_set(wish: Wish) -> str:
    """Ask for a working range."""
    return _chosen(wish, _WORK_RANGES)


def phase_set(wish: Wish) -> str:
    """Ask for a phase angle."""
    assert wish.row.request is not None
    return written(wish.row.request, _asked_number(wish))


def command(wish: Wish) -> str:
    """Ask for a shutdown, a battery test, or the other state of the beeper."""
    name = getattr(wish.row, "name", "")
    if name == "shutdown.return":
        return blazer.shutdown_return(wish)
    if name == "shutdown.stayoff":
        return blazer.shutdown_stayoff(wish)
    assert wish.row.request is not None
    return written(wish.row.request, _toggled(wish) if name == "beeper.toggle" else _test(wish))


def protocol_number(known: Knowledge) -> int:
    """Tell the number of the protocol that the UPS speaks, -1 while that is not known."""
    return voltronic_rows.protocol_number(known)


def _regulation(cut: Cut) -> Found:
    """Tell what the regulator does; old models have no bypass, there it is only an alarm."""
    found = blazer.regulation(cut)
    if found.words == ("BYPASS",) and protocol_number(cut.known) in (0, 8):
        found = Found(alarms=("UPS is in AVR Mode.",))
    return Found(words=found.words) if cut.row.variable == STATUS else Found(alarms=found.alarms)


def _beeper(silenced: bool, control: str | None) -> Found:
    """Tell what the beeper does: `control` is whether the alarms are on, if that can be said."""
    if control is None:
        state = "disabled" if silenced else "enabled"
    elif control == "enabled":
        state = "muted" if silenced else "enabled"
    else:
        state = "disabled"
    told = "yes" if silenced else "no"
    return Found(state, variables={BEEPER: state}, private={"silenced": told})


def _fault_text(code: str, of_p31: bool) -> str | None:
    if not _FAULT.fullmatch(code):
        return None
    if of_p31:
        return voltronic_words.FAULTS_OF_P31.get(int(code)) if code.isdigit() else None
    if code[0] == "1" and code[1] in voltronic_words.PHASE_FAULTS:
        return voltronic_words.PHASE_FAULTS[code[1]]
    if code == "01":
        return voltronic_words.BUS_VOLTAGE_FAULT
    return voltronic_words.FAULTS.get(int(code)) if code.isdigit() else None


def _formed(cut: Cut, value: float) -> str:
    return written(cut.row.form, value)


def _choice(text: str, choices: tuple[str, ...]) -> str:
    place = whole(text)
    if place >= len(choices):
        raise ValueError(f"{text!r} is none of {len(choices)} choices")
    return choices[place]


def _chosen(wish: Wish, choices: tuple[str, ...]) -> str:
    assert wish.row.request is not None
    if wish.value not in choices:
        raise RefusedError(ResultStatus.INVALID, f"one of {', '.join(choices)}")
    return written(wish.row.request, choices.index(wish.value))


def _switched(wish: Wish, letters: Mapping[str, str]) -> str:
    assert wish.row.request is not None
    if wish.value not in letters:
        raise RefusedError(ResultStatus.INVALID, f"one of {', '.join(letters)}")
    return written(wish.row.request, letters[wish.value])


def _asked_number(wish: Wish) -> float:
    try:
        return number(wish.value)
    except ValueError:
        raise RefusedError(ResultStatus.INVALID, "a number such as 20 or 20.5") from None


def _toggled(wish: Wish) -> str:
    states = {"enabled": "OFF", "muted": "ON"}
    if "alarm_control" not in wish.known.private:
        states["disabled"] = "ON"
    state = wish.known.variables.get(BEEPER, "")
    if state not in states:
        raise RefusedError(ResultStatus.REFUSED, "the beeper is disabled")
    return states[state]


def _test(wish: Wish) -> str:
    text = wish.value or str(blazer.TEST_SECONDS)
    if not (text.isascii() and text.isdigit() and SHORTEST_TEST <= int(text) <= LONGEST_TEST):
        limits = f"{SHORTEST_TEST} to {LONGEST_TEST}"
        raise RefusedError(ResultStatus.INVALID, f"a battery test takes {limits} s")
    seconds = int(text)
    return f".{seconds // 6}" if seconds < 60 else f"{seconds // 60:02d}"

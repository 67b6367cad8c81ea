"""What Eaton's (formerly MGE's) devices mean: batteries, chargers, dates, nominal values."""

import math
from collections.abc import Mapping
from datetime import datetime

from services.driver.protocols.hid.eaton_models import MODELS, SERIES
from services.driver.protocols.hid.table import Known, Read

MODEL = "UPS.PowerSummary.iModel"
POWER = "UPS.Flow.[4].ConfigApparentPower"
_DELL = "047c"  # its products' names are whole
_SERIES, _COUNTRY, _CHARGER, _CHARGER_PATH = "series", "country", "charger", "charger path"
_MANAGED = "managed"  # a charger with ABM, as Eaton calls it
_EUROPE, _EUROPE_208 = "0", "2"
_VOLTAGE_SERIES = ("MGE_EVOLUTION", "MGE_PULSAR_M", "EATON_5P", "EATON_9E")
_LOW = (100, 110, 120, 127)
_MIDDLE = (200, 208)
_HIGH = (220, 230, 240)
_STATES = {  # of a managed charger, as UPS.BatterySystem.Charger.Status and .Mode number them
    "status": {1: "charging", 2: "floating", 3: "resting", 4: "discharging", 6: "off"},
    "mode": {1: "charging", 2: "discharging", 3: "floating", 4: "resting", 6: "off"},
}
_WORDS = {"charging": "chrg", "floating": "chrg", "discharging": "dischrg"}


def identify(known: Known, answers: Mapping[str, str]) -> dict[str, str]:
    """Name a device by its product and model, and note its series."""
    product = known.identity.product
    model = answers.get(MODEL) or answers.get(POWER)
    if known.identity.id.vendor != _DELL and model:
        product = product or "unknown"
        series, name = MODELS.get((product, model), (None, None))
        if series:
            known.notes[_SERIES] = series
        product = name or f"{product} {model}"
    parts = {
        "ups.mfr": known.identity.maker or "Eaton",
        "ups.model": product or "",
        "ups.serial": known.identity.serial or "",
    }
    return {name: text for name, text in parts.items() if text}


def note_country(value: float, known: Known) -> None:
    """Note for which country the device was made."""
    known.notes[_COUNTRY] = str(int(value))


def battery_voltage(value: float, known: Known) -> str | None:
    """Write a voltage; only some series mean it."""
    return f"{value:.1f}" if _is_of(known, _VOLTAGE_SERIES) else None


def nominal_battery_voltage(value: float, known: Known) -> str | None:
    """Write a nominal voltage; only some series mean it, and one model says it wrongly."""
    if _series(known) == "MGE_EVOLUTION_650":
        return "12"
    return f"{value:.0f}" if _is_of(known, _VOLTAGE_SERIES) else None


def nominal_output_voltage(value: float, known: Known) -> str | None:
    """Write a voltage that the device can be set to, which the first one seen tells."""
    number = int(value)
    first = int(known.notes.setdefault("nominal output voltage", str(max(number, 0))))
    return f"{value:.0f}" if number in _group(first, known) or not _is_usual(first) else None


def _is_usual(voltage: int) -> bool:
    return voltage in _LOW + _MIDDLE + _HIGH


def _group(first: int, known: Known) -> tuple[int, ...]:
    if first in _LOW:
        return _LOW
    if _is_offline(known):
        return _MIDDLE if first in _MIDDLE else _HIGH
    return _MIDDLE + _HIGH


def outlet_threshold(value: float, known: Known) -> str | None:
    """Write the power that switches outlets; only some series mean it."""
    return f"{value:.0f}" if _has_eco_outlets(known) else None


def outlet_switchable(value: float, known: Known) -> str | None:
    """Say yes or no; only some series mean it."""
    return ("yes" if value else "no") if _has_eco_outlets(known) else None


def as_outlet_switchable(text: str | None, known: Known) -> float | None:
    """Write yes or no for the series that mean it."""
    return {"yes": 1.0, "no": 0.0}.get(text or "") if _has_eco_outlets(known) else None


def _has_eco_outlets(known: Known) -> bool:
    if _is_of(known, ("MGE_3S",)):
        return known.notes.get(_COUNTRY) != _EUROPE
    return _is_of(known, ("MGE_PEGASUS",))


def _series(known: Known) -> str:
    return known.notes.get(_SERIES, "MGE_DEFAULT")


def _is_of(known: Known, families: tuple[str, ...]) -> bool:
    number = SERIES[_series(known)] & 0xFF00
    return _series(known) in families or number in {SERIES[each] for each in families}


def _is_offline(known: Known) -> bool:
    return SERIES[_series(known)] & 0xFF00 < SERIES["MGE_DEFAULT"]


def note_charger(value: float, known: Known) -> None:
    """Note whether the charger is managed."""
    known.notes[_CHARGER] = _MANAGED if int(value) == 1 else "unmanaged"


def note_charger_path(path: str) -> Read:
    """Note which of its two states a managed charger reports first; it keeps to that."""

    def read(_value: float, known: Known) -> None:
        if _is_managed(known):
            known.notes.setdefault(_CHARGER_PATH, path)
        else:
            known.notes.pop(_CHARGER_PATH, None)

    return read


def charger_state(value: float, known: Known) -> str | None:
    """Name what a managed charger does."""
    if not _is_managed(known):
        known.variables.pop("battery.charger.status", None)
        return None
    return _STATES[known.notes.get(_CHARGER_PATH, "mode")].get(int(value))


def charger_word(value: float, known: Known) -> str | None:
    """Say what a managed charger means for the status."""
    state = charger_state(value, known)
    return _WORDS.get(state) if state else None


def discharging(value: float, known: Known) -> str:
    """Tell whether the battery discharges, unless a managed charger says so itself."""
    return "dischrg" if value == 1 and not _is_managed(known) else "!dischrg"


def charging(value: float, known: Known) -> str:
    """Tell whether the battery charges, unless a managed charger says so itself.

    Some devices go on saying it when the battery is full.
    """
    is_charging = value == 1 and not _is_managed(known) and not _is_full(known)
    return "chrg" if is_charging else "!chrg"


def _is_managed(known: Known) -> bool:
    return known.notes.get(_CHARGER) == _MANAGED


def _is_full(known: Known) -> bool:
    return stated(known, "battery.charge", 0.0) >= 100


def converter_online(value: float, known: Known) -> str | None:
    """Tell whether the converter is fed, which says nothing while the device is off."""
    if "off" in known.words:
        return None
    return "online" if value else "!online"


def real_power(_value: float, known: Known) -> str | None:
    """Estimate the real power of a device that does not measure it."""
    if not {"ups.load", "ups.power.nominal"} <= known.variables.keys():
        return None
    load = int(stated(known, "ups.load", 0.0))
    nominal = int(stated(known, "ups.power.nominal", 0.0))
    factor = stated(known, "output.powerfactor", 0.8)
    return f"{int(load * 0.01 * nominal * factor + 0.5)}"


def date(value: float, _known: Known) -> str | None:
    """Read the day from the seconds since 1970, in the time of this machine."""
    moment = _moment(value)
    return moment.strftime("%Y/%m/%d") if moment else None


def time(value: float, _known: Known) -> str | None:
    """Read the time of day from the seconds since 1970, in the time of this machine."""
    moment = _moment(value)
    return moment.strftime("%H:%M:%S") if moment else None


def as_date(text: str | None, known: Known) -> float | None:
    """Write a day, with the time of day that the device has."""
    return _seconds(f"{text} {known.variables.get('ups.time')}")


def as_time(text: str | None, known: Known) -> float | None:
    """Write a time of day, with the day that the device has."""
    return _seconds(f"{known.variables.get('ups.date')} {text}")


def _moment(value: float) -> datetime | None:
    try:
        moment = datetime.fromtimestamp(int(value)).astimezone()
    except (OverflowError, OSError, ValueError):
        return None
    return moment if moment.year >= 1000 else None


def _seconds(text: str) -> float | None:
    try:
        return datetime.strptime(text, "%Y/%m/%d %H:%M:%S").astimezone().timestamp()
    except (OverflowError, OSError, ValueError):
        return None


def stated(known: Known, variable: str, otherwise: float) -> float:
    """Give a variable as a number."""
    try:
        number = float(known.variables[variable])
    except (KeyError, ValueError):
        return otherwise
    return number if math.isfinite(number) else otherwise

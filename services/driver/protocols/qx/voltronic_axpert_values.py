"""What the values of Voltronic's inverters (Axpert and its relatives, protocol PI30) mean.

Every line carries a checksum (see crc.py). Facts: NUT, drivers/nutdrv_qx_voltronic-axpert.c; the
meaning of the bits of QPIWS is that of PI30 itself, see voltronic_words.INVERTER_WARNINGS.
"""

import re
from collections.abc import Mapping

from services.driver.protocols.qx import crc as checks
from services.driver.protocols.qx import voltronic_values, voltronic_words
from services.driver.protocols.qx.table import STATUS, Cut, Found, Knowledge, When, Wish

REJECTED = b"(NAK\r"
PROTOCOL = "PI30"
_HEXADECIMAL = re.compile(r"[0-9A-F.]+\Z")
_FLAGS = re.compile(r"E([a-z]*)D([a-z]*)\Z")
_CAPABILITIES = {
    "ups.beeper.status": ("a", "enabled", "disabled"),
    "battery.energysave": ("j", "yes", "no"),
}
_BITS = {
    86: (Found(words=("OFF",)), Found(words=("!OFF",))),
    88: (Found(words=("!CHRG",)), Found(words=("CHRG",))),
}
UNSUPPORTED = "-"
_BATTERIES = {"0": "AGM", "1": "Flooded", "2": "User"}
_MODELS = {
    "00": "Grid-tie",
    "01": "Off-grid",
    "10": "Hybrid",
    "11": "Off Grid with 2 Trackers",
    "20": "Off Grid with 3 Trackers",
}
_TRANSFORMERS = {"0": "Transformerless", "1": "With transformer"}
_MODE_WORDS = {"S": "OFF", "L": "OL", "B": "!OL"}
_MODE_ALARMS = {"P": "Device is going ON.", "F": "Fault reported by device."}
_SAVING = "H"
_WARNING_WORDS = {12: "LB", 14: "LB", 16: "OVER"}


def crc(request: bytes, known: Knowledge) -> bytes:
    """Put the checksum into a request."""
    del known
    return checks.with_checksum(request)


def checkcrc(reply: bytes) -> bytes:
    """Take the checksum out of a reply; some devices refuse without one."""
    return reply if reply == REJECTED else checks.without_checksum(reply)


def protocol(cut: Cut) -> str:
    """Read the protocol; there is only one for this dialect."""
    if cut.text.upper() != PROTOCOL:
        raise ValueError(f"{cut.text!r} is no protocol of an Axpert")
    return cut.text[:1].upper() + cut.text[2:]


def hex_preprocess(cut: Cut) -> str:
    """Read a version of the firmware."""
    if not _HEXADECIMAL.match(cut.text):
        raise ValueError(f"{cut.text!r} is no version")
    return f"0X{cut.text}"


def fw(cut: Cut) -> str:
    """Read the version of the firmware."""
    return hex_preprocess(cut)


def serial_numb(cut: Cut) -> Found:
    """Read the serial number; nothing but zeros are none."""
    return voltronic_values.serial_numb(cut)


def capability(cut: Cut) -> Found:
    """Read whether a capability is on; none where the device has not got it."""
    found = _FLAGS.match(cut.text)
    if found is None:
        raise ValueError(f"{cut.text!r} is no list of capabilities")
    letter, on, off = _CAPABILITIES[cut.row.variable]
    if letter in found[1]:
        return Found(on)
    return Found(off if letter in found[2] else "")


def capability_set(wish: Wish) -> str:
    """Ask for a capability to be on or off."""
    return voltronic_values.capability_set(wish)


def qpiri_battery_type(cut: Cut) -> str:
    """Read the type of the battery."""
    return _named(cut.text, _BATTERIES, "type of a battery")


def qpiri_model_type(cut: Cut) -> str:
    """Read the type of the model."""
    return _named(cut.text, _MODELS, "type of a model")


def transformer(cut: Cut) -> str:
    """Read whether there is a transformer."""
    return _named(cut.text, _TRANSFORMERS, "kind of a device")


def status(cut: Cut) -> Found:
    """Read one of the status bits of QPIGS, by its column."""
    if cut.text == UNSUPPORTED:
        return Found()
    if cut.text not in ("0", "1"):
        raise ValueError(f"{cut.text!r} is no status bit")
    return _BITS[cut.row.start][int(cut.text)]


def sunny_warning(cut: Cut) -> Found:
    """Read the warnings of QPIWS, one bit each."""
    texts = voltronic_words.INVERTER_WARNINGS
    return voltronic_values.warnings(
        cut.text, "Device warnings:", texts, _WARNING_WORDS, UNSUPPORTED
    )


def mode(cut: Cut) -> Found:
    """Read the working mode, the part of it that belongs into the row's variable."""
    if cut.text not in {*_MODE_WORDS, *_MODE_ALARMS, _SAVING}:
        raise ValueError(f"{cut.text!r} is no working mode")
    if cut.row.variable == STATUS:
        word = _MODE_WORDS.get(cut.text)
        return Found(words=(word,) if word else ())
    alarm = _MODE_ALARMS.get(cut.text)
    return Found(alarms=(alarm,) if alarm else ())


def has_beeper(known: Knowledge) -> bool:
    """Tell whether the beeper can be switched off."""
    return "ups.beeper.status" in known.variables


WHEN: Mapping[str, When] = {
    "command:beeper.enable": has_beeper,
    "command:beeper.disable": has_beeper,
}


def _named(text: str, names: Mapping[str, str], what: str) -> str:
    if text not in names:
        raise ValueError(f"{text!r} is no {what}")
    return names[text]

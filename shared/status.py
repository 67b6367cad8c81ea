"""The words of ups.status, and what they say (NUT, docs/nut-names.txt, inventory 6.3)."""

from enum import StrEnum


class Status(StrEnum):
    """The words that NUT knows, in the order in which its documents list them."""

    OL = "OL"
    OB = "OB"
    LB = "LB"
    HB = "HB"
    RB = "RB"
    CHRG = "CHRG"
    DISCHRG = "DISCHRG"
    BYPASS = "BYPASS"
    CAL = "CAL"
    OFF = "OFF"
    OVER = "OVER"
    TRIM = "TRIM"
    BOOST = "BOOST"
    FSD = "FSD"
    ALARM = "ALARM"
    WAIT = "WAIT"
    ECO = "ECO"
    TEST = "TEST"


MEANING = {
    Status.OL: "on line power",
    Status.OB: "on battery",
    Status.LB: "battery low",
    Status.HB: "battery high",
    Status.RB: "replace battery",
    Status.CHRG: "charging",
    Status.DISCHRG: "discharging",
    Status.BYPASS: "on bypass",
    Status.CAL: "calibrating",
    Status.OFF: "off",
    Status.OVER: "overloaded",
    Status.TRIM: "trimming voltage",
    Status.BOOST: "boosting voltage",
    Status.FSD: "forced shutdown",
    Status.ALARM: "alarm",
    Status.WAIT: "waiting for data",
    Status.ECO: "economy mode",
    Status.TEST: "testing",
}


def words(status: str) -> tuple[str, ...]:
    """Split ups.status into its words, upper case, each once, in their order."""
    return tuple(dict.fromkeys(status.upper().split()))


def with_fsd(status: str) -> str:
    """Put FSD first, wherever the status says it already."""
    others = (word for word in status.split() if word.upper() != Status.FSD)
    return " ".join((Status.FSD, *others))


def in_words(status: str) -> str:
    """Say a status in plain English; unknown words stay as they are."""
    said = (MEANING[Status(word)] if word in _KNOWN else word for word in words(status))
    return ", ".join(said)


_KNOWN = frozenset(Status)

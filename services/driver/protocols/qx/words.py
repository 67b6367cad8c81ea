"""The words of ups.status and the alarms that come with them, in the order that NUT has."""

from collections.abc import Collection

ORDER = ("DISCHRG", "CHRG", "LB", "OVER", "RB", "TRIM", "BOOST", "BYPASS", "OFF", "CAL", "FSD")
KNOWN = frozenset({"OL", *ORDER})
_ALARMS = {"RB": "Replace battery!", "FSD": "Shutdown imminent!"}


def status(told: Collection[str]) -> str:
    """Write ups.status; what is not on line is on battery."""
    supply = "OL" if "OL" in told else "OB"
    return " ".join((supply, *(word for word in ORDER if word in told)))


def alarms(told: Collection[str]) -> tuple[str, ...]:
    """List the alarms that go with status words."""
    return tuple(text for word, text in _ALARMS.items() if word in told)

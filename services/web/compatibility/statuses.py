"""What upsstats says of ups.status, and in which colour (NUT, clients/status.h)."""

from collections.abc import Iterator, Mapping
from typing import Final

# word: what is shown, and how bad it is; FSD is ours.
STATUSES: Final[Mapping[str, tuple[str, int]]] = {
    "OFF": ("OFF", 1),
    "OL": ("ONLINE", 0),
    "OB": ("ON BATTERY", 2),
    "LB": ("LOW BATTERY", 2),
    "RB": ("REPLACE BATTERY", 2),
    "OVER": ("OVERLOAD", 2),
    "TRIM": ("VOLTAGE TRIM", 1),
    "BOOST": ("VOLTAGE BOOST", 1),
    "CAL": ("CALIBRATION", 1),
    "BYPASS": ("BYPASS", 2),
    "ECO": ("ECO", 1),
    "ALARM": ("ALARM", 2),
    "FSD": ("FORCED SHUTDOWN", 2),
}
GOOD: Final = "#00FF00"
WARNING: Final = "#FFFF00"
BAD: Final = "#FF0000"
_COLOURS: Final = (GOOD, WARNING, BAD)


def meanings(status: str) -> Iterator[str]:
    """Say what the words of a status mean; unknown ones are left out."""
    for word in status.split():
        if row := STATUSES.get(word.upper()):
            yield row[0]


def colour(status: str) -> str:
    """Give the colour of the worst word of a status."""
    worst = max((STATUSES[word][1] for word in status.split() if word in STATUSES), default=0)
    return _COLOURS[worst]

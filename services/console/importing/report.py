"""What became of each line, as text."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from shared.nutconfig.statements import Fate, Outcome, Statement

FILES: Final = (
    "ups.conf", "upsd.conf", "upsd.users", "upsmon.conf", "upssched.conf", "hosts.conf",
    "nut.conf", "upsset.conf",
)  # fmt: skip
_FORMS: Final = {
    Outcome.TAKEN: "{}: {} -> {}",
    Outcome.UNNEEDED: "{}: {} is not needed: {}",
    Outcome.LEFT: "{}: {} IS NOT TAKEN OVER: {}",
}


def report(statements: Iterable[Statement]) -> Iterator[str]:
    """Tell of each line its place, its first word and its fate; never what its value is."""
    lines = sorted(statements, key=lambda line: FILES.index(_file(line)))  # stable within a file
    for line in lines:
        place = line.place.replace(" line ", ":")
        for fate in line.fates:
            yield _FORMS[fate.outcome].format(place, line.key, fate.text)
    yield _summary(fate for line in lines for fate in line.fates)


def _summary(fates: Iterable[Fate]) -> str:
    number = Counter(fate.outcome for fate in fates)
    return (
        f"{number[Outcome.TAKEN]} lines are taken over, {number[Outcome.UNNEEDED]} are not needed, "
        f"{number[Outcome.LEFT]} cannot be taken over or count only in part"
    )


def _file(line: Statement) -> str:
    return line.place.partition(" ")[0]

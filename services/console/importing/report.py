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
_IN_PART: Final = "{}: {} COUNTS IN PART: {}"


def report(statements: Iterable[Statement]) -> Iterator[str]:
    """Tell of each line its place, its first word and its fate; never what its value is."""
    lines = sorted(statements, key=lambda line: FILES.index(_file(line)))  # stable within a file
    for line in lines:
        place = line.place.replace(" line ", ":")
        is_taken = line.has(Outcome.TAKEN)
        for fate in line.fates:
            is_in_part = is_taken and fate.outcome is Outcome.LEFT
            form = _IN_PART if is_in_part else _FORMS[fate.outcome]
            yield form.format(place, line.key, fate.text)
    yield _summary(fate for line in lines for fate in line.fates)
    if left := [line.section for line in lines if line.section and _is_left_out(line)]:
        yield f"NOBODY LOOKS AFTER {', '.join(left)}: left out, for the reasons above"


def _is_left_out(line: Statement) -> bool:
    return _file(line) == "ups.conf" and not line.has(Outcome.TAKEN)


def _summary(fates: Iterable[Fate]) -> str:
    number = Counter(fate.outcome for fate in fates)
    return (
        f"{number[Outcome.TAKEN]} lines are taken over, {number[Outcome.UNNEEDED]} are not needed, "
        f"{number[Outcome.LEFT]} cannot be taken over or count only in part"
    )


def _file(line: Statement) -> str:
    return line.place.partition(" ")[0]

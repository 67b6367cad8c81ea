"""Finds the mapping that fits a device, by its sysObjectID and by what it answers."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as Table

from services.driver.protocols.snmp.registry import MAPPINGS, by_name
from services.driver.protocols.snmp.table import INDEX, Answers, Mapping
from services.driver.protocols.snmpwire.values import Value
from shared.errors import SettingsError

AUTO = "auto"
SYSTEM = "1.3.6.1.2.1.1.2.0"  # sysObjectID (SNMPv2-MIB)
LEAST_EVIDENCE = 3  # objects
_MODELS = ("device.model", "ups.model")
_EVERYBODYS = "1.3.6.1.2.1.1."  # the system group
_FIRST = ("0", "1")  # numbers that the first device of a chain may have


def candidates(mibs: Sequence[str], own: Table[str, Mapping] | None = None) -> tuple[Mapping, ...]:
    """List the mappings that are meant; SettingsError for a name that there is none of.

    A user's own mapping is only taken by its name.
    """
    found: list[Mapping] = []
    for name in mibs or (AUTO,):
        named = MAPPINGS if name == AUTO else by_name(name)
        if own and name in own:
            named = (own[name],)
        if not named:
            known = dict.fromkeys([AUTO, *(own or ()), *(each.name for each in MAPPINGS)])
            raise SettingsError(f"mibs: {name!r} is not known; there are {', '.join(known)}")
        found += named
    return tuple(dict.fromkeys(found))


class Search:
    """Finds the mapping, round by round: ask what `ask` says, tell `take` the answers.

    As with NUT, it is the one whose sysObjectID the device has, if its model answers; else the
    first whose model answers. Then chains that count from 1 and test OIDs have their turn, and if
    the search `is_thorough`, the mapping of which the device answers the most.
    """

    def __init__(self, mappings: Sequence[Mapping], *, is_thorough: bool = True) -> None:
        self.found: Mapping | None = None
        self._mappings = mappings
        self._answers: dict[str, Value] = {}
        self._steps = [self._named, self._model, self._other, *[self._most] * is_thorough]
        self._asked: set[str] = set()

    def ask(self) -> tuple[str, ...]:
        """List the OIDs to ask for next; none: the search is over."""
        if not self._asked:
            self._asked = {SYSTEM}
            return (SYSTEM,)
        while self.found is None and self._steps:
            oids = [oid for oid in self._steps[0]() if oid and oid not in self._asked]
            if oids:
                self._asked.update(oids)
                return tuple(dict.fromkeys(oids))
            self.take({})
        return ()

    def take(self, answers: Answers) -> None:
        """Take the answers to what `ask` said."""
        if self._asked == {SYSTEM} and not self._answers and SYSTEM in answers:
            self._answers.update(answers)
            return
        self._answers.update(answers)
        self.found = self._judged(self._steps.pop(0))

    def _judged(self, step: Callable[[], Iterable[str]]) -> Mapping | None:
        if step == self._most:
            return self._likeliest()
        tests: dict[Callable[[], Iterable[str]], Callable[[Mapping], bool]] = {
            self._named: lambda each: each in self._of_system() and self._has(model(each, "0")),
            self._model: lambda each: self._has(model(each, "0")),
            self._other: lambda each: self._has(model(each, "1")) or self._has(each.test),
        }
        return next((each for each in self._mappings if tests[step](each)), None)

    def _named(self) -> Iterable[str]:
        return (model(each, "0") for each in self._of_system())

    def _model(self) -> Iterable[str]:
        return (model(each, "0") for each in self._mappings)

    def _other(self) -> Iterable[str]:
        return (oid for each in self._mappings for oid in (model(each, "1"), each.test or ""))

    def _most(self) -> Iterable[str]:
        return (oid for each in self._mappings for oid in _own(each))

    def _likeliest(self) -> Mapping | None:
        best, most = None, LEAST_EVIDENCE - 1
        for each in self._mappings:
            known = sum(map(self._has, _own(each)))
            if known > most:
                best, most = each, known
        return best

    def _of_system(self) -> list[Mapping]:
        system = _digits(self._answers.get(SYSTEM))
        return [each for each in self._mappings if system and each.system == system]

    def _has(self, oid: str | None) -> bool:
        return oid in self._answers


def model(mapping: Mapping, device: str) -> str:
    """Give the OID of the model of a device; "" if the mapping has none."""
    for name in _MODELS:
        for row in mapping.rows:
            if row.variable == name:
                return (row.oid or "").replace(INDEX, device)
    return ""


def _own(mapping: Mapping) -> set[str]:
    """Name the objects that not every agent has; the first ones of tables."""
    oids = {each.oid for each in mapping.rows if each.oid}
    filled = {oid.replace(INDEX, first) for oid in oids for first in _FIRST}
    filled |= {oid.replace(INDEX, "0", 1).replace(INDEX, "1") for oid in oids}
    return {oid for oid in filled if not oid.startswith(_EVERYBODYS)}


def _digits(answer: Value | None) -> str | None:
    """Read the sysObjectID; some devices send it as text."""
    if answer is None:
        return None
    text = (answer.octets or b"").decode("latin-1")
    return answer.oid or text.strip().removeprefix(".")

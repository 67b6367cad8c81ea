"""Finds the mapping that fits a device, by its sysObjectID and by what it answers."""

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Table

from services.driver.protocols.snmp.answers import Answer, Answers
from services.driver.protocols.snmp.registry import MAPPINGS, by_name
from services.driver.protocols.snmp.table import INDEX, Mapping
from shared.errors import SettingsError

AUTO = "auto"
SYSTEM = "1.3.6.1.2.1.1.2.0"  # sysObjectID (SNMPv2-MIB)
_MODELS = ("device.model", "ups.model")
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


def questions(mappings: Sequence[Mapping]) -> tuple[str, ...]:
    """List the OIDs whose answers tell which mapping fits."""
    oids = [SYSTEM]
    for each in mappings:
        oids += [model(each, first) for first in _FIRST]
        oids += [each.test or ""]
    return tuple(dict.fromkeys(oid for oid in oids if oid))


def choose(mappings: Sequence[Mapping], answers: Answers) -> Mapping | None:
    """Give the mapping that fits best; None if the device answers nothing that one asks for.

    As with NUT, the one whose sysObjectID the device has, if its model answers; else the first
    whose model answers. Then chains that count from 1 and test OIDs have their turn.
    """
    system = _digits(answers.get(SYSTEM))
    tests: tuple[Callable[[Mapping], bool], ...] = (
        lambda each: each.system == system and model(each, "0") in answers,
        lambda each: model(each, "0") in answers,
        lambda each: model(each, "1") in answers,
        lambda each: each.test in answers,
    )
    return next((each for test in tests for each in mappings if test(each)), None)


def model(mapping: Mapping, device: str) -> str:
    """Give the OID of the model of a device; "" if the mapping has none."""
    for name in _MODELS:
        for row in mapping.rows:
            if row.variable == name:
                return (row.oid or "").replace(INDEX, device)
    return ""


def _digits(answer: Answer | None) -> str | None:
    """Read the sysObjectID; some devices send it as text."""
    told = answer.decode("latin-1") if isinstance(answer, bytes) else answer
    return told.strip().removeprefix(".") if isinstance(told, str) else None

"""upssched.conf: timers and commands for upsmon's events."""

import logging
import re
from typing import Final

from shared.nutconfig.statements import Statement
from shared.nutconfig.values import Table

logger = logging.getLogger(__name__)

# The word, and whether a time follows the name.
_VERBS: Final = {
    "START-TIMER": True,
    "START-TIMER-SHARED": True,
    "CANCEL-TIMER": False,
    "CANCEL-TIMER-MATCHED": False,
    "EXECUTE": False,
}
# How upssched starts its timer process; these have no counterpart here.
_UNUSED: Final = frozenset({"PIPEFN", "LOCKFN", "DEBUG_MIN"})
_KEYS: Final = ("CMDSCRIPT", "AT", *_UNUSED)
_SECONDS: Final = re.compile(r"\s*[+-]?[0-9]+")


def upssched_table(lines: list[Statement]) -> Table:
    """Read the statements of upssched.conf: `script`, and `at` with a table for each AT line.

    Empty if there is no AT line. SettingsError for an AT line before CMDSCRIPT, as NUT has it.
    """
    script: list[str] = []
    at: list[Table] = []
    for line in lines:
        match line.words:
            case (key, *_) if key in _UNUSED:
                logger.debug("%s: %s has no use here", line.place, key)
            case ("CMDSCRIPT", program, *arguments) if program:
                script = _script(line, [program, *arguments])
            case ("CMDSCRIPT", *_):
                raise line.error("CMDSCRIPT needs the path of a program")
            case ("AT", type_, ups, verb, name, *rest):
                if not script:
                    raise line.error("CMDSCRIPT must stand above the first AT")
                at += _at(line, {"type": type_, "ups": ups, "verb": verb, "name": name}, rest)
            case ("AT", *_):
                line.warn("passed over: write it as AT type ups command name")
            case _:
                line.warn_unknown(_KEYS)
    return {"script": script, "at": at} if at else {}


def _script(line: Statement, words: list[str]) -> list[str]:
    """Split a program that has its arguments within its quotes, as NUT before 2.8.6 wanted it."""
    if len(words) == 1 and len(words[0].split()) > 1:
        line.warn("the arguments of CMDSCRIPT are taken apart at spaces; no shell reads them")
        return words[0].split()
    return words


def _at(line: Statement, table: Table, rest: list[str]) -> list[Table]:
    verb = table["verb"]
    if verb not in _VERBS:
        line.warn(f"{verb!r} is passed over: the commands are {', '.join(_VERBS)}")
        return []
    if not table["name"]:
        line.warn(f"{verb} without a name is passed over")
        return []
    if _VERBS[verb]:
        return _timed(line, table, rest)
    if verb != "EXECUTE" and rest and rest[0]:
        table["otherwise"] = rest[0]
    return [table]


def _timed(line: Statement, table: Table, rest: list[str]) -> list[Table]:
    digits = _SECONDS.match(rest[0]) if rest else None
    if digits is None:
        raise line.error(f"{table['verb']} needs a number of seconds after the name")
    seconds = int(digits[0])
    if digits[0] != rest[0]:
        line.warn(f"only the number in front counts: {seconds} seconds")
    if seconds < 0:
        line.warn("passed over: a timer cannot run backwards")
        return []
    return [{**table, "seconds": seconds}]

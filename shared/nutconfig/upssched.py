"""upssched.conf: timers and commands for upsmon's events."""

import re
from typing import Final

from shared.nutconfig.statements import Statement, leave_out
from shared.nutconfig.values import Table

# The word, and whether a time follows the name.
_VERBS: Final = {
    "START-TIMER": True,
    "START-TIMER-SHARED": True,
    "CANCEL-TIMER": False,
    "CANCEL-TIMER-MATCHED": False,
    "EXECUTE": False,
}
# How upssched starts its timer process; these have no counterpart here.
_UNUSED: Final = {
    "PIPEFN": "the scheduler is one service and needs no pipe",
    "LOCKFN": "the scheduler is one service and needs no lock",
    "DEBUG_MIN": "--log-level says how much is logged",
}
_NO_SCRIPT: Final = "CMDSCRIPT must stand above the first AT; NUT's upssched does nothing either"
_KEYS: Final = ("CMDSCRIPT", "AT", *_UNUSED)
_SECONDS: Final = re.compile(r"\s*[+-]?[0-9]+")


def upssched_table(lines: list[Statement]) -> Table:
    """Read the statements of upssched.conf: `script`, and `at` with a table for each AT line.

    Empty if there is no AT line. SettingsError for an AT line before CMDSCRIPT, as NUT has it.
    """
    script: list[str] = []
    at: list[Table] = []
    for line in lines:
        if line.key in _UNUSED:
            line.skip(_UNUSED[line.key])
        elif line.key not in _KEYS:
            line.warn_unknown(_KEYS)
        elif line.key == "AT" and line.is_forgiving and not script:
            leave_out([line, *(other for other in lines if other is not line)], _NO_SCRIPT)
            return {}
        else:
            with line.judged("it is not done"):
                script = _read(line, script, at)
    if at:
        return {"script": script, "at": at}
    if lines:
        leave_out(lines, "there is no AT line that counts, so nothing is scheduled")
    return {}


def _read(line: Statement, script: list[str], at: list[Table]) -> list[str]:
    """Add an AT line to those before it; give the script that counts from here on."""
    if line.key == "CMDSCRIPT":
        return _script(line)
    if found := _read_at(line, script):
        line.take(f"scheduler.upssched.at.{len(at)}")
        at.append(found)
    return script


def _script(line: Statement) -> list[str]:
    """Split a program that has its arguments within its quotes, as NUT before 2.8.6 wanted it."""
    words = list(line.words[1:])
    if not (words and words[0]):
        raise line.error("CMDSCRIPT needs the path of a program")
    line.take("scheduler.upssched.script")
    if len(words) == 1 and len(words[0].split()) > 1:
        line.warn("the arguments of CMDSCRIPT are taken apart at spaces; no shell reads them")
        return words[0].split()
    return words


def _read_at(line: Statement, script: list[str]) -> Table | None:
    match line.words:
        case (_, type_, ups, verb, name, *rest):
            if not script:
                raise line.error("CMDSCRIPT must stand above the first AT")
            return _at(line, {"type": type_, "ups": ups, "verb": verb, "name": name}, rest)
    line.warn("passed over: write it as AT type ups command name")
    return None


def _at(line: Statement, table: Table, rest: list[str]) -> Table | None:
    verb = table["verb"]
    if verb not in _VERBS:
        line.warn(f"{verb!r} is passed over: the commands are {', '.join(_VERBS)}")
        return None
    if not table["name"]:
        line.warn(f"{verb} without a name is passed over")
        return None
    if _VERBS[verb]:
        return _timed(line, table, rest)
    if verb != "EXECUTE" and rest and rest[0]:
        table["otherwise"] = rest[0]
    return table


def _timed(line: Statement, table: Table, rest: list[str]) -> Table | None:
    digits = _SECONDS.match(rest[0]) if rest else None
    if digits is None:
        raise line.error(f"{table['verb']} needs a number of seconds after the name")
    seconds = int(digits[0])
    if digits[0] != rest[0]:
        line.warn(f"only the number in front counts: {seconds} seconds")
    if seconds < 0:
        line.warn("passed over: a timer cannot run backwards")
        return None
    return {**table, "seconds": seconds}

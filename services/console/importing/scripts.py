"""Whether the user's own scripts call programs of NUT that run no more."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from shared.nutconfig.statements import Statement
from shared.nutconfig.upsmon import program_of

_STARTERS: Final = ("SHUTDOWNCMD", "NOTIFYCMD", "CMDSCRIPT")
_ENOUGH: Final = 1 << 20  # bytes; what is longer is no script of a user
_CALLS: Final = {
    re.compile(rb"^[^#\n]*\bupsmon\b[^\n]*-c", re.MULTILINE): (
        "{} CALLS upsmon -c, AND NO upsmon RUNS THERE ANY MORE: let it call nutbus monitor -c"
    ),
    re.compile(rb"^[^#\n]*\bupsdrvctl\b", re.MULTILINE): (
        "{} calls upsdrvctl, which knows none of our drivers: let it call nutbus upsdrvctl"
    ),
}


def judge_scripts(lines: Sequence[Statement]) -> None:
    """Say at the line that starts a script what has to change in it."""
    for line in lines:
        if line.key in _STARTERS and len(line.words) > 1:
            program = program_of(line.words[1])
            content = _content(Path(program)) if program else b""
            for call, cure in _CALLS.items():
                if call.search(content):
                    line.warn(cure.format(program))


def _content(file: Path) -> bytes:
    """Read a script; nothing if it is none, or cannot be read."""
    try:
        if not file.is_file():
            return b""
        with file.open("rb") as opened:
            content = opened.read(_ENOUGH)
    except OSError:
        return b""
    return content if content.startswith(b"#!") else b""

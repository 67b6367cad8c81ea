"""What of the files that NUT's settings name has to change, since they are the user's own."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from shared.nutconfig.statements import Statement
from shared.nutconfig.upsmon import program_of

_STARTERS: Final = ("SHUTDOWNCMD", "NOTIFYCMD", "CMDSCRIPT")
_NSS: Final = ("cert9.db", "cert8.db")
_ENOUGH: Final = 1 << 20  # bytes; what is longer is no script of a user
_CALLS: Final = {
    re.compile(rb"^[^#\n]*\bupsmon\b[^\n]*-c", re.MULTILINE): (
        "{} CALLS upsmon -c, AND NO upsmon RUNS THERE ANY MORE: let it call nutbus monitor -c"
    ),
    re.compile(rb"^[^#\n]*\bupsdrvctl\b", re.MULTILINE): (
        "{} calls upsdrvctl, which knows none of our drivers: let it call nutbus upsdrvctl"
    ),
}


def judge_files(lines: Sequence[Statement]) -> None:
    """Say at the line that names a script or a database what has to change in it."""
    for line in lines:
        if len(line.words) < 2:
            continue
        if line.key in _STARTERS:
            _judge_script(line)
        elif line.key == "CERTPATH" and any(Path(line.words[1], name).exists() for name in _NSS):
            line.warn("it is a database of NSS, of which nothing is read here: name a PEM file")


def _judge_script(line: Statement) -> None:
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

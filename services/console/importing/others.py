"""NUT's files that are no settings of a service: nut.conf and upsset.conf."""

from pathlib import Path
from typing import Final

from shared.nutconfig.statements import Statement, statements

_LOG: Final = "--log-level says how much is logged"
_QUIET: Final = "nothing of the kind is said"
_OPTIONS: Final = "options of NUT's programs: see nutbus gateway -h and nutbus monitor -h"
_MODES: Final = {
    "none": "nothing is started but what you start: docs/systemd.md",
    "standalone": "what is started says it: docs/systemd.md",
    "netserver": "what is started says it: docs/systemd.md",
    "netclient": "start nutbus monitor only, or leave [devices] and [gateway] out",
}
_UNNEEDED: Final = {
    "NUT_DEBUG_LEVEL": _LOG,
    "NUT_DEBUG_PID": _LOG,
    "NUT_DEBUG_PROCNAME": _LOG,
    "NUT_DEBUG_SYSLOG": "the log goes to standard error, from where systemd takes it",
    "NUT_IGNORE_CHECKPROCNAME": "a process is known by the lock on its pid file",
    "NUT_QUIET_INIT_UPSNOTIFY": _QUIET,
    "NUT_QUIET_INIT_SSL": _QUIET,
    "NUT_QUIET_INIT_BANNER": _QUIET,
    "NUT_QUIET_INIT_LISTENER": _QUIET,
    "NUT_QUIET_INIT_NDE_WARNING": _QUIET,
    "NUT_DEFAULT_CONNECT_TIMEOUT": "the tools give up by themselves",
    "POWEROFF_QUIET": _QUIET,
}
_LEFT: Final = {
    "UPSD_OPTIONS": _OPTIONS,
    "UPSMON_OPTIONS": _OPTIONS,
    "ALLOW_NO_DEVICE": "write allow_no_device = true in [gateway]",
    "ALLOW_NOT_ALL_LISTENERS": "write allow_not_all_listeners = true in [gateway]",
    "POWEROFF_WAIT": "write it in /etc/default/nutbus: the shutdown hook knows it",
}


def other_statements(directory: Path) -> list[Statement]:
    """Read nut.conf and upsset.conf, each line with what became of it."""
    lines = statements(directory / "nut.conf", required=False)
    for line in lines:
        _judge(line)
    pages = statements(directory / "upsset.conf", required=False)
    for line in pages:
        line.skip("who may change what is said by [gateway.users], for the pages too")
    return [*lines, *pages]


def _judge(line: Statement) -> None:
    words = line.words[1:] if line.key == "export" else line.words
    key, value = (words[0], "".join(words[2:])) if words else ("", "")
    if key == "MODE" and value.lower() in ("standalone", "netserver"):
        line.skip(_MODES[value.lower()])
    elif key == "MODE":
        line.withdraw(f"MODE={value}: {_MODES.get(value.lower(), 'there is no such mode')}")
    elif key in _LEFT and value.strip().lower() not in ("", "no", "false", "0"):
        line.withdraw(_LEFT[key])
    elif key in _LEFT or key in _UNNEEDED:
        line.skip(_UNNEEDED.get(key, "it says what is so anyway"))
    else:
        line.withdraw("a line for the shell that starts NUT")

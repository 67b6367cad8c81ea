"""upsmon.conf: what feeds this host, when it shuts down, and how people are told."""

import logging
import math
import shlex
from collections.abc import Callable, Sequence
from typing import Any, Final

from shared.errors import PowerError
from shared.events import NOTIFY_TYPES
from shared.listening import Address
from shared.nutaddress import parse_device
from shared.nutconfig.statements import Statement, leave_out
from shared.nutconfig.values import (
    SWITCH,
    Setting,
    Table,
    count,
    number_in_front,
    switch,
)

logger = logging.getLogger(__name__)

_ROLES: Final = {
    "primary": "primary",
    "master": "primary",
    "secondary": "secondary",
    "slave": "secondary",
}
_FLAGS: Final = ("SYSLOG", "WALL", "EXEC", "IGNORE")
_NOT_NEGATIVE: Final = "a number of seconds, 0 or more"
_ANY_NUMBER: Final = "a number of seconds; a negative one is never"


def _span(text: str) -> float:
    duration = _signed(text)
    if duration < 0:
        raise ValueError
    return duration


def _signed(text: str) -> float:
    duration = float(text)
    if not math.isfinite(duration):
        raise ValueError
    return duration


def _rhythm(text: str) -> float:
    return max(1.0, _span(text))  # NUT takes 0, and its loop then runs without a pause


def _worth(text: str) -> int:
    return 0 if text == "0" else count(text)


def _exit(text: str) -> bool | float:
    words = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}
    if text.lower() in words:
        return words[text.lower()]
    delay = _signed(text)
    return delay if delay >= 0 else False


MONITOR_SETTINGS: Final = {
    "MINSUPPLIES": Setting("min_supplies", _worth, "a whole number, 0 or more"),
    "POLLFREQ": Setting("poll_interval", _rhythm, _NOT_NEGATIVE),
    "POLLFREQALERT": Setting("poll_interval_alert", _rhythm, _NOT_NEGATIVE),
    "DEADTIME": Setting("dead_time", _span, _NOT_NEGATIVE),
    "HOSTSYNC": Setting("host_sync", _span, _NOT_NEGATIVE),
    "FINALDELAY": Setting("final_delay", _span, _NOT_NEGATIVE),
    "NOCOMMWARNTIME": Setting("no_comm_warn_time", _rhythm, _NOT_NEGATIVE),
    "RBWARNTIME": Setting("rb_warn_time", _rhythm, _NOT_NEGATIVE),
    "OFFDURATION": Setting("off_duration", _signed, _ANY_NUMBER),
    "OVERDURATION": Setting("over_duration", _signed, _ANY_NUMBER),
    "OBLBDURATION": Setting("oblb_duration", lambda text: max(0.0, _signed(text)), _ANY_NUMBER),
    "ALARMCRITICAL": Setting("alarm_critical", switch, SWITCH),
    "SHUTDOWNEXIT": Setting("shutdown_exit", _exit, "yes, no or a number of seconds"),
    "POWERDOWNFLAG": Setting("power_down_flag"),
    "RUN_AS_USER": Setting("run_as_user"),
}
_TLS: Final = {
    "CERTPATH": Setting("certificate_authority"),
    "CERTFILE": Setting("certificate_file"),
    "CERTVERIFY": Setting("verify_certificate", switch, SWITCH),
    "FORCESSL": Setting("forced", switch, SWITCH),
}
_UNUSED: Final = {
    "DEBUG_MIN": "--log-level says how much is logged",
    "debug_min": "--log-level says how much is logged",
    "POLLFAIL_LOG_THROTTLE_MAX": "what repeats is logged ever more rarely",
}


_STRICTEST: Final = ("CERTVERIFY", "FORCESSL")
_INSTEAD: Final = {
    "MONITOR": "this supply is not watched, and this host does not shut down for it",
    "SHUTDOWNCMD": "this host has no command to shut down with",
    "POWERDOWNFLAG": "no UPS is told to switch off after the shutdown",
    "NOTIFYCMD": "no program is started to notify",
    "NOTIFYMSG": "the usual text counts",
    "NOTIFYFLAG": "the usual flags count",
    "CERTPATH": "the authorities of the system count",
    "CERTFILE": "no certificate is shown",
    "CERTVERIFY": "1 counts, the stricter: certificates are verified",
    "FORCESSL": "1 counts, the stricter: nothing is said without TLS",
    "CERTHOST": "for that host 1 counts, the stricter: TLS with a verified certificate or nothing",
}


def monitor_table(lines: list[Statement]) -> Table:
    """Read the statements of upsmon.conf; SettingsError names the line.

    Without any MONITOR the table is empty, however much else there is: so the file is shipped.
    """
    monitor: Table = {}
    tls: Table = {}
    hosts: dict[str, Table] = {}  # those of CERTHOST
    for line in lines:
        if line.key in _STRICTEST and line.is_forgiving:
            tls[_VALUES[line.key].name] = True  # what is told below, unless the line can be read
        with line.judged(_INSTEAD.get(line.key, "the default counts")):
            if _is_read(line):
                _set(monitor, tls, hosts, line)
    if lines and "supplies" not in monitor:
        logger.warning("upsmon.conf: there is no MONITOR, so nothing is watched over")
        leave_out(lines, "there is no MONITOR that counts, so nothing is watched over")
        return {}
    for supply in monitor.get("supplies", ()):
        supply.update(_security(tls, hosts.get(host_of(supply["address"]))))
    return monitor


def _set(monitor: Table, tls: Table, hosts: dict[str, Table], line: Statement) -> None:
    if line.key == "CERTHOST":
        _set_host(hosts, line)
    elif line.key in _DIRECTIVES:
        _DIRECTIVES[line.key](monitor, line)
    else:
        table, setting = (tls if line.key in _TLS else monitor), _VALUES[line.key]
        table[setting.name] = setting.value(line, line.words[1])
        line.take(f"monitor.{'supplies.' if line.key in _TLS else ''}{_OURS[line.key]}")


def _is_read(line: Statement) -> bool:
    """Tell whether a line says something to us; if it says it wrongly, SettingsError."""
    if line.key in _UNUSED:
        line.skip(_UNUSED[line.key])
    elif line.key == "CERTIDENT":
        line.warn("CERTIDENT is passed over: name a PEM file with CERTFILE")
    elif line.key not in _KEYS:
        line.warn_unknown(_KEYS)
    elif len(line.words) < 2 or line.words[1] == "=":
        raise line.error(f"{line.key} needs a value, after a space and without =")
    else:
        return True
    return False


def _add_supply(monitor: Table, line: Statement) -> None:
    match line.words:
        case (_, address, value, username, password, role, *_) if (
            role.lower() in _ROLES or line.is_forgiving
        ):
            pass
        case _:
            raise line.error(
                "MONITOR needs five words: ups@host, power value, user, password, and "
                "primary or secondary"
            )
    if line.is_forgiving:
        _check_address(line, address)
    supply: Table = {
        "address": address,
        "power_value": _worth_of(line, value),
        "username": username,
        "password": password,
        "role": _ROLES.get(role.lower(), "secondary"),
    }
    if role.lower() not in _ROLES:
        line.warn("neither primary nor secondary: it counts as secondary, as for NUT")
    supplies: list[Table] = monitor.setdefault("supplies", [])
    if any(known["address"] == address for known in supplies):
        line.warn(f"{address} is passed over, because it stands above already")
    else:
        line.take(f"monitor.supplies.{len(supplies)}")
        supplies.append(supply)


def _check_address(line: Statement, address: str) -> None:
    try:
        parse_device(address)
    except PowerError as error:
        raise line.error(str(error)) from None


def _worth_of(line: Statement, value: str) -> object:
    """Read a power value; what is no number is 0 for NUT, which only watches then."""
    if line.is_forgiving and not number_in_front(value):
        line.warn("the power value is no number: it counts as 0, as for NUT: only watched")
        return 0
    worth = Setting("power_value", _worth, "followed by a power value, a whole number of 0 or more")
    return worth.value(line, value)


def _set_shutdown(monitor: Table, line: Statement) -> None:
    """Take a line for the shell; further words are its arguments, each as it is."""
    first, *rest = line.words[1:]
    monitor["shutdown_command"] = " ".join([first, *(_quoted(word) for word in rest)])
    line.take("monitor.shutdown_command")


def _set_notify_command(monitor: Table, line: Statement) -> None:
    """Take the program; a single word may be a line for the shell, as it was before NUT 2.8.6."""
    words = list(line.words[1:])
    monitor["notify_command"] = words[0] if len(words) == 1 else words
    line.take("monitor.notify_command")


def _set_user(monitor: Table, line: Statement) -> None:
    """Take any user but root, as whom NUT goes on and we never do."""
    if line.words[1] == "root":
        line.warn("root is passed over: nutbus monitor becomes nut or nobody, nutbus up stays root")
    else:
        monitor["run_as_user"] = line.words[1]
        line.take("monitor.run_as_user")


def _set_message(monitor: Table, line: Statement) -> None:
    if len(line.words) < 3:
        raise line.error("NOTIFYMSG needs a notify type and a text")
    if len(line.words) > 3:
        line.warn("only the first word of the text counts: put the whole in quotes")
    _notify(monitor, line, "message", line.words[2])


def _set_flags(monitor: Table, line: Statement) -> None:
    if len(line.words) < 3:
        raise line.error("NOTIFYFLAG needs a notify type and flags")
    flags = line.words[2].split("+")
    for flag in flags:
        if flag not in _FLAGS:
            line.warn(f"unknown flag is passed over; known are {', '.join(_FLAGS)}")
    known = [flag for flag in flags if flag in _FLAGS]
    if not known and line.words[1].upper() in NOTIFY_TYPES:
        line.warn("so nobody is told of it; flags stand with + between them, as in SYSLOG+WALL")
    _notify(monitor, line, "flags", known or ["IGNORE"])


def _notify(monitor: Table, line: Statement, key: str, value: object) -> None:
    type_ = line.words[1].upper()
    if type_ not in NOTIFY_TYPES:
        line.warn("unknown notify type is passed over")
        return
    notify: dict[str, Table] = monitor.setdefault("notify", {})
    notify.setdefault(type_, {})[key] = value
    line.take(f"monitor.notify.{type_}.{key}")


def _set_host(hosts: dict[str, Table], line: Statement) -> None:
    if line.is_forgiving and len(line.words) > 1:  # the strictest, unless the line can be read
        hosts[line.words[1]] = {"verify_certificate": True, "forced": True}
        if len(line.words) > 2:
            hosts[line.words[1]]["certificate_name"] = line.words[2]
    match line.words:
        case (_, host, name, verify, force, *_):
            checked = Setting("verify_certificate", switch, f"followed by {SWITCH}")
            hosts[host] = {
                "certificate_name": name,
                "verify_certificate": checked.value(line, verify),
                "forced": checked.value(line, force),
            }
            line.take("monitor.supplies.certificate_name, verify_certificate and tls")
        case _:
            raise line.error("CERTHOST needs a host, a name, and twice 0 or 1: verify and force")


def _security(tls: Table, host: Table | None) -> Table:
    """Say for one supply what the CERT lines say: with none of them NUT's client has no TLS."""
    if not tls and not host:
        return {}
    said: dict[str, Any] = {"verify_certificate": False, **tls, **(host or {})}
    said["tls"] = "require" if said.pop("forced", False) else "try"
    return said


def host_of(address: str) -> str:
    """Name the host of a supply, as CERTHOST names it."""
    place = address.partition("@")[2] or "localhost"
    return place[1:].partition("]")[0] if place.startswith("[") else place.partition(":")[0]


def is_of_this_machine(address: str) -> bool:
    """Tell whether a supply is named at a server of this machine."""
    return Address(host_of(address), 0).is_loopback


def program_of(command: str | Sequence[str] | None) -> str:
    """Name the program that a command starts; empty for none, or where the shell will complain."""
    try:
        words = shlex.split(command) if isinstance(command, str) else command or ()
    except ValueError:
        return ""
    return next(iter(words), "")


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


_DIRECTIVES: Final[dict[str, Callable[[Table, Statement], None]]] = {
    "MONITOR": _add_supply,
    "SHUTDOWNCMD": _set_shutdown,
    "NOTIFYCMD": _set_notify_command,
    "RUN_AS_USER": _set_user,
    "NOTIFYMSG": _set_message,
    "NOTIFYFLAG": _set_flags,
}
_VALUES: Final = {**MONITOR_SETTINGS, **_TLS}
_OURS: Final = {key: setting.name for key, setting in _VALUES.items()} | {"FORCESSL": "tls"}
_KEYS: Final = (*_VALUES, "CERTHOST", *_DIRECTIVES)

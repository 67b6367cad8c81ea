"""upsmon.conf, from our monitor."""

import secrets
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from services.console.importing.lines import Lost, line, number, opened
from services.console.importing.users import one_user
from shared.nutconfig.upsmon import MONITOR_SETTINGS, host_of
from shared.nutconfig.values import Table

OWN_USER = "nutbus-export"
_CHOICE = {True: "yes", False: "no"}
_GLOBAL_TLS = {"certificate_authority": "CERTPATH", "certificate_file": "CERTFILE"}


def upsmon_conf(given: Mapping[str, Any] | None, folder: Path, lost: Lost) -> tuple[str, str]:
    """Write the monitor, and the user of upsd.users that it needs for devices of this machine."""
    if given is None:
        return "", ""
    monitor = dict(given)
    supplies = [opened(each, folder) for each in monitor.pop("supplies", [])]
    password = secrets.token_urlsafe(24)
    lines = [*_tls(supplies, lost)]
    for place, supply in enumerate(supplies):
        lines.append(_monitor(supply, password))
        lost.rest(f"monitor.supplies.{place}", supply)
    lines += _commands(monitor)
    for key, setting in MONITOR_SETTINGS.items():
        if setting.name in monitor:
            value = monitor.pop(setting.name)
            is_choice = isinstance(value, bool) and key == "SHUTDOWNEXIT"
            lines.append(line(key, _CHOICE[value] if is_choice else number(value)))
    lines += _notices(monitor.pop("notify", {}))
    if monitor.pop("dry_run", False) and given.get("shutdown_command"):
        lost.add("monitor.dry_run", "NUT has none: ITS upsmon SHUTS THIS HOST DOWN by SHUTDOWNCMD")
    lost.rest("monitor", monitor)
    text = "\n".join([*lines, ""])
    return text, one_user(OWN_USER, password, "primary") if OWN_USER in text else ""


def _monitor(supply: Table, password: str) -> str:
    device = supply.pop("device", None)
    address = supply.pop("address", None) or f"{device}@localhost"
    login = (supply.pop("username", None), supply.pop("password", None))
    username, password = (OWN_USER, password) if device else (login[0] or "", login[1] or "")
    worth = number(supply.pop("power_value", 1))
    return line("MONITOR", address, worth, username, password, supply.pop("role"))


def _commands(monitor: Table) -> Iterator[str]:
    command = monitor.pop("shutdown_command", None)
    if command is not None:
        yield line("SHUTDOWNCMD", command if isinstance(command, str) else shlex.join(command))
    notify = monitor.pop("notify_command", None)
    if notify is not None:
        yield line("NOTIFYCMD", *([notify] if isinstance(notify, str) else notify))


def _notices(notify: Mapping[str, Any]) -> Iterator[str]:
    for type_, notice in notify.items():
        if "message" in notice:
            yield line("NOTIFYMSG", type_, notice["message"])
        if "flags" in notice:
            yield line("NOTIFYFLAG", type_, "+".join(notice["flags"]) or "IGNORE")


def _tls(supplies: list[Table], lost: Lost) -> Iterator[str]:
    """Say once for all, or host by host, how the connections are encrypted."""
    encrypted = [supply for supply in supplies if supply.get("tls", "no") != "no"]
    for key, directive in _GLOBAL_TLS.items():
        values = {str(supply.pop(key)) for supply in encrypted if key in supply}
        if len(values) > 1:
            lost.add(f"monitor.supplies.{key}", "NUT has one for all servers")
        elif values:
            yield line(directive, values.pop())
    ways = {_way(supply) for supply in supplies if "certificate_name" not in supply}
    is_one = len(ways) == 1  # else what is said for all would loosen or break some
    if is_one and encrypted:
        yield from _way_for_all(*ways)
    for supply in supplies:
        way, name = _way(supply), supply.pop("certificate_name", None)
        host = host_of(supply["address"]) if "address" in supply else ""
        if way and (name or not is_one):
            yield line("CERTHOST", host, name or host, *way)
        supply.pop("tls", None)
        supply.pop("verify_certificate", None)


def _way(supply: Table) -> tuple[str, ...]:
    """Give the numbers of CERTVERIFY and FORCESSL; nothing for a connection in plain text."""
    if supply.get("tls", "no") == "no":
        return ()
    verified, forced = supply.get("verify_certificate", True), supply["tls"] == "require"
    return number(verified), number(forced)


def _way_for_all(way: tuple[str, ...]) -> Iterator[str]:
    if way:
        yield line("CERTVERIFY", way[0])
        yield line("FORCESSL", way[1])

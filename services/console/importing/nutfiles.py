"""Writes our settings as NUT's files, as far as NUT has words for them.

The keys are those of the tables by which NUT's files are read. What is left of our tables when all
that NUT knows is taken from them is what is lost.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.console.importing.devices import ups_conf
from services.console.importing.lines import Lost, line, number
from services.console.importing.monitoring import upsmon_conf
from services.console.importing.scheduling import upssched_conf
from services.console.importing.users import upsd_users
from shared.listening import parse_address
from shared.nutconfig.upsd import GATEWAY_SETTINGS, PORT
from shared.nutconfig.values import Table

_REQUESTS = {"no": "0", "request": "1", "require": "2"}
_LOOPBACK = ("127.", "::1", "localhost")
_ELSEWHERE = {
    "bus": "NUT has no bus",
    "broker": "NUT has no broker",
    "homeassistant": "Home Assistant's own NUT integration reads upsd",
    "web": "NUT's pages are the CGI programs with a hosts.conf",
}


def nut_files(tables: Mapping[str, Any], folder: Path) -> tuple[dict[str, str], list[str]]:
    """Give the files by name, and sentences about what is lost; relative paths are in `folder`."""
    lost = Lost()
    gateway = dict(tables.get("gateway", {}))
    users = upsd_users(gateway.pop("users", {}), folder, lost)
    watched = dict(tables["monitor"]) if "monitor" in tables else None
    scheduling = Lost()
    upssched = upssched_conf(tables.get("scheduler", {}), watched, scheduling)
    monitor, own_user = upsmon_conf(watched, folder, lost)
    if own_user:
        users += own_user
    files = {
        "ups.conf": ups_conf(tables, folder, lost) if "devices" in tables else "",
        "upsd.conf": _upsd_conf(gateway, lost) if "devices" in tables else "",
        "upsd.users": users if "devices" in tables else "",
        "upsmon.conf": monitor,
        "upssched.conf": upssched,
        "nut.conf": f"MODE={_mode(tables)}\n",
    }
    lost.sentences.extend(scheduling.sentences)
    for section, why in _ELSEWHERE.items():
        if section in tables:
            lost.add(f"[{section}]", why)
    return {name: text for name, text in files.items() if text}, lost.sentences


def _upsd_conf(gateway: Table, lost: Lost) -> str:
    lines = []
    for text in gateway.pop("listen", []):
        address = parse_address(text, int(PORT))
        lines.append(line("LISTEN", address.host, str(address.port)))
    for key, setting in GATEWAY_SETTINGS.items():
        if setting.name in gateway:
            value = gateway.pop(setting.name)
            text = _REQUESTS.get(value) if setting.name == "client_certificates" else None
            lines.append(line(key, text or number(value)))
    lost.rest("gateway", gateway)
    return "\n".join([*lines, ""]) or "\n"


def _mode(tables: Mapping[str, Any]) -> str:
    """Choose the MODE by which NUT's scripts start what we have."""
    if not tables.get("devices"):
        return "netclient" if "monitor" in tables else "none"
    listen = tables.get("gateway", {}).get("listen", [])
    hosts = [parse_address(text, int(PORT)).host for text in listen]
    is_open = any(not host.startswith(_LOOPBACK) for host in hosts)
    return "netserver" if is_open else "standalone"

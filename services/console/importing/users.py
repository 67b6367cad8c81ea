"""upsd.users, from the users of our gateway."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from services.console.importing.lines import Lost, line, opened


def upsd_users(users: Mapping[str, Any], folder: Path, lost: Lost) -> str:
    """Write the users whose rights NUT can keep as narrow as they are."""
    lines: list[str] = []
    for name, given in users.items():
        user = opened(given, folder)
        place = f"gateway.users.{name}"
        if user.get("devices", ["*"]) != ["*"] or user.get("allow_from"):
            lost.add(place, "NUT would give these rights for all devices, from everywhere")
        elif "password" not in user:
            lost.add(place, "only the hash of the password is known: NUT needs the password")
        else:
            lines += _user(name, user)
    return "\n".join([*lines, ""]) or "\n"


def one_user(name: str, password: str, role: str) -> str:
    """Write a user for an upsmon."""
    return "\n".join([*_user(name, {"password": password, "upsmon": role}), ""])


def _user(name: str, user: Mapping[str, Any]) -> Iterable[str]:
    yield f"[{name}]"
    yield f"password = {line(user['password'])}"
    if actions := user.get("actions"):
        yield f"actions = {line(*(each.upper() for each in actions))}"
    for command in user.get("instcmds", []):
        yield f"instcmds = {line(command)}"
    if "upsmon" in user:
        yield f"upsmon {user['upsmon']}"

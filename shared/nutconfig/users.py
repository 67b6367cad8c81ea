"""upsd.users: who may log in to the gateway, and what for."""

import logging
from typing import Final

from shared.nutconfig.statements import Statement
from shared.nutconfig.values import Table

logger = logging.getLogger(__name__)

_ACTIONS: Final = {
    "SET": "SET",
    "FSD": "FSD",
    "LOGIN": "LOGIN",
    "PRIMARY": "PRIMARY",
    "MASTER": "PRIMARY",
}
_ROLES: Final = {
    "primary": "primary",
    "master": "primary",
    "secondary": "secondary",
    "slave": "secondary",
}


def users_table(lines: list[Statement]) -> dict[str, Table]:
    """Read the statements of upsd.users: the users by name, without those who have no password."""
    users: dict[str, Table] = {}
    user: Table | None = None
    for line in lines:
        if line.key.startswith("["):
            user = _opened_user(line, users)
        elif user is None:
            line.warn("stands before the first [user] and is passed over")
        else:
            _set_user(user, line)
    for name, table in users.items():
        if "password" not in table:
            logger.warning("upsd.users: [%s] has no password and cannot log in", name)
    return {name: table for name, table in users.items() if "password" in table}


def _opened_user(line: Statement, users: dict[str, Table]) -> Table:
    name = line.section
    if not name:
        raise line.error(f"{line.key!r} is no [user]")
    if name in users:
        line.warn(f"[{name}] is passed over, because it stands above already")
        return {}
    return users.setdefault(name, {})


def _set_user(user: Table, line: Statement) -> None:
    match line.words:
        case (key, "=", *values) if values:
            pass
        case (key, role) if key.lower() == "upsmon":
            values = [role]
        case _:
            line.warn("passed over: write it as key = value")
            return
    setting = _USER_SETTINGS.get(key.lower())
    if setting is None:
        line.warn_unknown(_USER_SETTINGS)
    else:
        setting(user, line, values)


def _set_password(user: Table, line: Statement, values: list[str]) -> None:
    if len(values) > 1:
        line.warn("only the first word of the password counts: put the whole in quotes")
    if "password" in user:
        line.warn("passed over, because the user has a password already")
    user.setdefault("password", values[0])


def _add_actions(user: Table, line: Statement, values: list[str]) -> None:
    for value in values:
        if action := _ACTIONS.get(value.upper()):
            _add(user.setdefault("actions", []), action)
        else:
            line.warn(f"unknown action is passed over; known are {', '.join(_ACTIONS)}")


def _add_commands(user: Table, _: Statement, values: list[str]) -> None:
    for value in values:
        _add(user.setdefault("instcmds", []), "ALL" if value.upper() == "ALL" else value)


def _set_role(user: Table, line: Statement, values: list[str]) -> None:
    role = _ROLES.get(values[0].lower())
    if role is None:
        line.warn("upsmon is primary or secondary; passed over")
    elif user.get("upsmon") != "primary":  # rights add up
        user["upsmon"] = role


def _warn_obsolete(_: Table, line: Statement, __: list[str]) -> None:
    line.warn(f"{line.key} is obsolete and passed over: use LISTEN in upsd.conf")


def _add(words: list[str], word: str) -> None:
    if word not in words:
        words.append(word)


_USER_SETTINGS: Final = {
    "password": _set_password,
    "actions": _add_actions,
    "instcmds": _add_commands,
    "upsmon": _set_role,
    "allowfrom": _warn_obsolete,
}

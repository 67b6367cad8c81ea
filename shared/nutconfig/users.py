"""upsd.users: who may log in to the gateway, and what for."""

import logging
from typing import Final

from shared.nutconfig.statements import Statement, leave_out
from shared.nutconfig.values import Table
from shared.nutwire import LENGTH_LIMIT

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
    read: dict[str, list[Statement]] = {}
    name: str | None = None
    for line in lines:
        if line.key.startswith("["):
            name = ""
            with line.judged():
                name = _opened_user(line, users)
        elif name is None:
            line.warn("stands before the first [user] and is passed over")
        elif not name:
            line.withdraw("its section is passed over")
        else:
            _set_user(users[name], name, line)
        read.setdefault(name or "", []).append(line)
    for name, table in users.items():
        if "password" not in table:
            logger.warning("upsd.users: [%s] has no password and cannot log in", name)
            leave_out(read[name], f"[{name}] has no password and cannot log in")
    return {name: table for name, table in users.items() if "password" in table}


def _opened_user(line: Statement, users: dict[str, Table]) -> str:
    """Begin a user; the name is empty if the lines are passed over."""
    name = line.section
    if not name:
        raise line.error(f"{line.key!r} is no [user]")
    if name in users:
        line.warn(f"[{name}] is passed over, because it stands above already")
        return ""
    users[name] = {}
    line.take(f"gateway.users.{name}")
    return name


def _set_user(user: Table, name: str, line: Statement) -> None:
    match line.words:
        case (key, "=", *values) if values:
            pass
        case (key, role, *_) if key.lower() == "upsmon" and role != "=":
            values = [role]
        case _:
            line.warn("passed over: write it as key = value")
            return
    setting = _USER_SETTINGS.get(key.lower())
    if setting is None:
        line.warn_unknown(_USER_SETTINGS)
    elif setting(user, line, values):
        line.take(f"gateway.users.{name}.{line.key.lower()}")


def _set_password(user: Table, line: Statement, values: list[str]) -> bool:
    """Take the password and tell whether it counts; so do the others that follow."""
    if len(values) > 1:
        line.warn("only the first word of the password counts: put the whole in quotes")
    if "password" in user:
        line.warn("passed over, because the user has a password already")
        return False
    if line.is_forgiving and not (values[0].isprintable() and len(values[0]) <= LENGTH_LIMIT):
        line.warn(f"a password has at most {LENGTH_LIMIT} printable characters")
        return False
    user["password"] = values[0]
    return True


def _add_actions(user: Table, line: Statement, values: list[str]) -> bool:
    known = [_ACTIONS[value.upper()] for value in values if value.upper() in _ACTIONS]
    for action in known:
        _add(user.setdefault("actions", []), action)
    for _ in range(len(values) - len(known)):
        line.warn(f"unknown action is passed over; known are {', '.join(_ACTIONS)}")
    return bool(known)


def _add_commands(user: Table, _: Statement, values: list[str]) -> bool:
    for value in values:
        _add(user.setdefault("instcmds", []), "ALL" if value.upper() == "ALL" else value)
    return True


def _set_role(user: Table, line: Statement, values: list[str]) -> bool:
    role = _ROLES.get(values[0].lower())
    if role is None:
        line.warn("upsmon is primary or secondary; passed over")
    elif user.get("upsmon") != "primary":  # rights add up
        user["upsmon"] = role
    return role is not None


def _warn_obsolete(_: Table, line: Statement, __: list[str]) -> bool:
    line.warn(f"{line.key} is obsolete and passed over: use LISTEN in upsd.conf")
    return False


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

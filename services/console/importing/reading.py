"""Makes of NUT's files the tables that say the same wherever the settings file lies."""

from pathlib import Path
from typing import Any

from services.console.importing.others import other_statements
from services.driver.settings import DriverSettings, with_port_located
from shared.errors import SettingsError
from shared.nutconfig import Reading, read_nut
from shared.nutconfig.statements import Statement
from shared.users import hash_password


def read(directory: Path, *, hash_passwords: bool = False) -> Reading:
    """Read all of NUT's files; SettingsError names file and line of what NUT would refuse, too.

    A device that cannot be is left out, since in one file of ours its fault would be that of all.
    """
    reading = read_nut(directory, together=True)
    tables = dict(reading.tables)
    if "devices" in tables:
        tables["devices"] = _devices(reading, directory)
    if hash_passwords and "gateway" in tables:
        users = tables["gateway"]["users"]
        hashed = {name: _hashed(user) for name, user in users.items()}
        tables["gateway"] = {**tables["gateway"], "users": hashed}
    return Reading(tables, (*reading.statements, *other_statements(directory)))


def _devices(reading: Reading, directory: Path) -> dict[str, Any]:
    try:
        settings = DriverSettings.from_tables(reading.tables, str(directory)).devices
    except SettingsError:
        settings = {}  # it is no device that is wrong; whoever checks the result will say what
    faults = {name: device.fault for name, device in settings.items() if device.fault}
    for name, fault in faults.items():
        for line in reading.statements:
            if _is_about(line, name):
                line.withdraw(f"[{name}] cannot be: {fault}")
    return {
        name: with_port_located(dict(table), directory.absolute())
        for name, table in reading.tables["devices"].items()
        if name not in faults
    }


def _is_about(line: Statement, device: str) -> bool:
    place = f"devices.{device}"
    return any(f"{fate.text}.".startswith(f"{place}.") for fate in line.fates)


def _hashed(user: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in user.items() if key != "password"}
    return {"password_hash": hash_password(user["password"]), **rest}

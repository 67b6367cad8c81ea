"""Makes of NUT's files the tables that say the same wherever the settings file lies."""

from pathlib import Path
from typing import Any

from services.console.importing.carrying import carried
from services.console.importing.guarding import tell_of_schedule, watching
from services.console.importing.others import other_statements
from services.console.importing.surroundings import judge_files
from services.driver.settings import DriverSettings, with_port_located
from shared.nutconfig import Reading, read_nut
from shared.nutconfig.statements import Statement
from shared.nutconfig.upsmon import is_of_this_machine
from shared.users import hash_password


def read(directory: Path, *, hash_passwords: bool = False) -> Reading:
    """Read NUT's files, each line with what became of it; SettingsError if one cannot be read.

    A line that is wrong is passed over, as NUT does. A device that cannot be is left out, since in
    one file of ours its fault would be that of all.
    """
    reading = read_nut(directory, together=True, forgiving=True)
    tables = dict(reading.tables)
    if "devices" in tables:
        tables["devices"] = _devices(reading, directory)
    if "monitor" in tables:
        tables = watching(tables, reading.statements)
    tell_of_schedule(tables, reading.statements)
    if hash_passwords and "gateway" in tables:
        users = tables["gateway"]["users"]
        hashed = {name: _hashed(user) for name, user in users.items()}
        tables["gateway"] = {**tables["gateway"], "users": hashed}
    judge_files(reading.statements)
    return Reading(tables, (*reading.statements, *other_statements(directory)))


def _devices(reading: Reading, directory: Path) -> dict[str, Any]:
    """Give the devices that can be in our file, and tell what is said of the others."""
    devices: dict[str, Any] = {}
    headers: dict[str, Statement] = {}
    for name, table in reading.tables["devices"].items():
        lines = [line for line in reading.statements if _is_about(line, name)]
        device = carried(name, table, lines)
        if device is None:
            _tell_who_watches(reading, name)
        else:
            devices[name] = with_port_located(dict(device), directory.absolute())
            headers[name] = lines[0]
    settings = DriverSettings.from_tables({"devices": devices}, str(directory))
    for name, header in headers.items():
        if trouble := settings.trouble(name):
            header.warn(f"it cannot run as it stands: {trouble}")
    return devices


def _tell_who_watches(reading: Reading, name: str) -> None:
    """Say at the MONITOR lines of this machine that a device is not there."""
    for line in reading.statements:
        if line.key == "MONITOR" and len(line.words) > 1:
            device = line.words[1].partition("@")[0]
            if device == name and is_of_this_machine(line.words[1]):
                line.warn(
                    f"[{name}] is left out of ups.conf, so this host does not shut down for it"
                )


def _is_about(line: Statement, device: str) -> bool:
    place = f"devices.{device}"
    return any(f"{fate.text}.".startswith(f"{place}.") for fate in line.fates)


def _hashed(user: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in user.items() if key != "password"}
    return {"password_hash": hash_password(user["password"]), **rest}

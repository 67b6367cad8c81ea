"""NUT's own settings files, read as they are.

The files are those of NUT's manual pages ups.conf(5), upsd.conf(5) and upsd.users(5). What NUT
passes over is passed over here too, with a warning. What is wrong is a SettingsError that names
file and line. No message repeats a value, since it may be a secret.
"""

from pathlib import Path
from typing import Any

from shared.nutconfig.statements import statements
from shared.nutconfig.ups import driver_and_devices
from shared.nutconfig.upsd import gateway_table
from shared.nutconfig.users import users_table


def nut_settings(directory: Path) -> dict[str, Any]:
    """Read ups.conf, upsd.conf and upsd.users as the TOML tables that say the same.

    The tables are `driver`, `devices` and `gateway`. Only ups.conf must be there: without upsd.conf
    the defaults hold, without upsd.users there are no users. SettingsError names file and line.
    """
    driver, devices = driver_and_devices(statements(directory / "ups.conf"), directory)
    gateway = gateway_table(statements(directory / "upsd.conf", required=False))
    gateway["users"] = users_table(statements(directory / "upsd.users", required=False))
    return {"driver": driver, "devices": devices, "gateway": gateway}

"""NUT's own settings files, read as they are.

The files are those of NUT's manual pages ups.conf(5), upsd.conf(5), upsd.users(5),
upsmon.conf(5) and upssched.conf(5). What NUT passes over is passed over here too, with a warning.
What is wrong is a SettingsError that names file and line. No message repeats a value, since it may
be a secret.
"""

from pathlib import Path
from typing import Any

from shared.nutconfig.statements import statements
from shared.nutconfig.ups import driver_and_devices
from shared.nutconfig.upsd import gateway_table
from shared.nutconfig.upsmon import monitor_table
from shared.nutconfig.upssched import upssched_table
from shared.nutconfig.users import users_table


def nut_settings(directory: Path) -> dict[str, Any]:
    """Read NUT's files as the TOML tables that say the same; SettingsError names file and line.

    The tables are `driver`, `devices` and `gateway`, and `monitor` if upsmon.conf has a MONITOR.
    Only then may ups.conf be missing: such a machine is fed by the UPS of another. Without
    upsd.conf the defaults hold, without upsd.users there are no users, and `scheduler` is there if
    upssched.conf has an AT line.
    """
    monitor = monitor_table(statements(directory / "upsmon.conf", required=False))
    tables: dict[str, Any] = {"monitor": monitor} if monitor else {}
    if upssched := upssched_table(statements(directory / "upssched.conf", required=False)):
        tables["scheduler"] = {"upssched": upssched}
    if monitor and not (directory / "ups.conf").exists():
        return tables
    driver, devices = driver_and_devices(statements(directory / "ups.conf"), directory)
    gateway = gateway_table(statements(directory / "upsd.conf", required=False))
    gateway["users"] = users_table(statements(directory / "upsd.users", required=False))
    return {"driver": driver, "devices": devices, "gateway": gateway, **tables}

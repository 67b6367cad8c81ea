"""NUT's own settings files, read as they are.

The files are those of NUT's manual pages ups.conf(5), upsd.conf(5), upsd.users(5),
upsmon.conf(5), upssched.conf(5) and hosts.conf(5). What NUT passes over is passed over here too,
with a warning. What is wrong is a SettingsError that names file and line. No message repeats a
value, since it may be a secret.
"""

from dataclasses import dataclass
from pathlib import Path

from shared.nutconfig.hosts import hosts_table
from shared.nutconfig.statements import Statement, statements
from shared.nutconfig.together import acted_on_once, called
from shared.nutconfig.ups import device_names, driver_and_devices
from shared.nutconfig.upsd import gateway_table
from shared.nutconfig.upsmon import monitor_table
from shared.nutconfig.upssched import upssched_table
from shared.nutconfig.users import users_table
from shared.nutconfig.values import Table


@dataclass(frozen=True, slots=True)
class Reading:
    """NUT's files as our tables, and the lines that were read, each with what became of it."""

    tables: Table
    statements: tuple[Statement, ...]


def nut_settings(directory: Path) -> Table:
    """Read NUT's files as the TOML tables that say the same; SettingsError names file and line."""
    return read_nut(directory).tables


def read_nut(directory: Path, *, together: bool = False, forgiving: bool = False) -> Reading:
    """Read NUT's files line by line; SettingsError names file and line.

    `together` is for a monitor and a scheduler that both run on these tables: `acted_on_once`.
    `forgiving` passes over the lines that are wrong, as NUT does, and notes it in them; an error
    is then only what cannot be read at all.

    The tables are `driver`, `devices` and `gateway`, and `monitor` if upsmon.conf has a MONITOR.
    Only then may ups.conf be missing: such a machine is fed by the UPS of another. Without
    upsd.conf the defaults hold, without upsd.users there are no users, `scheduler` is there if
    upssched.conf has an AT line, and `web` if hosts.conf names a host: it is read from there.
    """
    all_lines: list[Statement] = []
    lines: dict[str, list[Statement]] = {}

    def read(name: str, *, required: bool = False) -> None:
        found = statements(directory / name, required, forgiving=forgiving)
        all_lines.extend(found)
        lines[name] = [line for line in found if not line.is_unfinished]

    for name in ("upsmon.conf", "upssched.conf", "hosts.conf"):
        read(name)
    monitor = monitor_table(lines["upsmon.conf"])
    tables: Table = {"monitor": monitor} if monitor else {}
    if upssched := upssched_table(lines["upssched.conf"]):
        tables["scheduler"] = {"upssched": upssched}
    if hosts := hosts_table(lines["hosts.conf"], directory):
        tables["web"] = hosts
    if not monitor or (directory / "ups.conf").exists():
        for name in ("ups.conf", "upsd.conf", "upsd.users"):
            read(name, required=name == "ups.conf")
        driver, devices = driver_and_devices(lines["ups.conf"], directory)
        gateway = gateway_table(lines["upsd.conf"])
        gateway["users"] = users_table(lines["upsd.users"])
        tables = {"driver": driver, "devices": devices, "gateway": gateway, **tables}
        tables = called(tables, device_names(lines["ups.conf"]))
    if together:
        tables = acted_on_once(tables, lines)
    return Reading(tables, tuple(all_lines))

"""upssched.conf is acted on once where the monitor and the scheduler both read NUT's files.

In NUT upsmon starts upssched for each event, by NOTIFYCMD. Our scheduler hears of events by itself,
so a monitor that went on starting upssched would have all of it done a second time.
"""

import copy
import logging
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

from shared.events import EventType
from shared.nutconfig.statements import Statement, leave_out
from shared.nutconfig.upsmon import is_of_this_machine, program_of
from shared.nutconfig.values import Table

logger = logging.getLogger(__name__)

_DONE: Final = "the scheduler does what upssched.conf says"
_LEFT: Final = (
    "NUT's upssched goes on doing all of it, started by NOTIFYCMD, and must stay installed: the "
    "scheduler does not hear of {}"
)


def acted_on_once(tables: Table, files: dict[str, list[Statement]]) -> Table:
    """Let the scheduler or NUT's upssched act on upssched.conf, not both; the lines are told.

    `files` has the statements of each. Nothing changes unless NOTIFYCMD is upssched.
    """
    monitor, scheduler = tables.get("monitor", {}), tables.get("scheduler", {})
    if not (scheduler and starts_upssched(monitor.get("notify_command"))):
        return tables
    ats = scheduler["upssched"]["at"]
    if unheard := _unheard(tables.get("devices", {}), monitor["supplies"], ats):
        logger.warning("upssched.conf: %s", _LEFT.format(unheard))
        leave_out(files["upssched.conf"], _LEFT.format(unheard))
        return {key: table for key, table in tables.items() if key != "scheduler"}
    for line in files["upsmon.conf"]:
        if line.key == "NOTIFYCMD":
            line.fates.clear()
            line.skip(_DONE)
    silent = {key: value for key, value in monitor.items() if key != "notify_command"}
    return {**tables, "monitor": silent}


def called(tables: Table, names: Mapping[str, str]) -> Table:
    """Let supplies and AT lines of this machine call devices by the names that they have here."""
    new = {old: name for old, name in names.items() if old != name}
    if not new:
        return tables
    tables = copy.deepcopy(tables)
    ats = tables.get("scheduler", {}).get("upssched", {}).get("at", [])
    places = [(each, "address") for each in tables.get("monitor", {}).get("supplies", [])]
    for table, key in [*places, *((each, "ups") for each in ats)]:
        old, at, host = table[key].partition("@")
        if old in new and is_of_this_machine(table[key]):
            table[key] = f"{new[old]}{at}{host}"
    return tables


def starts_upssched(command: str | list[str] | None) -> bool:
    """Tell whether a notify_command is NUT's upssched."""
    return PurePath(program_of(command)).name == "upssched"


def _unheard(devices: Table, supplies: list[Table], ats: list[dict[str, Any]]) -> str:
    """Name what happens that the scheduler does not hear of; empty if it hears of everything."""
    for supply in supplies:
        name = supply["address"].partition("@")[0]
        if name not in devices or not is_of_this_machine(supply["address"]):
            return str(supply["address"])
    types = [at["type"].upper() for at in ats]
    return next((type_ for type_ in types if type_ not in EventType.__members__), "")

"""ups.conf: the devices and what holds for all of them."""

import difflib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from shared.nutconfig.statements import Statement
from shared.nutconfig.values import (
    SECONDS,
    SWITCH,
    NutDevice,
    Setting,
    Table,
    names,
    seconds,
    switch,
)
from shared.topics import NAME_RULE, is_name

logger = logging.getLogger(__name__)

_DEVICE_SETTINGS: Final = {
    "driver": Setting("driver"),
    "port": Setting("port"),
    "desc": Setting("desc"),
    "pollinterval": Setting("poll_interval", seconds, SECONDS),
    "sdorder": Setting("sdorder", int, "a whole number"),
    "sdcommands": Setting("sdcommands", names),
    "allow_killpower": Setting("allow_killpower", switch, SWITCH),
    "ignorelb": Setting("ignorelb", lambda _: True),
}
_FLAGS: Final = frozenset({"ignorelb", "allow_killpower"})
_PREFIXED: Final = frozenset({"default", "override"})
_NESTED: Final = frozenset({"load.off", "load.on", "load.status"})  # options of the driver clone
_DERIVED: Final = frozenset({"clone", "clone-outlet", "failover"})  # their ports name other drivers
_DRIVER_SETTINGS: Final = {"pollinterval": Setting("poll_interval", seconds, SECONDS)}
# How NUT starts its processes; these have no counterpart here.
_UNUSED: Final = frozenset(
    {
        "chroot", "driverpath", "statepath", "user", "group", "maxstartdelay", "maxretry",
        "retrydelay", "nowait", "synchronous", "debug_min", "LIBUSB_DEBUG", "sddelay",
        "reconnect_max_tries", "reconnect_report_freq", "nolock",
    }
)  # fmt: skip


def driver_and_devices(lines: list[Statement], directory: Path) -> tuple[Table, dict[str, Table]]:
    """Read what holds for all devices, and the devices by name.

    A device without driver or port is left out. The port of dummy-ups becomes an absolute path if
    it is a file in the directory; of a driver that stands on others it becomes their names.
    """
    driver: Table = {}
    devices: dict[str, Table] = {}
    device: Table | None = None
    for line in lines:
        if line.key.startswith("["):
            device = _opened_device(line, devices)
        elif line.key in _UNUSED:
            logger.debug("%s: %s has no use here", line.place, line.key)
        elif (assignment := _assignment(line)) is None:
            line.warn(f"{line.key!r} is passed over: write it as key = value, or as a flag alone")
        elif device is None:
            _set_driver(driver, line, assignment[1])
        else:
            _set_device(device, line, assignment[1])
    complete = {name: device for name, device in devices.items() if _is_complete(name, device)}
    sockets = {f"{device['driver']}-{name}": name for name, device in complete.items()}
    return driver, {
        name: NutDevice(_located(_derived(device, sockets), directory))
        for name, device in complete.items()
    }


def _opened_device(line: Statement, devices: dict[str, Table]) -> Table:
    name = line.section
    if name is None or not is_name(name):
        raise line.error(f"{line.key!r} is no [device]: its name is {NAME_RULE}")
    for known in devices:
        if known.lower() == name.lower() and known != name:
            line.warn(f"[{name}] is passed over, because [{known}] is the same name")
            return {}
    return devices.setdefault(name, {})


def _assignment(line: Statement) -> tuple[str, str | None] | None:
    match line.words:
        case (key,):
            return key, None
        case (key, "=", value, *surplus):
            if surplus:
                line.warn(f"only the first word of {key} counts: put the whole in quotes")
            return key, value
    return None


def _set_driver(driver: Table, line: Statement, text: str | None) -> None:
    setting = _DRIVER_SETTINGS.get(line.key)
    if setting is None:
        line.warn_unknown([*_DRIVER_SETTINGS, *_UNUSED])
    elif text is None:
        raise line.error(f"{line.key} needs a value")
    else:
        driver[setting.name] = setting.value(line, text)


def _set_device(device: Table, line: Statement, text: str | None) -> None:
    table, _, variable = line.key.partition(".")
    setting = _DEVICE_SETTINGS.get(line.key)
    if text is None and (line.key in _FLAGS or not (setting or table in _PREFIXED)):
        device[line.key] = True
    elif text is None:
        raise line.error(f"{line.key} needs a value")
    elif setting:
        device[setting.name] = setting.value(line, text)
    elif line.key in _NESTED:
        device.setdefault(table, {})[variable] = text
    elif table not in _PREFIXED:
        device[line.key] = text
    elif variable:
        device.setdefault(table, {})[variable] = text
    else:
        line.warn(f"{line.key} is passed over: write it as {table}.variable = value")


def _is_complete(name: str, device: Table) -> bool:
    missing = [key for key in ("driver", "port") if key not in device]
    for key in missing:
        nearest = difflib.get_close_matches(key, set(device) - set(_DEVICE_SETTINGS), n=1)
        hint = f"; is {nearest[0]} a misspelling?" if nearest else ""
        logger.warning("ups.conf: [%s] is passed over, because it has no %s%s", name, key, hint)
    return not missing


def _derived(device: Table, sockets: Mapping[str, str]) -> Table:
    """Name the devices that a device stands on, where NUT names the sockets of their drivers."""
    if device["driver"] not in _DERIVED:
        return device
    originals = (Path(each.strip()).name for each in device["port"].split(","))
    return {**device, "port": ",".join(sockets.get(each, each) for each in originals)}


def _located(device: Table, directory: Path) -> Table:
    if device["driver"] != "dummy-ups":
        return device
    file = (directory / device["port"]).absolute()
    try:
        return {**device, "port": str(file)} if file.is_file() else device
    except OSError:  # no file can be called so
        return device

"""ups.conf: the devices and what holds for all of them."""

import difflib
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from shared.nutconfig.statements import Statement, leave_out
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

DEVICE_SETTINGS: Final = {
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
PREFIXED: Final = frozenset({"default", "override"})
NESTED: Final = frozenset({"load.off", "load.on", "load.status"})  # options of the driver clone
_DERIVED: Final = frozenset({"clone", "clone-outlet", "failover"})  # their ports name other drivers
_STRANGE: Final = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST: Final = 60  # characters of a name that a number may follow
_RENAMED: Final = (
    "[{0}] is called {1} here, and whoever asks for {0} must ask for {1}: a name is {2}; MONITOR "
    "and AT lines of this machine say {1} already"
)
_INSTEAD: Final = {
    "allow_killpower": "the power is not cut by driver.killpower",
    "sdorder": "0 counts: it is powered off with the first",
    "pollinterval": "NUT's driver does not start with it, here the default counts",
}
DRIVER_SETTINGS: Final = {"pollinterval": Setting("poll_interval", seconds, SECONDS)}
# How NUT starts its processes; these have no counterpart here.
_UNUSED: Final = {
    "chroot": "a unit of systemd or a container says which files the service sees",
    "driverpath": "the drivers are part of nutbus",
    "statepath": "drivers have no sockets in files",
    "user": "the unit of systemd says as whom the service runs",
    "group": "drivers have no sockets in files",
    "maxstartdelay": "a device that is slow keeps nobody waiting",
    "maxretry": "a device that is not there is tried again for ever",
    "retrydelay": "a device that is not there is tried again for ever",
    "nowait": "a device that is slow keeps nobody waiting",
    "synchronous": "who reads slowly keeps nobody waiting",
    "debug_min": "--log-level says how much is logged",
    "LIBUSB_DEBUG": "libusb takes it from the environment",
    "sddelay": "NUT has no use for it either",
    "reconnect_max_tries": "a device that is not there is tried again for ever",
    "reconnect_report_freq": "what repeats is logged ever more rarely",
    "nolock": "a line is not locked by files",
}


def driver_and_devices(lines: list[Statement], directory: Path) -> tuple[Table, dict[str, Table]]:
    """Read what holds for all devices, and the devices by name.

    A device without driver or port is left out. The port of dummy-ups becomes an absolute path if
    it is a file in the directory; of a driver that stands on others it becomes their names.
    """
    driver: Table = {}
    devices: dict[str, Table] = {}
    names = device_names(lines)
    read: dict[str, list[Statement]] = {}
    name: str | None = None
    for line in lines:
        if line.key.startswith("["):
            name = ""
            with line.judged("the section is left out: give the device another name"):
                name = _opened_device(line, devices, names)
        else:
            with line.judged(_INSTEAD.get(line.key, "it is as if the line was not there")):
                _set(driver if name is None else devices.get(name), name, line)
        read.setdefault(name or "", []).append(line)
    complete = {
        name: device for name, device in devices.items() if _is_complete(name, device, read[name])
    }
    sockets = {f"{device['driver']}-{name}": name for name, device in complete.items()}
    return driver, {
        name: NutDevice(_located(_derived(device, sockets), directory))
        for name, device in complete.items()
    }


def device_names(lines: list[Statement]) -> dict[str, str]:
    """Say what the sections are called here: NUT takes names that no device may have on the bus.

    Only in forgiving lines such a section gets a name like its own that no other has.
    """
    sections = dict.fromkeys(line.section for line in lines if line.section)
    names = {section: section for section in sections if is_name(section)}
    is_forgiving = any(line.is_forgiving for line in lines)
    for section in sections if is_forgiving else ():
        if section in names:
            continue
        stem = _STRANGE.sub("-", section).strip("-_")[:_LONGEST]
        taken = {name.lower() for name in names.values()}
        candidates = (stem, *(f"{stem}-{number}" for number in range(2, 100)))
        name = next((each for each in candidates if each.lower() not in taken), "")
        if is_name(name):
            names[section] = name
    return names


def _opened_device(line: Statement, devices: dict[str, Table], names: Mapping[str, str]) -> str:
    """Begin a device; the name is empty if its lines are passed over."""
    name = names.get(line.section or "")
    if name is None:
        raise line.error(f"{line.key!r} is no [device]: its name is {NAME_RULE}")
    if name != line.section:
        line.warn(_RENAMED.format(line.section, name, NAME_RULE))
    for known in devices:
        if known.lower() == name.lower() and known != name:
            line.warn(f"[{name}] is passed over, because [{known}] is the same name")
            return ""
    devices.setdefault(name, {})
    line.take(f"devices.{name}")
    return name


def _set(table: Table | None, name: str | None, line: Statement) -> None:
    """Set a key of the driver, if there is no name, or of a device."""
    if line.key in _UNUSED:
        line.skip(_UNUSED[line.key])
    elif line.is_forgiving and line.words[1:] == ("=",) and line.key not in DEVICE_SETTINGS:
        line.skip("it has no value, and NUT passes over it, too")
    elif (assignment := _assignment(line)) is None:
        line.warn(f"{line.key!r} is passed over: write it as key = value, or as a flag alone")
    elif table is None:
        line.withdraw("its section is passed over")
    elif name is None:
        _set_driver(table, line, assignment[1])
    elif key := _set_device(table, line, assignment[1]):
        line.take(f"devices.{name}.{key}")


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
    setting = DRIVER_SETTINGS.get(line.key)
    if setting is None:
        line.warn_unknown([*DRIVER_SETTINGS, *_UNUSED])
    elif text is None:
        raise line.error(f"{line.key} needs a value")
    else:
        driver[setting.name] = setting.value(line, text)
        line.take(f"driver.{setting.name}")


def _set_device(device: Table, line: Statement, text: str | None) -> str:
    """Set one key of a device and name it; empty if it is passed over."""
    table, _, variable = line.key.partition(".")
    setting = DEVICE_SETTINGS.get(line.key)
    if text is None and (line.key in _FLAGS or not (setting or table in PREFIXED)):
        device[line.key] = True
    elif text is None:
        raise line.error(f"{line.key} needs a value")
    elif setting:
        device[setting.name] = setting.value(line, text)
    elif line.key in NESTED or (table in PREFIXED and variable):
        device.setdefault(table, {})[variable] = text
    elif table not in PREFIXED:
        device[line.key] = text
    else:
        line.warn(f"{line.key} is passed over: write it as {table}.variable = value")
        return ""
    return setting.name if setting else line.key


def _is_complete(name: str, device: Table, lines: list[Statement]) -> bool:
    missing = [key for key in ("driver", "port") if key not in device]
    for key in missing:
        nearest = difflib.get_close_matches(key, set(device) - set(DEVICE_SETTINGS), n=1)
        hint = f"; is {nearest[0]} a misspelling?" if nearest else ""
        logger.warning("ups.conf: [%s] is passed over, because it has no %s%s", name, key, hint)
        leave_out(lines, f"[{name}] is left out, as by NUT, because it has no {key}{hint}")
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

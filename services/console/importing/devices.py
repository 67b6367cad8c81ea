"""ups.conf, from our devices."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from services.console.importing.lines import Lost, line, number, opened
from services.driver.drivers import DRIVERS, NUT, NUT_DRIVER
from services.driver.settings import with_port_located
from shared.nutconfig.ups import DEVICE_SETTINGS, DRIVER_SETTINGS
from shared.nutconfig.values import Table

_OURS = ("simulated", "eaton-mqtt")  # drivers that NUT has not
_NUTS_TOO = ("apcsmart",)  # of which we serve an older form of NUT's, too
_SINCE = {"allow_killpower": "2.8.1", "sdcommands": "2.8.3"}
_TOO_NEW = "before NUT {} no driver starts with this line in ups.conf: delete it there"
_NOT_NUTS = ("outlets", "standby", "priority", "preempt")


def ups_conf(tables: Mapping[str, Any], folder: Path, lost: Lost) -> str:
    """Write all devices that a driver of NUT can serve."""
    driver = dict(tables.get("driver", {}))
    lines = [
        f"{key} = {number(driver.pop(setting.name))}"
        for key, setting in DRIVER_SETTINGS.items()
        if setting.name in driver
    ]
    lost.rest("driver", driver)
    for name, device in tables["devices"].items():
        table = _as_nut_has_it(opened(with_port_located(device, folder), folder))  # type: ignore[arg-type] # a table, like the device
        if table["driver"] in _OURS:
            lost.add(f"devices.{name}", f"NUT has no driver like {table['driver']}")
        else:
            lines += ["", f"[{name}]", *_device(name, table, lost)]
    return "\n".join([*lines, ""]) or "\n"


def _as_nut_has_it(device: Table) -> Table:
    """Name the driver, the port and the options as NUT does."""
    kind = DRIVERS.get(device["driver"])
    if kind is None:
        return {"port": "auto", **device}
    if kind.name == NUT:
        return {"sdorder": -1, **device, "driver": "dummy-ups"}
    if kind.name == NUT_DRIVER and "program" in device:
        rest = {key: value for key, value in device.items() if key not in ("program", "arguments")}
        return {**rest, **device.get("arguments", {}), "driver": Path(device["program"]).name}
    table = {"port": "auto", **device}
    is_nuts = device["driver"] != kind.name or kind.name in _NUTS_TOO or not kind.aliases
    on_usb = f"{kind.name}_usb"
    if not is_nuts and on_usb in kind.aliases and table["port"] == "auto":
        return {**table, "driver": on_usb}
    return table if is_nuts else {**table, "driver": kind.aliases[0]}


def _device(name: str, device: Table, lost: Lost) -> Iterator[str]:
    for key in _NOT_NUTS:
        if key in device:
            del device[key]
            lost.add(f"devices.{name}.{key}", "NUT has no word for it")
    for key, setting in DEVICE_SETTINGS.items():
        if setting.name in device:
            if key in _SINCE:
                lost.add(f"devices.{name}.{key}", _TOO_NEW.format(_SINCE[key]))
            yield from _pair(key, device.pop(setting.name))
    for key, value in _flat(device):
        if isinstance(value, list):
            lost.add(f"devices.{name}.{key}", "NUT has no lists there")
        else:
            yield from _pair(key, value)


def _pair(key: str, value: object) -> Iterator[str]:
    if isinstance(value, list):
        yield f"{key} = {line(','.join(map(str, value)))}"
    elif isinstance(value, bool) and key != "allow_killpower":
        yield from [key] if value else []
    else:
        yield f"{key} = {line(number(value) if key == 'pollinterval' else _plain(value))}"


def _plain(value: object) -> str:
    return number(value) if isinstance(value, bool) else str(value)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value

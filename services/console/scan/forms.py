"""How findings are printed: nut-scanner's forms for ups.conf and for scripts, and our own two.

Section names and drivers of NUT's servers are those of NUT 2.8.0 with `-N` and without an option,
and those of NUT 2.8.5 with `-Q`. What a stranger on the network calls himself is quoted as NUT's
files want it, so that it cannot become a line of its own.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from services.console.scan.found import Bus, Findings, Found, Line
from shared.nutwire import quote
from shared.topics import is_name

# What NUT 2.8.0 calls another server's device is no driver; later ones name the one that can do it.
SERVER_DEVICE: Final = "nutclient"
SERVER_DEVICE_NOW: Final = "dummy-ups"

# NUT 2.8.5 puts the bus into the name of the section.
_SECTIONS: Final = {
    Bus.USB: "usb",
    Bus.SNMP: "snmp",
    Bus.XML: "xml",
    Bus.NUT: "nut",
    Bus.NIS: "nis",
    Bus.POWERMAN: "powerman",
    Bus.SERIAL: "serial",
}

Settings = Callable[[Found], Mapping[str, str]]
"""The keys of a section of our settings for a device, `driver` first."""


def ups_conf(devices: Sequence[Found]) -> str:
    """Write sections of ups.conf as nut-scanner of NUT 2.8.0 does."""
    names = [f"nutdev{number}" for number in range(1, len(devices) + 1)]
    return "".join(map(_section, names, devices))


def ups_conf_now(devices: Sequence[Found]) -> str:
    """Write sections of ups.conf as nut-scanner of NUT 2.8.5 does."""
    parts = []
    for number, device in enumerate(devices, 1):
        parts.append(_section(f"nutdev-{_SECTIONS[device.bus]}{number}", device, _driver_now))
    return "".join(parts)


def parsable(devices: Sequence[Found]) -> str:
    """Write one line a device, for scripts, as nut-scanner does."""
    lines = []
    for device in devices:
        pairs = (("driver", device.driver), ("port", device.port), *device.options)
        lines.append(f"{device.bus}:" + ",".join(f"{key}={quote(value)}" for key, value in pairs))
    return "".join(line + "\n" for line in lines)


def toml(findings: Findings, settings: Settings) -> str:
    """Write sections of our settings; serial lines that were only listed are comments."""
    names = device_names(findings.devices)
    parts = []
    for name, device in zip(names, findings.devices, strict=True):
        comment = ", ".join(f"{key}: {value}" for key, value in device.facts.items())
        parts += [f"# {_printable(comment)}"] if comment else []
        parts.append(f"[devices.{name}]")
        parts += [f"{key} = {_text(value)}" for key, value in settings(device).items()]
        parts.append("")
    parts += [f"# {line}" for line in line_notes(findings.lines)]
    return "".join(part + "\n" for part in parts)


def as_json(findings: Findings, settings: Settings) -> str:
    """Write everything that is known, for scripts."""
    names = device_names(findings.devices)
    devices: list[dict[str, Any]] = [
        {
            "name": name,
            "bus": str(device.bus),
            "driver": device.driver,
            "port": device.port,
            "options": dict(device.options),
            "settings": dict(settings(device)),
            "facts": dict(device.facts),
        }
        for name, device in zip(names, findings.devices, strict=True)
    ]
    shown = {"devices": devices, "lines": [asdict(line) for line in findings.lines]}
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def device_names(devices: Sequence[Found]) -> list[str]:
    """Name the devices: what they are called where they were found, else by number; each once."""
    taken: set[str] = set()
    names = []
    for number, device in enumerate(devices, 1):
        wished = device.name if is_name(device.name) else f"nutdev{number}"
        name, again = wished, 2
        while name in taken or not is_name(name):
            name, again = f"{wished[:56]}-{again}", again + 1
        taken.add(name)
        names.append(name)
    return names


def line_notes(lines: Sequence[Line]) -> list[str]:
    """Say of each serial line what it is and how to ask it."""
    notes = []
    for line in lines:
        known = ", ".join(filter(None, (line.description, line.hardware)))
        what = f" ({_printable(known)})" if known else ""
        notes.append(
            f"serial port {_printable(line.port)}{what}: not asked; -E {line.port} asks it"
        )
    return notes


def _section(name: str, device: Found, driver: Callable[[Found], str] | None = None) -> str:
    keys = {"driver": driver(device) if driver else device.driver, "port": device.port}
    lines = [f"\t{key} = {quote(value)}" for key, value in (*keys.items(), *device.options)]
    return "".join(line + "\n" for line in (f"[{name}]", *lines))


def _driver_now(device: Found) -> str:
    return SERVER_DEVICE_NOW if device.driver == SERVER_DEVICE else device.driver


def _text(value: str) -> str:
    """Write a TOML basic string; JSON's escapes are a part of TOML's, save for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)

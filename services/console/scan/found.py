"""What a scan finds: a device, or a serial line that something may hang on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Bus(StrEnum):
    """Where devices are looked for, in nut-scanner's words; NIS and POWERMAN are ours."""

    USB = "USB"
    SNMP = "SNMP"
    XML = "XML"
    NUT = "NUT"
    NIS = "NIS"
    POWERMAN = "POWERMAN"
    SERIAL = "EATON_SERIAL"


@dataclass(frozen=True, slots=True)
class Found:
    """A device: how NUT's drivers reach it, and what is known of it.

    `driver`, `port` and `options` are what a section of ups.conf needs. `name` is what the device
    is called where it was found, "" if nothing is known. `facts` are for people and scripts: model,
    description, server and the like.
    """

    bus: Bus
    driver: str
    port: str
    options: tuple[tuple[str, str], ...] = ()
    name: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """A serial port of this host that was only listed; `description` and `hardware` may be ""."""

    port: str
    description: str = ""
    hardware: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """All that one scan found."""

    devices: tuple[Found, ...] = ()
    lines: tuple[Line, ...] = ()

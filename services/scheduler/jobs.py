"""What is to be done, ready to be done: no template in it, no rule needed any more; pure."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Notification:
    """A message to receivers, by name."""

    to: tuple[str, ...]
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to one address; `target` is a receiver's name, for further ones with #2, #3."""

    target: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run; those of one `lane` run one after another, "" has no such order."""

    argv: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    timeout: float | None = None
    lane: str = ""


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """A command or a setting to send to a device."""

    device: str
    kind: Literal["command", "set"]
    name: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class ReportDue:
    """A report to write and send: from `since` to `until`, seconds since the epoch."""

    to: tuple[str, ...]
    title: str
    device: str
    since: float
    until: float


Job = Notification | ReportDue | Program | DeviceRequest
Stored = Delivery | Program | DeviceRequest

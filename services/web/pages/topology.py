"""Which supply feeds which host, and who goes down when. Pure, with the places of a drawing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from services.web.mirror import ServiceView
from services.web.pages.cut import step
from services.web.pages.levels import Standing
from shared.messages import Availability
from shared.service_messages import MonitorPower

ROW: Final = 64  # height of a box and the space below it, in units of the drawing
BOX: Final = 44
WIDTH: Final = 720
BOX_WIDTH: Final = 250


@dataclass(frozen=True, slots=True)
class Feed:
    """One supply of a host: its power value, and the role of the host there."""

    device: str
    role: str
    value: int
    is_critical: bool


@dataclass(frozen=True, slots=True)
class Host:
    """One monitored host; `falls_with` are the devices that it cannot lose, each by itself."""

    id: str
    power: MonitorPower
    feeds: tuple[Feed, ...]
    is_online: bool
    step: str
    falls_with: tuple[str, ...]

    @property
    def spare(self) -> int:
        """Give the power value that it can lose."""
        return self.power.present - self.power.needed

    @property
    def rule(self) -> str:
        """Say when it shuts down."""
        if not self.is_online:
            return "nobody watches over it now"
        if not self.power.needed:
            return "shuts down only when it is told to"
        if self.spare < 0:
            return "has too little power now"
        if self.falls_with:
            return f"shuts down when it loses {_either(self.falls_with)}"
        others = f"{self.spare} of its power values" if self.spare != 1 else "one power value"
        return f"can lose {others} and stay up"


@dataclass(frozen=True, slots=True)
class Box:
    """A box of the drawing; `level` colours it, `lines` are its texts."""

    key: str
    x: int
    y: int
    level: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wire:
    """A line of the drawing from a supply to a host."""

    path: str
    level: str
    label: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes and wires, in a space of WIDTH by `height`."""

    height: int
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]


def hosts(services: Iterable[ServiceView]) -> list[Host]:
    """List the hosts that monitors speak for, by name."""
    found = [_host(view, view.power) for view in services if view.power]
    return sorted(found, key=lambda host: (host.power.host, host.id))


def unwatched(devices: Iterable[str], all_: Iterable[Host]) -> list[str]:
    """Name the devices that no host of a monitor is fed by."""
    fed = {feed.device for host in all_ for feed in host.feeds}
    return [name for name in devices if name not in fed]


def drawing(all_: list[Host], standings: Mapping[str, Standing]) -> Drawing:
    """Place the supplies on the left and the hosts on the right."""
    devices = list(dict.fromkeys(feed.device for host in all_ for feed in host.feeds))
    rows = max(len(devices), len(all_), 1)
    left = {name: _place(row, len(devices), rows) for row, name in enumerate(devices)}
    right = {host.id: _place(row, len(all_), rows) for row, host in enumerate(all_)}
    boxes = [_supply(name, left[name], standings.get(name)) for name in devices]
    boxes += [
        Box(host.id, WIDTH - BOX_WIDTH, right[host.id], _level(host), (host.power.host, host.rule))
        for host in all_
    ]
    wires = [
        _wire(feed, left[feed.device], right[host.id], standings)
        for host in all_
        for feed in host.feeds
    ]
    return Drawing(rows * ROW, tuple(boxes), tuple(wires))


def _host(view: ServiceView, power: MonitorPower) -> Host:
    lost = set(power.critical)
    feeds = tuple(
        Feed(device, role.value, power.values.get(device, 0), device in lost)
        for device, role in sorted(power.roles.items())
    )
    falls_with = tuple(
        feed.device
        for feed in feeds
        if feed.value and not feed.is_critical and power.present - feed.value < power.needed
    )
    online = view.availability is Availability.ONLINE
    return Host(view.id, power, feeds, online, step(view), falls_with)


def _place(row: int, count: int, rows: int) -> int:
    return row * ROW + (rows - count) * ROW // 2 + (ROW - BOX) // 2


def _supply(name: str, y: int, standing: Standing | None) -> Box:
    text = standing.text if standing else "not on the bus"
    return Box(name, 0, y, standing.name if standing else "unreachable", (name, text))


def _wire(feed: Feed, start: int, end: int, standings: Mapping[str, Standing]) -> Wire:
    standing = standings.get(feed.device)
    x, y, far, end_y = BOX_WIDTH, start + BOX // 2, WIDTH - BOX_WIDTH, end + BOX // 2
    middle = (x + far) // 2
    path = f"M{x} {y} C{middle} {y} {middle} {end_y} {far} {end_y}"
    return Wire(path, standing.name if standing else "unreachable", str(feed.value))


def _level(host: Host) -> str:
    if host.step or (host.is_online and host.spare < 0):
        return "critical"
    return "fine" if host.is_online else "unreachable"


def _either(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"

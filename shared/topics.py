"""The topic tree (bus contract, sections 1 to 3). No other module spells a topic."""

import re
from dataclasses import dataclass
from enum import StrEnum

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}\Z")
NAME_RULE = "1 to 63 of A-Z a-z 0-9 _ -, the first a letter or a digit"

# What Home Assistant takes for the id of a device.
DISCOVERY_ID = re.compile(r"[A-Za-z0-9_-]+\Z")

# One level of a variable or command name: what every broker takes in a topic.
_LEVEL = re.compile(r"[!-~]+\Z")
_FORBIDDEN = frozenset("+#/")


class DeviceTopic(StrEnum):
    """What a topic below a device carries."""

    STATE = "state"
    META = "meta"
    AVAILABILITY = "availability"
    VARIABLE = "var"
    EVENT = "event"
    FSD = "fsd"
    COMMAND = "command"
    SET = "set"
    RESULT = "result"
    CLAIM = "claim"


class ServiceTopic(StrEnum):
    """What a topic below a service carries."""

    AVAILABILITY = "availability"
    INFO = "info"
    LOGINS = "logins"
    POWER = "power"
    STAGE = "stage"
    TIMERS = "timers"
    ENERGY = "energy"
    STANDING = "standing"
    SWITCH = "switch"


class ServiceKind(StrEnum):
    """The kinds of services on the bus."""

    DRIVER = "driver"
    GATEWAY = "gateway"
    MONITOR = "monitor"
    SCHEDULER = "scheduler"
    HOMEASSISTANT = "homeassistant"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class OfDevice:
    """A parsed topic below a device; `name` is the dotted variable or command name, else ""."""

    device: str
    part: DeviceTopic
    name: str = ""


@dataclass(frozen=True, slots=True)
class OfService:
    """A parsed topic below a service.

    `device` is what the part is about, `name` the dotted name of what it switches; else both "".
    """

    kind: str
    id: str
    part: ServiceTopic
    device: str = ""
    name: str = ""


# The parts that are followed by the levels of a dotted name.
_NAMED = (DeviceTopic.VARIABLE, DeviceTopic.COMMAND, DeviceTopic.SET)
_STANDING_ORDERS = (DeviceTopic.FSD, ServiceTopic.STAGE)
# The parts of a service that are followed by a device.
_ABOUT_DEVICES = (ServiceTopic.ENERGY, ServiceTopic.STANDING, ServiceTopic.SWITCH)


def is_name(text: str) -> bool:
    """Tell whether a device or service may be called so."""
    return NAME.match(text) is not None


def is_dotted_name(text: str) -> bool:
    """Tell whether a variable or command name can be spelt as a topic and back."""
    levels = text.split(".")
    return all(_LEVEL.match(level) and not _FORBIDDEN & set(level) for level in levels)


@dataclass(frozen=True, slots=True)
class Topics:
    """Builds and parses the topics below one prefix."""

    prefix: str = "nut"

    def device(self, device: str, part: DeviceTopic, name: str = "") -> str:
        """Spell the topic of one device; `name` is the dotted variable or command name."""
        topic = f"{self.prefix}/device/{device}/{part}"
        return f"{topic}/{name.replace('.', '/')}" if name else topic

    def every_device(self, part: DeviceTopic) -> str:
        """Spell the filter for one part of every device."""
        topic = f"{self.prefix}/device/+/{part}"
        return f"{topic}/#" if part in _NAMED else topic

    def requests(self) -> tuple[str, str]:
        """Spell the filters for the commands and the settings of every device.

        Not those of one device: NATS takes some 30 filters a session (docs/decisions/0002).
        """
        return (self.every_device(DeviceTopic.COMMAND), self.every_device(DeviceTopic.SET))

    def variables(self, device: str) -> str:
        """Spell the filter for the plain-text variables of one device."""
        return f"{self.prefix}/device/{device}/{DeviceTopic.VARIABLE}/#"

    def all_of_device(self, device: str) -> str:
        """Spell the filter for everything below one device."""
        return f"{self.prefix}/device/{device}/#"

    def service(self, kind: str, id: str, part: ServiceTopic) -> str:
        """Spell the topic of one service."""
        return f"{self.prefix}/service/{kind}/{id}/{part}"

    def about_device(
        self, kind: str, id: str, part: ServiceTopic, device: str, name: str = ""
    ) -> str:
        """Spell the topic of one service about a device; `name` is what it switches, dotted."""
        topic = f"{self.service(kind, id, part)}/{device}"
        return f"{topic}/{name.replace('.', '/')}" if name else topic

    def about_every_device(self, kind: str, id: str, part: ServiceTopic) -> str:
        """Spell the filter for one part of one service about every device."""
        levels = "#" if part is ServiceTopic.SWITCH else "+"
        return f"{self.service(kind, id, part)}/{levels}"

    def every_service(self, part: ServiceTopic, kind: str = "+") -> str:
        """Spell the filter for one part of every service (of one kind)."""
        return f"{self.prefix}/service/{kind}/+/{part}"

    def stands(self, path: str) -> bool:
        """Tell whether a topic or filter is for orders that stand until they are taken back."""
        return path.rpartition("/")[2] in _STANDING_ORDERS

    def parse(self, topic: str) -> OfDevice | OfService | None:
        """Tell what a topic is about; None when it is none of ours."""
        head, _, rest = topic.partition("/")
        prefix_depth = self.prefix.count("/")
        for _ in range(prefix_depth):
            level, _, rest = rest.partition("/")
            head = f"{head}/{level}"
        if head != self.prefix:
            return None
        root, _, rest = rest.partition("/")
        if root == "device":
            return _of_device(rest)
        return _of_service(rest) if root == "service" else None


def _of_device(rest: str) -> OfDevice | None:
    device, _, tail = rest.partition("/")
    part, slash, levels = tail.partition("/")
    if not is_name(device) or part not in _DEVICE_PARTS:
        return None
    known = DeviceTopic(part)
    if known not in _NAMED:
        return None if slash else OfDevice(device, known)
    # A second spelling of a name, load.off beside load/off, would slip past an ACL.
    name = levels.replace("/", ".")
    is_only_spelling = "." not in levels and is_dotted_name(name)
    return OfDevice(device, known, name) if is_only_spelling else None


def _of_service(rest: str) -> OfService | None:
    kind, _, tail = rest.partition("/")
    id, _, tail = tail.partition("/")
    part, *about = tail.split("/")
    if not is_name(kind) or not is_name(id) or part not in _SERVICE_PARTS:
        return None
    known = ServiceTopic(part)
    if known not in _ABOUT_DEVICES:
        return None if about else OfService(kind, id, known)
    device, levels = (about[0], about[1:]) if about else ("", [])
    if not is_name(device) or (known is ServiceTopic.SWITCH) != bool(levels):
        return None
    name = ".".join(levels)
    is_only_spelling = not levels or (is_dotted_name(name) and "." not in "".join(levels))
    return OfService(kind, id, known, device, name) if is_only_spelling else None


HOME_ASSISTANT = "homeassistant"  # its discovery prefix, if nobody chose another …
BIRTH_TOPIC = f"{HOME_ASSISTANT}/status"  # … and where it says that it has started


@dataclass(frozen=True, slots=True)
class DiscoveryTopics:
    """Builds and parses the topics on which Home Assistant finds devices, below its prefix."""

    prefix: str = HOME_ASSISTANT

    def device(self, id: str) -> str:
        """Spell the topic of one device's discovery message."""
        return f"{self.prefix}/device/{id}/config"

    @property
    def every_device(self) -> str:
        """The filter for the discovery messages of every device, ours or not."""
        return self.device("+")

    def parse(self, topic: str) -> str | None:
        """Tell the id of the device that a discovery message is about; None if it is none."""
        head, tail = f"{self.prefix}/device/", "/config"
        id = topic.removeprefix(head).removesuffix(tail)
        is_one = topic == f"{head}{id}{tail}" and DISCOVERY_ID.match(id)
        return id if is_one else None


_DEVICE_PARTS = frozenset(DeviceTopic)
_SERVICE_PARTS = frozenset(ServiceTopic)

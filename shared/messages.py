"""Every payload on the bus, built and parsed (bus contract, sections 2 and 3).

Each payload class says what a `Publication` of it looks like, so topic, quality of service and
retention are decided here and nowhere else. `read` turns any bytes into a payload or raises one
PayloadError.
"""

import hashlib
import math
import re
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple, Protocol, Self, TypeVar

import msgpack
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from shared.errors import PayloadError, RefusedError, ResultStatus
from shared.topics import DeviceTopic, ServiceKind, ServiceTopic, Topics

MAX_PAYLOAD = 128 * 1024
VERSION: Literal[1] = 1

_FROM_TEXT = Field(strict=False)  # msgpack knows no enumerations
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)\Z")


class Publication(NamedTuple):
    """One message on its way to the broker."""

    topic: str
    payload: bytes
    qos: Literal[0, 1]
    retain: bool


class Message(NamedTuple):
    """One message from the broker; `retained` marks one that was stored before we subscribed."""

    topic: str
    payload: bytes
    retained: bool


class Availability(StrEnum):
    """Whether a device or a service can be talked to."""

    ONLINE = "online"
    STALE = "stale"
    OFFLINE = "offline"


class Payload(BaseModel):
    """What all payloads share: frozen, no silent conversion, unknown keys ignored.

    A time that is no number would be before and after nothing, so none is taken.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)


class Packed(Payload):
    """A payload that travels as a msgpack map."""

    v: Literal[1] = VERSION

    def encode(self) -> bytes:
        """Pack the map; None values are left out; PayloadError says what cannot be sent."""
        try:
            return _checked(msgpack.packb(self.model_dump(exclude_none=True)))
        except (ValueError, OverflowError) as error:
            raise PayloadError(f"cannot be written: {error}") from None

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read a packed map; PayloadError says what is wrong."""
        try:
            return cls.model_validate(msgpack.unpackb(_checked(payload), strict_map_key=True))
        except ValidationError as error:
            raise PayloadError(_reason(error)) from None
        except (ValueError, msgpack.UnpackException, RecursionError) as error:
            raise PayloadError(f"not msgpack: {str(error) or type(error).__name__}") from None


class Written(Payload):
    """A payload that travels as a JSON object."""

    def encode(self) -> bytes:
        """Write the object; None values are left out; PayloadError says what cannot be sent."""
        return _json(self)

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read an object; PayloadError says what is wrong."""
        try:
            return cls.model_validate_json(_checked(payload))
        except ValidationError as error:
            raise PayloadError(_reason(error)) from None


class DeviceState(Packed):
    """One consistent whole of what a driver knows of its device; values are NUT's texts."""

    seq: int = Field(ge=0)
    at: float
    vars: dict[str, str]

    def publication(self, topics: Topics, device: str, *, urgent: bool) -> Publication:
        """Address the state; `urgent` (ups.status changed) makes the broker acknowledge it."""
        topic = topics.device(device, DeviceTopic.STATE)
        return Publication(topic, self.encode(), 1 if urgent else 0, retain=True)


class Writable(Payload):
    """What may be written to a variable; `max_length` in characters, ranges inclusive."""

    type: Literal["string", "number"] = "string"
    max_length: int | None = Field(default=None, ge=0, lt=2**32)
    enum: list[str] = []
    ranges: list[tuple[float, float]] = []

    model_config = ConfigDict(strict=False)  # msgpack knows no tuples

    def check(self, value: str) -> None:
        """Let a value pass; RefusedError says whether it is too long or invalid, and what is right.

        A number has NUT's form: a sign, digits and a decimal point, no exponent.
        """
        if self.max_length is not None and len(value) > self.max_length:
            raise RefusedError(ResultStatus.TOO_LONG, f"at most {self.max_length} characters")
        if self.enum and value not in self.enum:
            raise RefusedError(ResultStatus.INVALID, f"one of {', '.join(self.enum)}")
        if (self.type == "number" or self.ranges) and not _NUMBER.match(value):
            raise RefusedError(ResultStatus.INVALID, "a number such as 20 or 20.5")
        if self.ranges and not any(low <= float(value) <= high for low, high in self.ranges):
            allowed = " or ".join(f"{low:g} to {high:g}" for low, high in self.ranges)
            raise RefusedError(ResultStatus.INVALID, f"from {allowed}")


class DeviceMeta(Packed):
    """What a device is and takes; `heartbeat` is how often its state is repeated, in seconds.

    With `standby` another driver service may take over when `service` is gone, within seconds.
    """

    desc: str | None = None
    driver: str
    service: str
    commands: list[str] = []
    writable: dict[str, Writable] = {}
    heartbeat: float = Field(default=5.0, gt=0, le=86400)
    standby: bool = False

    def publication(self, topics: Topics, device: str) -> Publication:
        """Address the description of one device."""
        return Publication(topics.device(device, DeviceTopic.META), self.encode(), 1, retain=True)


class Claim(Written):
    """A driver service's word that it works with a device, or wants to: the last one counts.

    Each claim is a new `term`; `beat` 0 is the claim itself, the others keep it alive. `released`
    gives the device up, `clean` says that its line was closed and nobody else was at work. `seq`
    and `status` are of the state that was published last.
    """

    service: str
    term: str = Field(min_length=1, max_length=64)
    beat: int = Field(ge=0)
    priority: int = 1
    released: bool = False
    clean: bool = False
    seq: int = Field(default=0, ge=0)
    status: str = ""

    def publication(self, topics: Topics, device: str) -> Publication:
        """Address the claim to one device."""
        return Publication(topics.device(device, DeviceTopic.CLAIM), self.encode(), 1, retain=True)


class DeviceEvent(Written):
    """One NUT notify event of a device; `at` in seconds since the epoch."""

    type: str
    at: float
    status: str
    text: str

    def publication(self, topics: Topics, device: str) -> Publication:
        """Address the event."""
        return Publication(topics.device(device, DeviceTopic.EVENT), self.encode(), 1, retain=False)


class ForcedShutdown(Written):
    """Who ordered the shutdown of everything that a device feeds, when and why."""

    by: str
    at: float
    reason: str = ""

    @property
    def digest(self) -> str:
        """What it is called in the audit log, by who gave it and who saw it."""
        told = "\n".join((self.by, repr(self.at), self.reason))
        return hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()[:16]

    def publication(self, topics: Topics, device: str) -> Publication:
        """Address the order; it stays until it is cleared."""
        return Publication(topics.device(device, DeviceTopic.FSD), self.encode(), 1, retain=True)


class Request(Payload):
    """A command or a setting for a device; a bare payload is the value itself."""

    value: str | None = None
    id: str | None = Field(default=None, max_length=64)
    by: str | None = Field(default=None, max_length=256)
    expires: float | None = None

    model_config = ConfigDict(strict=False, coerce_numbers_to_str=True)  # people type {"value": 20}

    @field_validator("value", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        if not isinstance(value, float):
            return value
        if not math.isfinite(value):
            raise ValueError("a number that is not finite")
        return int(value) if value.is_integer() else value

    def encode(self) -> bytes:
        """Write the envelope; PayloadError says what cannot be sent."""
        return _json(self)

    def publication(
        self,
        topics: Topics,
        device: str,
        part: Literal[DeviceTopic.COMMAND, DeviceTopic.SET],
        name: str,
    ) -> Publication:
        """Address the request; requests are never retained."""
        return Publication(topics.device(device, part, name), self.encode(), 1, retain=False)

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read an envelope or a bare value; an empty payload has no value."""
        text = text_of(payload)
        if not text.startswith("{"):
            return cls(value=text or None)
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise PayloadError(_reason(error)) from None


class Result(Written):
    """How a request ended: exactly one for each request; `request` is command or set."""

    id: str | None = None
    request: str
    name: str
    status: ResultStatus
    detail: str = ""
    by: str | None = None
    at: float

    def publication(self, topics: Topics, device: str) -> Publication:
        """Address the result."""
        topic = topics.device(device, DeviceTopic.RESULT)
        return Publication(topic, self.encode(), 1, retain=False)


class ServiceInfo(Packed):
    """Which service this is; `started` in seconds since the epoch, `devices` in settings order."""

    version: str
    host: str
    started: float
    devices: list[str] = []

    def publication(self, topics: Topics, kind: str, id: str) -> Publication:
        """Address the description of one service."""
        return Publication(topics.service(kind, id, ServiceTopic.INFO), self.encode(), 1, True)


class Logins(Packed):
    """The clients that are logged in to each device at one gateway, by address."""

    logins: dict[str, list[str]] = {}

    def publication(self, topics: Topics, id: str) -> Publication:
        """Address the logins of one gateway."""
        topic = topics.service("gateway", id, ServiceTopic.LOGINS)
        return Publication(topic, self.encode(), 1, retain=True)


class Role(StrEnum):
    """What a host is to a supply: the primary goes down last and may order FSD."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class Phase(StrEnum):
    """How far a monitor is with shutting its host down; from `final` on there is no way back."""

    WATCHING = "watching"
    HOSTSYNC = "hostsync"
    FINAL = "final"
    DOWN = "down"


class Answer(StrEnum):
    """What a host makes of a stage order."""

    GOING = "going"
    REHEARSED = "rehearsed"
    REFUSED = "refused"


class MonitorPower(Packed):
    """How a monitor sees the supply of its host; it counts as logged in to each device of `roles`.

    `roles` and `values` give role and power value by device, `critical` lists the devices that the
    host counts as lost; `present` and `needed` are power values, over all its supplies. `answers`
    says by the id of each stage order that names this host what becomes of it. `priority` ranks
    primaries of one device; `relieves` names, by id, those whose power this one sees to.
    """

    host: str
    roles: dict[str, Annotated[Role, _FROM_TEXT]] = {}
    values: dict[str, int] = {}
    critical: list[str] = []
    present: int
    needed: int
    phase: Annotated[Phase, _FROM_TEXT]
    answers: dict[str, Annotated[Answer, _FROM_TEXT]] = {}
    dry_run: bool = False
    priority: int = 1
    relieves: list[str] = []

    def publication(self, topics: Topics, id: str) -> Publication:
        """Address the view of one monitor."""
        topic = topics.service("monitor", id, ServiceTopic.POWER)
        return Publication(topic, self.encode(), 1, retain=True)


class StageOrder(Written):
    """A coordinator's order that hosts shut down; it stays until it is cleared.

    A later stage repeats the hosts of the earlier ones and has an id of its own. `hosts` are ids of
    monitors, `deadline` is the seconds for which the coordinator waits for them.
    """

    id: str = Field(min_length=1, max_length=64)
    at: float
    stage: str
    hosts: list[str]
    deadline: float = Field(ge=0)
    reason: str = ""
    dry_run: bool = False

    def publication(self, topics: Topics, id: str) -> Publication:
        """Address the order of one coordinator."""
        topic = topics.service("monitor", id, ServiceTopic.STAGE)
        return Publication(topic, self.encode(), 1, retain=True)


class EnergyReading(Written):
    """What a device took: `energy` in kWh since the count began, `power` in W now, if known.

    `estimated` tells that the power was not measured, but worked out from the load.
    """

    energy: float = Field(ge=0)
    power: float | None = None
    estimated: bool = False

    def publication(self, topics: Topics, id: str, device: str) -> Publication:
        """Address the reading that one Home Assistant service makes of a device."""
        topic = topics.about_device(_HOMEASSISTANT, id, ServiceTopic.ENERGY, device)
        return Publication(topic, self.encode(), 1, retain=True)


class DeviceStanding(Written):
    """Whether a device can be relied on, all topics and the clock considered; and its fsd."""

    availability: Availability
    fsd: bool = False

    def publication(self, topics: Topics, id: str, device: str) -> Publication:
        """Address how one Home Assistant service sees a device."""
        topic = topics.about_device(_HOMEASSISTANT, id, ServiceTopic.STANDING, device)
        return Publication(topic, self.encode(), 1, retain=True)


class Timer(Payload):
    """One thing that a scheduler will do; `due` by its clock, `action` in words."""

    name: str
    device: str = ""
    due: float
    action: str


class Timers(Packed):
    """What a scheduler will do and when, the earliest first; `at` is its clock at this moment.

    `due - at` is what was left then. It is repeated while there is something, for clocks of two
    machines are never compared. `more` counts those that were left out.
    """

    at: float
    timers: list[Timer] = []
    more: int = 0

    def publication(self, topics: Topics, id: str) -> Publication:
        """Address the timers of one scheduler."""
        topic = topics.service("scheduler", id, ServiceTopic.TIMERS)
        return Publication(topic, self.encode(), 1, retain=True)


def variable(topics: Topics, device: str, name: str, value: str) -> Publication:
    """Address one variable as plain text; an empty value clears it."""
    topic = topics.device(device, DeviceTopic.VARIABLE, name)
    return Publication(topic, _utf8(value), 0, retain=True)


def device_availability(topics: Topics, device: str, value: Availability) -> Publication:
    """Address whether a device answers."""
    topic = topics.device(device, DeviceTopic.AVAILABILITY)
    return Publication(topic, value.encode(), 1, retain=True)


def service_availability(topics: Topics, kind: str, id: str, value: Availability) -> Publication:
    """Address whether a service runs; also its will."""
    topic = topics.service(kind, id, ServiceTopic.AVAILABILITY)
    return Publication(topic, value.encode(), 1, retain=True)


def clearing(topic: str) -> Publication:
    """Remove what is retained on a topic."""
    return Publication(topic, b"", 1, retain=True)


def availability_of(payload: bytes) -> Availability:
    """Read an availability."""
    text = text_of(payload)
    if text not in _AVAILABILITIES:
        raise PayloadError(f"{text[:40]!r} is none of {', '.join(_AVAILABILITIES)}")
    return Availability(text)


def text_of(payload: bytes) -> str:
    """Read plain text."""
    try:
        return _checked(payload).decode()
    except UnicodeDecodeError as error:
        raise PayloadError(f"not UTF-8 at byte {error.start}") from None


class _Readable(Protocol):
    @classmethod
    def decode(cls, payload: bytes) -> Self: ...


P = TypeVar("P", bound=_Readable)


def read(kind: type[P], message: Message) -> P:
    """Read a message as one kind of payload; PayloadError names the topic and the reason."""
    try:
        return kind.decode(message.payload)
    except PayloadError as error:
        raise PayloadError(f"{message.topic}: {error}") from None


_HOMEASSISTANT = ServiceKind.HOMEASSISTANT
_AVAILABILITIES = tuple(str(value) for value in Availability)


def _json(payload: Payload) -> bytes:
    try:
        return _checked(payload.model_dump_json(exclude_none=True).encode())
    except ValueError:  # pydantic's own is one
        raise PayloadError("cannot be written: a text has half a surrogate pair") from None


def _utf8(text: str) -> bytes:
    try:
        return _checked(text.encode())
    except UnicodeEncodeError:
        raise PayloadError("cannot be written: a text has half a surrogate pair") from None


def _checked(payload: bytes) -> bytes:
    if len(payload) > MAX_PAYLOAD:
        raise PayloadError(f"{len(payload)} bytes; a payload has at most {MAX_PAYLOAD}")
    return payload


def _reason(error: ValidationError) -> str:
    """Say what the first fault is, without repeating what was sent."""
    first: Any = error.errors(include_url=False, include_input=False)[0]
    # What was sent may be in it as a key: it has to stay one short line.
    where = ".".join(ascii(step)[:40].strip("'") for step in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message

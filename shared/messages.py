"""The messages of the bus, and what is said of devices and to them.

Each payload class says what a `Publication` of it looks like, so topic, quality of service and
retention are decided here, and for services in shared/service_messages.py. `read` turns any bytes
into a payload or raises one PayloadError.
"""

import hashlib
import math
import re
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol, Self, TypeVar

from pydantic import ConfigDict, Field, field_validator

from shared.errors import PayloadError, RefusedError, ResultStatus
from shared.payloads import Packed, Payload, Written, payload_of, text_of
from shared.topics import DeviceTopic, Topics

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
    enum: list[str] = Field(default=[])
    ranges: list[tuple[float, float]] = Field(default=[])

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
    commands: list[str] = Field(default=[])
    writable: dict[str, Writable] = Field(default={})
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


class Request(Written):
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
        return super().decode(payload)


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


def variable(topics: Topics, device: str, name: str, value: str) -> Publication:
    """Address one variable as plain text; an empty value clears it."""
    topic = topics.device(device, DeviceTopic.VARIABLE, name)
    return Publication(topic, payload_of(value), 0, retain=True)


def device_availability(topics: Topics, device: str, value: Availability) -> Publication:
    """Address whether a device answers."""
    topic = topics.device(device, DeviceTopic.AVAILABILITY)
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


_AVAILABILITIES = tuple(str(value) for value in Availability)

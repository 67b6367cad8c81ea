"""Eaton's Network-M2 and -M3 cards as MQTT servers: topics and JSON in, variables out."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from services.driver.contract import Reading
from services.driver.protocols.eatonmqtt_rows import (
    BANK,
    CHANNELS,
    CONTACT,
    NEEDED,
    REASONS,
    ROWS,
    SENSOR_ROWS,
    SENSORS,
    SIGNALS,
    UPS,
    Row,
    UnfitError,
    is_true,
    text,
)
from shared.errors import DeviceError

VERSIONS = ("1.0", "2.0")
FILTERS = ("mbdetnrs/+/managers/#", "mbdetnrs/+/powerDistributions/#", "mbdetnrs/+/sensors/#")
MAX_TOPICS = 4096
MAX_PAYLOAD = 64 * 1024

_TOPIC = re.compile(r"mbdetnrs/([^/]+)/(.+)")

Content = Mapping[str, Any]


@dataclass(slots=True)
class Card:
    """What a card has said so far, by topic without its version."""

    topics: dict[str, Content] = field(default_factory=dict)
    versions: set[str] = field(default_factory=set)
    changes: int = 0

    def take(self, topic: str, payload: bytes) -> bool:
        """Note a message; tell whether it changes the state of the UPS or of its parts.

        Topics that no row needs are passed over; a payload that is no JSON object is a DeviceError.
        """
        match = _TOPIC.fullmatch(topic)
        if match is None:
            return False
        self.versions.add(match[1])
        name = match[2]
        if match[1] not in VERSIONS or not _is_needed(name):
            return False
        content = _content(topic, payload)
        if self.topics.get(name) == content:
            return False
        self.topics[name] = content
        self.changes += 1
        if len(self.topics) > MAX_TOPICS:
            raise DeviceError(f"the card has more than {MAX_TOPICS} topics")
        return name.endswith("/status")

    @property
    def missing(self) -> str:
        """Name the first topic that is still needed, "" if there is none."""
        return next((name for name in NEEDED if not self.topics.get(name)), "")

    def reading(self) -> Reading:
        """Say what the card has said."""
        if self._flag(f"{UPS}/status", "communicationFault"):
            raise DeviceError("the card has no contact with its UPS")
        variables = {**_variables(self.topics), **_surroundings(self.topics)}
        for reason, topic, path in REASONS:
            if self._flag(topic, path):
                variables.setdefault("input.transfer.reason", reason)
        signals = [signal for signal in SIGNALS if self._flag(signal.topic, signal.path)]
        words = [*self._supply(), *(signal.word for signal in signals if signal.word)]
        alarms = (signal.alarm for signal in signals if signal.alarm)
        return Reading(variables, " ".join(dict.fromkeys(words)), tuple(dict.fromkeys(alarms)))

    def _supply(self) -> list[str]:
        """Tell where the power of the load comes from; nothing where the card leaves it open."""
        inputs = [name for name in self.topics if re.fullmatch(_INPUT, name)]
        load = self._is_load_fed()
        if self._flag(f"{BANK}/status", "supply"):
            words = ["OB", "DISCHRG"]
        elif any(self._flag(name, "supply") for name in inputs):
            words = ["OL"]
        elif load and not any(self._flag(name, "supplied") for name in inputs):
            words = ["OB"]  # there is nothing else that could feed it
        else:
            words = []
        return words if load is not False else [*words, "OFF"]

    def _is_load_fed(self) -> bool | None:
        """Tell whether the load has power; None where the card does not say it."""
        output = f"{UPS}/outputs/1/status"
        names = [name for name in self.topics if re.fullmatch(_OUTLET, name)]
        if self.topics.get(output, {}).get("supply") is not None:
            names = [output]
        return any(self._flag(name, "supply") for name in names) if names else None

    def _flag(self, topic: str, path: str) -> bool:
        value = _found(self.topics.get(topic, {}), path)
        try:
            return value is not None and is_true(value)
        except UnfitError:
            raise _unfit(topic, path, value) from None


_INPUT = rf"{UPS}/inputs/\d+/status"
_OUTLET = rf"{UPS}/outlets/\d+/status"


def _pattern(topic: str) -> str:
    return re.escape(topic).replace("<n>", r"([1-9]\d{0,2})")


_ROWS_BY_TOPIC: Mapping[str, tuple[Row, ...]] = MappingProxyType(
    {row.topic: tuple(each for each in ROWS if each.topic == row.topic) for row in ROWS}
)
_PLAIN = {topic for topic in _ROWS_BY_TOPIC if "<n>" not in topic}
_NUMBERED = [(re.compile(_pattern(topic)), topic) for topic in _ROWS_BY_TOPIC if "<n>" in topic]
_FLAGGED = {each[:2] for each in SIGNALS} | {(topic, path) for _, topic, path in REASONS}
_WANTED = _PLAIN | {topic for topic, _ in _FLAGGED} | {*NEEDED, SENSORS}


def _is_needed(name: str) -> bool:
    return (
        name in _WANTED
        or name.startswith(f"{SENSORS}/")
        or re.fullmatch(_INPUT, name) is not None
        or any(pattern.fullmatch(name) for pattern, _ in _NUMBERED)
    )


def _content(topic: str, payload: bytes) -> Content:
    if not payload:
        return {}  # what was retained has been removed
    if len(payload) > MAX_PAYLOAD:
        raise DeviceError(f"{topic}: {len(payload)} bytes are too many")
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        raise DeviceError(f"{topic}: no JSON: {payload[:80]!r}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise DeviceError(f"{topic}: no JSON object: {payload[:80]!r}")
    return content


def _variables(topics: Mapping[str, Content]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, content in topics.items():
        rows, place = _rows(name)
        found |= _converted(name, content, rows, place)
    return found


def _rows(name: str) -> tuple[Iterable[Row], str]:
    if name in _PLAIN:
        return _ROWS_BY_TOPIC[name], ""
    for pattern, topic in _NUMBERED:
        if match := pattern.fullmatch(name):
            return _ROWS_BY_TOPIC[topic], match[1]
    return (), ""


def _converted(name: str, content: Content, rows: Iterable[Row], place: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in rows:
        value = _found(content, row.path)
        try:
            written = None if value is None else row.convert(value)
        except UnfitError:
            raise _unfit(name, row.path, value) from None
        if written is not None:
            found[row.variable.replace("<n>", place)] = written
    return found


def _surroundings(topics: Mapping[str, Content]) -> dict[str, str]:
    """Read the sensors; those that the card has lost have no values."""
    found: dict[str, str] = {}
    members = _members(topics, SENSORS)
    for place, sensor in enumerate(members, start=1):
        base = f"{SENSORS}/{sensor}"
        for part in ("identification", "communicationStatus"):
            rows = [row for row in SENSOR_ROWS if row.topic == part]
            found |= _converted(
                f"{base}/{part}", topics.get(f"{base}/{part}", {}), rows, f"{place}"
            )
        if found.get(f"ambient.{place}.present") == "yes":
            found |= _channels(topics, f"{base}/channels", f"{place}")
    return found | ({"ambient.count": str(len(members))} if members else {})


def _channels(topics: Mapping[str, Content], base: str, place: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in CHANNELS:
        for channel in _members(topics, f"{base}/{row.topic}")[:1]:
            name = f"{base}/{row.topic}/{channel}/measures"
            found |= _converted(name, topics.get(name, {}), [row], place)
    for number_, channel in enumerate(_members(topics, f"{base}/digitalInputs"), start=1):
        name = f"{base}/digitalInputs/{channel}"
        contact = f"ambient.{place}.contacts.{number_}"
        rows = {
            "identification": Row("", "physicalName", f"{contact}.name", text),
            "measures": Row("", "active", f"{contact}.status", CONTACT),
        }
        for part, row in rows.items():
            found |= _converted(f"{name}/{part}", topics.get(f"{name}/{part}", {}), [row], "")
    return found


def _members(topics: Mapping[str, Content], name: str) -> list[str]:
    """List the parts of a topic in the card's order."""
    members = topics.get(name, {}).get("members", [])
    try:
        return [str(member["@id"]).rsplit("/", 1)[-1] for member in members]
    except (TypeError, KeyError):
        raise _unfit(name, "members", members) from None


def _found(content: Content, path: str) -> Any:  # noqa: ANN401 -- whatever the card says
    value: Any = content
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _unfit(topic: str, path: str, value: object) -> DeviceError:
    return DeviceError(f"{topic}: {path} is not what it should be: {str(value)[:80]!r}")

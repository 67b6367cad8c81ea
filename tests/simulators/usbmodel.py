"""Models of HID power devices, played from recordings: what a device answers, and nothing of how.

A recording is a file of `../shared/fixtures/hid`; a backend of pyusb (tests/simulators/usb.py), or
anything else that carries control transfers, puts the model on a bus.
"""

import json
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from services.driver.protocols.hid.descriptor import INDEX, Descriptor, Field, Report, parse
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.values import logical, with_raw

HID, REPORT_DESCRIPTOR = 0x21, 0x22
KINDS = {1: Report.INPUT, 2: Report.OUTPUT, 3: Report.FEATURE}
NUMBERS = {kind: number for number, kind in KINDS.items()}


class StallError(Exception):
    """The device refuses a transfer."""


@dataclass
class Strings:
    """The texts of a device by index."""

    texts: dict[int, str] = field(default_factory=dict)

    def descriptor(self, index: int) -> bytes:
        if index == 0:
            return bytes((4, 3, 0x09, 0x04))
        if index not in self.texts:
            raise StallError
        body = self.texts[index].encode("utf-16-le")[:252]
        return bytes((len(body) + 2, 3)) + body


@dataclass
class Model:
    """One device: its descriptors, texts and reports, which a test may change at any time.

    Reports begin with their id where the descriptor has ids. `stalled` ones are refused, `silent`
    ones are never answered; `cut` takes bytes away from the end of a report, or adds them.
    """

    vendor: int
    product: int
    descriptor: bytes
    strings: Strings = field(default_factory=Strings)
    names: tuple[int, int, int] = (0, 0, 0)  # indexes of maker, product and serial number
    reports: dict[tuple[Report, int], bytes] = field(default_factory=dict)
    release: int = 0x0100
    interface: int = 0
    endpoint: int = 0x81
    packet_size: int = 8
    stalled: set[tuple[Report, int]] = field(default_factory=set)
    silent: set[tuple[Report, int]] = field(default_factory=set)
    cut: dict[tuple[Report, int], int] = field(default_factory=dict)
    told_length: int | None = None  # of the report descriptor, if it is not what it is
    written: list[tuple[Report, int, bytes]] = field(default_factory=list)
    asked: list[tuple[Report, int]] = field(default_factory=list)
    inputs: deque[bytes] = field(default_factory=deque)
    changed: threading.Condition = field(default_factory=threading.Condition)
    stream: Iterator[bytes] | None = None  # of input reports that never ends
    is_there: bool = True

    @property
    def parsed(self) -> Descriptor:
        """The fields of the report descriptor."""
        return parse(self.descriptor)

    def say(self, *packets: bytes) -> None:
        """Send input reports unasked."""
        with self.changed:
            self.inputs.extend(packets)
            self.changed.notify_all()

    def leave(self) -> None:
        """Be unplugged: whatever waits for the device is told."""
        with self.changed:
            self.is_there = False
            self.changed.notify_all()

    def come(self) -> None:
        """Be plugged in again."""
        with self.changed:
            self.is_there = True
            self.inputs.clear()

    def interrupt(self, within: float) -> bytes | None:
        """Give the next input report; None if none comes in so many seconds, or ever."""
        with self.changed:
            if self.stream is not None:
                return next(self.stream)
            self.changed.wait_for(lambda: self.inputs or not self.is_there, within)
            return self.inputs.popleft() if self.inputs and self.is_there else None

    def control(self, kind: int, request: int, value: int, index: int, data: Any) -> bytes:
        """Answer a control transfer as the standard demands (USB 2.0 9.4, USB HID 1.11 7).

        `data` is what is written, or how many bytes are wanted.
        """
        high, low = value >> 8, value & 0xFF
        if (kind, request) == (0x80, 0x06) and high == 3:
            return self.strings.descriptor(low)[:data]
        if (kind, request, low) == (0x80, 0x06, 0) or (kind, request) == (0x81, 0x06):
            descriptor = self._descriptor(high)
            if descriptor and (kind == 0x80 or (index, low) == (self.interface, 0)):
                return descriptor[:data]
        if (kind, request) == (0xA1, 0x01) and index == self.interface and high in KINDS:
            return self._report(KINDS[high], low)[:data]
        if (kind, request) == (0x21, 0x09) and index == self.interface and high in KINDS:
            self._write(KINDS[high], low, bytes(data))
            return b""
        raise StallError

    def _descriptor(self, kind: int) -> bytes | None:
        return {
            1: self.device_descriptor(),
            2: self.configuration(),
            HID: self.hid_descriptor(),
            REPORT_DESCRIPTOR: self.descriptor,
        }.get(kind)

    def _report(self, kind: Report, id: int) -> bytes:
        self.asked.append((kind, id))
        if (kind, id) in self.stalled or (kind, id) not in self.reports:
            raise StallError
        if (kind, id) in self.silent:
            raise TimeoutError
        report = self.reports[kind, id]
        change = self.cut.get((kind, id), 0)
        return report + b"\xff" * change if change > 0 else report[: len(report) + change]

    def _write(self, kind: Report, id: int, data: bytes) -> None:
        if (kind, id) in self.stalled:
            raise StallError
        self.written.append((kind, id, data))
        self.reports[kind, id] = data

    def device_descriptor(self) -> bytes:
        """Give the 18 bytes that every device begins with (USB 2.0, table 9-8)."""
        head = bytes((18, 1, 0x10, 0x01, 0, 0, 0, 8))
        numbers = (self.vendor, self.product, self.release)
        return head + b"".join(n.to_bytes(2, "little") for n in numbers) + bytes((*self.names, 1))

    def hid_descriptor(self) -> bytes:
        """Give the descriptor behind the interface's (USB HID 1.11, section 6.2.1)."""
        length = len(self.descriptor) if self.told_length is None else self.told_length
        return bytes((9, HID, 0x10, 0x01, 0, 1, REPORT_DESCRIPTOR)) + length.to_bytes(2, "little")

    def interface_descriptor(self) -> bytes:
        """Give the descriptor of the HID interface (USB 2.0, table 9-12)."""
        return bytes((9, 4, self.interface, 0, 1, 3, 0, 0, 0))

    def endpoint_descriptor(self) -> bytes:
        """Give the descriptor of the endpoint for input reports (USB 2.0, table 9-13)."""
        return bytes((7, 5, self.endpoint, 3)) + self.packet_size.to_bytes(2, "little") + b"\x0a"

    def configuration(self) -> bytes:
        """Give the configuration with all that belongs to it (USB 2.0, table 9-10)."""
        body = self.interface_descriptor() + self.hid_descriptor() + self.endpoint_descriptor()
        head = bytes((9, 2)) + (9 + len(body)).to_bytes(2, "little")
        return head + bytes((self.interface + 1, 1, 0, 0xA0, 50)) + body

    def fill(self) -> None:
        """Let every report that was not recorded be all zeros."""
        descriptor = self.parsed
        for (kind, id), length in descriptor.lengths.items():
            head = bytes((id,)) if descriptor.has_ids else b""
            self.reports.setdefault((kind, id), head + bytes(length))

    @classmethod
    def recorded(cls, recording: dict[str, Any], usages: Usages | None = None) -> Self:
        """Make a model of a recording; with usages one of a list of paths has a descriptor too."""
        names = [recording.get(key) for key in ("mfr", "product", "serial")]
        strings = Strings({number: text for number, text in enumerate(names, 1) if text})
        strings.texts |= {int(k): v for k, v in (recording.get("strings") or {}).items()}
        descriptor = recording.get("descriptor_hex")
        if descriptor is None and usages is not None:
            entries = recording.get("paths") or recording["fields_computed"]
            descriptor = descriptor_of(entries, usages).hex()
        model = cls(
            int(recording["vid"], 16),
            int(recording["pid"], 16),
            bytes.fromhex(descriptor or ""),
            strings,
            (*(number if text else 0 for number, text in enumerate(names, 1)),),  # type: ignore[arg-type]
        )
        model.reports = reports_of(recording, model.parsed)
        return model


def descriptor_of(entries: Iterable[dict[str, Any]], usages: Usages) -> bytes:
    """Write a report descriptor that has the fields of a list of paths, where it says they are."""
    written = bytearray()
    places: dict[tuple[str, int], dict[int, dict[str, Any]]] = {}
    for each in entries:
        key = each["type"].upper(), int(each["report_id"], 0)
        places.setdefault(key, {}).setdefault(each["offset"], each)
    for (kind, id), fields in places.items():
        at = 0
        written += bytes((0x85, id))
        for offset, each in sorted(fields.items()):
            path = usages.path(each["path"])
            if path is None or offset < at:
                continue
            if offset > at:
                written += bytes((0x75, 1, 0x96)) + (offset - at).to_bytes(2, "little")
                written += bytes((Report[kind].value | 1, 1))
            written += _item(path, kind, each)
            at = offset + each["size"]
    return bytes(written)


def _item(path: Sequence[int], kind: str, each: dict[str, Any]) -> bytes:
    """Write one field within its collections; a step [n] is the type of the one before it."""
    written, depth = bytearray(), 0
    steps = [*path[:-1]]
    while steps:
        usage = steps.pop(0)
        number = steps.pop(0) & 0x7F | 0x80 if steps and steps[0] & 0xFFFF0000 == INDEX else 2
        written += b"\x0b" + usage.to_bytes(4, "little") + bytes((0xA1, number))
        depth += 1
    low = each.get("logical_min") or 0
    high = each.get("logical_max") or (1 << min(each["size"], 31)) - 1
    written += b"\x17" + low.to_bytes(4, "little", signed=True)
    written += b"\x27" + high.to_bytes(4, "little", signed=True)
    written += bytes((0x55, (each.get("unit_exp") or 0) & 0x0F, 0x67))
    written += (each.get("unit") or 0).to_bytes(4, "little")
    written += bytes((0x75, each["size"], 0x95, 1)) + b"\x0b" + path[-1].to_bytes(4, "little")
    return bytes(written) + bytes((Report[kind].value | 1, 2)) + b"\xc0" * depth


def reports_of(
    recording: dict[str, Any], descriptor: Descriptor
) -> dict[tuple[Report, int], bytes]:
    """Collect the reports of a recording: as they were, else put together from single values."""
    found: dict[tuple[Report, int], bytes] = {}
    for name, kind in (("feature", Report.FEATURE), ("input", Report.INPUT)):
        for id, text in ((recording.get("reports") or {}).get(name) or {}).items():
            found[kind, int(id, 0)] = bytes.fromhex(text)
    made: dict[tuple[Report, int], bytes] = {}
    for place, value in _values(recording, descriptor):
        key = place.report, place.id
        if key not in found:
            body = made.get(key, bytes(descriptor.lengths[key]))
            made[key] = with_raw(place, body, value)
    for key, body in made.items():
        found[key] = (bytes((key[1],)) if descriptor.has_ids else b"") + body
    return found


def _values(recording: dict[str, Any], descriptor: Descriptor) -> Iterator[tuple[Field, int]]:
    """List what a recording says of single fields: values as people read them, or raw ones."""
    places = {(each.report, each.id, each.offset): each for each in descriptor.fields}
    for name in ("paths", "fields_computed"):
        for each in recording.get(name) or ():
            id = int(each["report_id"], 0)
            place = places.get((Report[each["type"].upper()], id, each["offset"]))
            if place is None:
                continue
            if each.get("raw_value") is not None:
                yield place, int(each["raw_value"])
            elif (value := _number(each.get("value"))) is not None:
                yield place, logical(place, value)


def _number(value: object) -> float | None:
    """Read a value of a log, which may have a speck behind it."""
    try:
        return float(str(value).strip("`"))
    except ValueError:
        return None


def recordings(folder: Path) -> dict[str, dict[str, Any]]:
    """Read all recordings of a folder by name."""
    return {each.stem: json.loads(each.read_text()) for each in sorted(folder.glob("*.json"))}

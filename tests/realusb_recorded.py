"""Recorded HID devices as something to plug in: their descriptors, their reports, their texts.

Where a recording has no report, one is made up: the same for everybody, since only the descriptor
counts.
"""

import json
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.driver.protocols.hid.descriptor import Descriptor, Field, Report, parse
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.usages import USAGES
from services.driver.protocols.hid.values import exponent, with_raw
from tests.realusb import Setup, StallError

FOLDER = Path(__file__).resolve().parents[2] / "shared/fixtures/hid"
NAMES = Usages.of(USAGES)
ENDPOINT = 0x81
ENGLISH = b"\x09\x04"
CHEMISTRY = (4, "PbAc")  # an index that no descriptor uses, and its text
KINDS = {1: Report.INPUT, 2: Report.OUTPUT, 3: Report.FEATURE}

# What a healthy device says, as people read it, by the last step of its path.
LIKELY = {
    "acpresent": 1,
    "batterypresent": 1,
    "good": 1,
    "charging": 1,
    "fullycharged": 1,
    "switchable": 1,
    "used": 1,
    "frequency": 50,
    "configfrequency": 50,
    "remainingcapacity": 87,
    "fullchargecapacity": 100,
    "designcapacity": 100,
    "remainingcapacitylimit": 20,
    "warningcapacitylimit": 50,
    "capacitygranularity1": 1,
    "capacitygranularity2": 1,
    "runtimetoempty": 1530,
    "remainingtimelimit": 120,
    "percentload": 23,
    "temperature": 298,
    "delaybeforeshutdown": -1,
    "delaybeforestartup": -1,
    "delaybeforereboot": -1,
    "audiblealarmcontrol": 2,
    "test": 6,
    "configvoltage": 230,
    "configactivepower": 600,
    "configapparentpower": 1000,
    "lowvoltagetransfer": 180,
    "highvoltagetransfer": 266,
    "rechargeable": 1,
    "capacitymode": 2,
    "manufacturerdate": 0x4A6F,
}
MAINS, BATTERY = 231, 27
TEXTS = {"imanufacturer": 1, "iproduct": 2, "iserialnumber": 3, "ioeminformation": 1}


@dataclass(frozen=True, slots=True)
class Recording:
    """One device; `reports` begin with the id where the descriptor has ids."""

    name: str
    vendor: str
    product: str
    texts: dict[int, str]
    raw: bytes
    descriptor: Descriptor
    reports: dict[tuple[Report, int], bytes]


def recordings() -> dict[str, Recording]:
    """Read every recording that has a descriptor; none if the folder is not there."""
    found = (_read(path) for path in sorted(FOLDER.glob("*.json")))
    return {each.name: each for each in found if each}


def _read(path: Path) -> Recording | None:
    told: dict[str, Any] = json.loads(path.read_text())
    if not told["descriptor_hex"]:
        return None
    raw = bytes.fromhex(told["descriptor_hex"])
    descriptor = parse(raw)
    texts = {1: told["mfr"], 2: told["product"], 3: told["serial"], CHEMISTRY[0]: CHEMISTRY[1]}
    texts = {index: text for index, text in texts.items() if text}
    reports = dict(_made_up(descriptor, texts))
    for kind, bodies in told["reports"].items():
        for number, body in bodies.items():
            reports[Report[kind.upper()], int(number, 16)] = bytes.fromhex(body)
    return Recording(path.stem, told["vid"], told["pid"], texts, raw, descriptor, reports)


def _made_up(
    descriptor: Descriptor, texts: dict[int, str]
) -> Iterator[tuple[tuple[Report, int], bytes]]:
    for (report, number), length in descriptor.lengths.items():
        body = bytes(length)
        for each in descriptor.fields:
            if each.report is report and each.id == number:
                body = with_raw(each, body, _number(each, texts))
        yield (report, number), bytes([number] if descriptor.has_ids else []) + body


def _number(each: Field, texts: dict[int, str]) -> int:
    """Make up a number: a likely one if it fits, else any of the range that the path picks."""
    steps = [name.lower() for name in NAMES.text(each.path).split(".")]
    last = steps[-1]
    if last in TEXTS or last == "idevicechemistry":
        index = TEXTS.get(last, CHEMISTRY[0])
        return index if index in texts else 0
    likely = LIKELY.get(last)
    if last == "voltage":
        likely = BATTERY if {"battery", "powersummary"} & set(steps) else MAINS
    if likely is not None:
        scaled = round(likely / 10.0 ** exponent(each))
        if each.minimum <= scaled <= each.maximum:
            return scaled
    width = each.maximum - each.minimum + 1
    if width <= 2 or width > 1 << 16:
        return max(0, each.minimum)
    return each.minimum + zlib.crc32(repr(each.path).encode()) % width


@dataclass
class RecordedPeer:
    """A device that answers from its recording, takes what is written, and tells what it is told.

    `written` lists what came by SET_REPORT.
    """

    recording: Recording
    written: list[tuple[Report, bytes]] = field(default_factory=list)
    packets: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with the reports of the recording."""
        self.reports = dict(self.recording.reports)
        self._texts = {**self.recording.texts}
        self._hid = struct.pack("<BBHBBBH", 9, 0x21, 0x110, 0, 1, 0x22, len(self.recording.raw))
        indexes = (index if index in self._texts else 0 for index in (1, 2, 3))
        ids = (int(self.recording.vendor, 16), int(self.recording.product, 16))
        self._device = struct.pack(
            "<BBHBBBBHHHBBBB", 18, 1, 0x110, 0, 0, 0, 8, *ids, 0x100, *indexes, 1
        )
        interface = bytes([9, 4, 0, 0, 1, 3, 0, 0, 0])
        body = interface + self._hid + bytes([7, 5, ENDPOINT, 3, 8, 0, 10])
        self._configuration = struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), 1, 1, 0, 0xA0, 0) + body

    @property
    def descriptors(self) -> bytes:
        """The device descriptor and its only configuration."""
        return self._device + self._configuration

    def control(self, setup: Setup, data: bytes, /) -> bytes:
        """Answer from the recording."""
        high, low = setup.value >> 8, setup.value & 0xFF
        answers: dict[tuple[int, int], Callable[[], bytes | None]] = {
            (0x80, 0x06): lambda: self._standard(high, low),
            (0x81, 0x06): lambda: {0x21: self._hid, 0x22: self.recording.raw}.get(high),
            (0xA1, 0x01): lambda: self.reports.get((KINDS[high], low)),
            (0x21, 0x09): lambda: self._take(KINDS[high], low, data),
        }
        known = answers.get((setup.kind, setup.request))
        answer = known() if known else b"" if not setup.is_in else None
        if answer is None:
            raise StallError
        return answer

    def read(self, endpoint: int, _size: int, /) -> bytes | None:
        """Tell what the test wants it to tell."""
        return self.packets.pop(0) if endpoint == ENDPOINT and self.packets else None

    def write(self, _endpoint: int, _data: bytes, /) -> None:
        """Have no such endpoint."""
        raise StallError

    def _standard(self, kind: int, index: int) -> bytes | None:
        if kind == 1:
            return self._device
        if kind == 2:
            return self._configuration
        if kind != 3 or (index and index not in self._texts):
            return None
        text = self._texts[index].encode("utf-16-le") if index else ENGLISH
        return bytes([len(text) + 2, 3]) + text

    def _take(self, report: Report, number: int, data: bytes) -> bytes | None:
        if (report, number) not in self.reports:
            return None
        self.reports[report, number] = data
        self.written.append((report, data))
        return b""

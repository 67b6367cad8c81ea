"""Recorded HID devices as something to plug into a machine of tests/realusb.py.

Where a recording has no report, one is made up: the same for everybody, since only the descriptor
counts.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path

from services.driver.protocols.hid.descriptor import Descriptor, Field, Report
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.usages import USAGES
from services.driver.protocols.hid.values import exponent, with_raw
from tests.realusb import StallError
from tests.simulators import usbmodel
from tests.simulators.usbmodel import Model, recordings

FOLDER = Path(__file__).resolve().parents[2] / "shared/fixtures/hid"
NAMES = Usages.of(USAGES)
CHEMISTRY = (4, "PbAc")  # an index that no descriptor uses, and its text

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
LARGE = 1 << 16
# What is not so when everything is wrong.
GOOD = {"acpresent", "batterypresent", "good", "charging", "fullycharged"}
TEXTS = {"imanufacturer": 1, "iproduct": 2, "iserialnumber": 3, "ioeminformation": 1}


def names() -> list[str]:
    """List the recordings that have a descriptor; none if the folder is not there."""
    return [name for name, told in recordings(FOLDER).items() if told["descriptor_hex"]]


def model_of(name: str, *, is_ill: bool = False) -> Model:
    """Make a model of a recording.

    One that is ill tells nothing of the recording but its texts: it is on battery, everything that
    can be wrong is wrong, and its numbers are any that its descriptor allows.
    """
    model = Model.recorded(recordings(FOLDER)[name])
    number, text = CHEMISTRY
    model.strings.texts.setdefault(number, text)
    for key, body in _made_up(model.parsed, model.strings.texts, is_ill=is_ill):
        if is_ill:
            model.reports[key] = body
        model.reports.setdefault(key, body)
    return model


def _made_up(
    descriptor: Descriptor, texts: dict[int, str], *, is_ill: bool
) -> Iterator[tuple[tuple[Report, int], bytes]]:
    for (report, number), length in descriptor.lengths.items():
        body = bytes(length)
        for each in descriptor.fields:
            if each.report is report and each.id == number:
                body = with_raw(each, body, _number(each, texts, is_ill=is_ill))
        yield (report, number), bytes([number] if descriptor.has_ids else []) + body


def _number(each: Field, texts: dict[int, str], *, is_ill: bool) -> int:
    """Make up a number."""
    steps = [name.lower() for name in NAMES.text(each.path).split(".")]
    last = steps[-1]
    if last in TEXTS or last == "idevicechemistry":
        index = TEXTS.get(last, CHEMISTRY[0])
        return index if index in texts else 0
    width = each.maximum - each.minimum + 1
    if is_ill:
        is_flag = width == 2 or "presentstatus" in steps
        return each.minimum + (last not in GOOD if is_flag else _picked(each, width))
    likely = LIKELY.get(last)
    if last == "voltage":
        likely = BATTERY if {"battery", "powersummary"} & set(steps) else MAINS
    if likely is not None:
        scaled = round(likely / 10.0 ** exponent(each))
        if each.minimum <= scaled <= each.maximum:
            return scaled
    return (
        max(0, each.minimum) if width <= 2 or width > LARGE else each.minimum + _picked(each, width)
    )


def _picked(each: Field, width: int) -> int:
    return zlib.crc32(repr(each.path).encode()) % max(1, min(width, LARGE))


class PluggedModel:
    """A model as something to plug into a machine."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def put(self, path: str, value: int) -> list[bytes]:
        """Let all values whose path ends so be another; return the input reports with them."""
        model, steps = self.model, NAMES.path(path) or ()
        size = int(model.parsed.has_ids)
        changed = []
        for place in model.parsed.fields:
            if steps and place.path[-len(steps) :] == steps:
                key = place.report, place.id
                report = model.reports[key]
                model.reports[key] = report[:size] + with_raw(place, report[size:], value)
                changed.append(key)
        return [model.reports[key] for key in dict.fromkeys(changed) if key[0] is Report.INPUT]

    @property
    def descriptors(self) -> bytes:
        """The device descriptor and its only configuration; interfaces before HID's are empty."""
        return self.model.device_descriptor() + configuration(self.model)

    def control(
        self, kind: int, request: int, value: int, index: int, data: bytes | int, /
    ) -> bytes:
        """Answer as the model does."""
        if (kind, request, value >> 8) == (0x80, 0x06, 2):
            return configuration(self.model)
        try:
            return self.model.control(kind, request, value, index, data)
        except usbmodel.StallError:
            raise StallError from None

    def read(self, endpoint: int, _size: int, /) -> bytes | None:
        """Tell what the model has to tell."""
        if endpoint != self.model.endpoint:
            raise StallError
        return self.model.interrupt(0)

    def write(self, _endpoint: int, _data: bytes, /) -> None:
        """Have no such endpoint."""
        raise StallError


def configuration(model: Model) -> bytes:
    """Give the configuration of a model, with the interfaces that it counts."""
    head, rest = model.configuration()[:9], model.configuration()[9:]
    others = b"".join(
        bytes((9, 4, number, 0, 0, 0xFF, 0, 0, 0)) for number in range(model.interface)
    )
    length = len(head) + len(others) + len(rest)
    return head[:2] + length.to_bytes(2, "little") + head[4:] + others + rest

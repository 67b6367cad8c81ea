"""A simulated APC UPS on a pseudo terminal, played from the tables and from recordings.

It answers in a thread of its own, so that NUT's driver, apcupsd and ours can be pointed at `port`.
"""

import contextlib
import json
import os
import pty
import select
import threading
import time
import tty
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import pytest

from services.driver.protocols.apcsmart.capabilities import capabilities, choices
from services.driver.protocols.apcsmart.identity import of_firmware
from services.driver.protocols.apcsmart.tables import COMMANDS, STATUS_BITS, VARIABLES

RECORDINGS = Path(__file__).parents[3] / "shared/fixtures/apcsmart"
END = b"\r\n"
ALERTS = {
    "!": (("OB",), ("OL",)),
    "$": (("OL",), ("OB",)),
    "%": (("LB",), ()),
    "+": ((), ("LB",)),
    "#": (("RB",), ()),
    "?": (("OVER",), ()),
    "=": ((), ("OVER",)),
}
COMMAND_CODES = b"@ADKSUWZ\x0e"
STRINGS = (b"c", b"x")
TYPED = 8
TWICE = (1.0, 4.0)  # seconds between the two codes of an order
SETTINGS = (
    "#uD43132135138129uM43229234239224uA43110112114108uI43253264271280lD43103100097106"
    "lM43177172168182lA43090092081085lI43196188208204e44200155090oI43230240220225oD13115oJ13100"
    "oM13208s441HMLLq44202050710p443020180300600k4410TLNr443000060180300E443336168ON OFF"
)

SMART_UPS = {
    "ups.temperature": "036.0",
    "ups.load": "023.5",
    "ups.test.interval": "336",
    "ups.test.result": "OK",
    "ups.delay.start": "000",
    "ups.delay.shutdown": "020",
    "ups.id": "UPS_IDEN",
    "ups.contacts": "F0",
    "input.voltage": "231.8",
    "input.frequency": "50.00",
    "input.sensitivity": "H",
    "input.quality": "FF",
    "input.transfer.low": "196",
    "input.transfer.high": "253",
    "input.transfer.reason": "T",
    "input.voltage.maximum": "237.9",
    "input.voltage.minimum": "230.1",
    "output.voltage": "231.8",
    "output.voltage.nominal": "230",
    "ambient.humidity": "042.4",
    "ambient.temperature": "24.13",
    "battery.date": "11/29/96",
    "battery.charge": "099.0",
    "battery.charge.restart": "00",
    "battery.voltage": "27.87",
    "battery.voltage.nominal": "024",
    "battery.runtime": "0327:",
    "battery.runtime.low": "02",
    "battery.packs": "003",
    "battery.packs.bad": "000",
    "battery.alarm.threshold": "0",
    "ups.serial": "WS9643050926",
    "ups.mfr.date": "11/29/96",
    "ups.model": "SMART-UPS 700",
    "ups.firmware.aux": "4Kx",
    "ups.firmware": "50.9.I",
}
# The first code of a variable.
CODES = {row.variable: row.code for row in reversed(VARIABLES)}

Fault = Callable[[bytes, bytes], bytes]
"""Takes a code and the whole reply to it, and returns what comes over the line instead."""


@dataclass
class Device:
    """What a UPS replies to which code; without `codes` it has no list of them.

    `is_mute`: it says nothing to codes that it does not know, instead of NA.
    """

    name: str
    replies: dict[bytes, str]
    codes: bytes = b""
    settings: str = ""
    extra: str = ""
    is_mute: bool = False
    expected: Mapping[str, str] = field(default_factory=dict)

    @property
    def list(self) -> str:
        """The reply to `a`."""
        codes = "".join(map(chr, self.codes))
        return f"3.!$%+?=#|.{codes}" + (f".{self.extra}" if self.extra else "")

    @property
    def region(self) -> str:
        """The last letter of the firmware."""
        return (self.replies.get(b"b") or self.replies.get(b"V") or " ")[-1]


def recorded(file: str) -> list[Device]:
    """Return the devices of a file of recordings; skip where there are none."""
    path = RECORDINGS / file
    if not path.exists():
        pytest.skip(f"the recordings are not beside the checkout: {path}")
    return [_device(record) for record in json.loads(path.read_text())]


def device(name: str, replies: Mapping[str, str], *, settings: str = SETTINGS) -> Device:
    """Return a device with a list of codes, its commands and the settings of the EEPROM."""
    codes = {code.encode("latin-1"): text for code, text in replies.items()}
    return _listed(Device(name, codes, settings=settings))


def smart_ups(changes: Mapping[str, str] = MappingProxyType({})) -> Device:
    """Return a Smart-UPS that has nearly everything; `changes` are by variable."""
    replies = {CODES[name]: text for name, text in {**SMART_UPS, **changes}.items()}
    replies[b"V"] = "GWI"
    return _listed(Device("Smart-UPS", {b"Q": "08", **replies}, settings=SETTINGS))


def old_ups(firmware: str, *, is_mute: bool = True) -> Device:
    """Return a device without a list of codes, which the tables know by its firmware."""
    abilities = of_firmware(firmware)
    assert abilities is not None
    replies = {CODES.get(row.variable, row.code): text_of(row.variable) for row in abilities.rows}
    replies |= {b"Q": "08", b"V": firmware}
    return Device(f"old {firmware}", replies, is_mute=is_mute)


def text_of(variable: str) -> str:
    """Return a likely reply for a variable."""
    return SMART_UPS.get(variable, "01")


def _device(record: Mapping[str, Any]) -> Device:
    pairs = {each["send"].encode("latin-1"): each["recv"] for each in record["pairs"]}
    known = {row.code for row in VARIABLES} | {b"Q", b"7", b"~", b"'", b"8", b"y"}
    replies = {code: text for code, text in pairs.items() if code in known}
    name = f"{record['model']} ({record['source'].rsplit('/', 1)[-1].split()[0]})"
    expected = record.get("expected_upsc", {})
    return _listed(Device(name, replies, settings=SETTINGS, expected=expected))


def _listed(found: Device) -> Device:
    firmware = found.replies.get(b"V") or found.replies.get(b"b")
    if firmware is None or of_firmware(firmware) is None:
        own = b"".join(sorted(found.replies)) + b"YRa\x1a-" + COMMAND_CODES
        found.codes = bytes(sorted(set(own)))
    return found


class SimulatedUps:
    """A UPS on a pseudo terminal; use it as a context manager.

    `fault` spoils replies, `stall` delays them by so many seconds, `is_pulled` is a cable that
    hangs in the air. `orders` are the codes that it obeyed.
    """

    def __init__(self, simulated: Device) -> None:
        self.device = simulated
        self.replies = dict(simulated.replies)
        self.replies.setdefault(b"Q", "08")
        self.orders: list[str] = []
        self.asked: list[bytes] = []
        self.fault: Fault | None = None
        self.stall = 0.0
        self.is_pulled = False
        self.is_smart = False
        self._choices = self._offered()
        self._last = b""
        self._pending = b""  # an order that was given once
        self._pending_at = 0.0
        self._typed = b""
        self._typing: tuple[int, Callable[[bytes], None]] | None = None
        self._lock = threading.RLock()
        self._master = self._slave = -1
        self._thread: threading.Thread | None = None
        self._end = os.pipe()

    def __enter__(self) -> Self:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._thread = threading.Thread(target=self._serve, name="apc", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._end[1], b"x")
        assert self._thread is not None
        self._thread.join()
        for descriptor in (self._master, self._slave, *self._end):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    @property
    def status(self) -> set[str]:
        """The words of the status."""
        bits = int(self.replies[b"Q"], 16)
        return {word for bit, word in STATUS_BITS if bits >> bit & 1}

    @status.setter
    def status(self, words: Iterable[str]) -> None:
        wanted = set(words)
        bits = sum(1 << bit for bit, word in STATUS_BITS if word in wanted)
        self.replies[b"Q"] = f"{bits:02X}"

    def alert(self, character: str) -> None:
        """Change the status as an alert tells, and tell it."""
        with self._lock:
            new, old = ALERTS.get(character, ((), ()))
            self.status = (self.status - set(old)) | set(new)
            self.say(character.encode())

    def say(self, data: bytes) -> None:
        """Send something unasked."""
        with self._lock:
            os.write(self._master, data)

    def swap(self, other: Device) -> None:
        """Put another UPS at the end of the cable."""
        with self._lock:
            self.device = other
            self.replies = {b"Q": self.replies[b"Q"], **other.replies}
            self._choices = self._offered()

    def _offered(self) -> dict[bytes, tuple[str, ...]]:
        if b"\x1a" not in self.device.codes or not self.device.settings:
            return {}
        return choices(capabilities(self.device.settings), self.device.region)

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._end[0]], [], [])
            if self._end[0] in ready:
                return
            try:
                data = os.read(self._master, 64)
            except OSError:
                return
            for byte in data:
                self._take(bytes([byte]))

    def _take(self, code: bytes) -> None:
        if self.is_pulled:
            return
        if self.stall:
            time.sleep(self.stall)
        with self._lock:
            self.asked.append(code)
            if self._typing:
                self._type(code)
            elif code == b"Y":
                self.is_smart = True
                self._reply(code, "SM")
            elif self.is_smart:
                self._obey(code)
            self._last = code if code != b"-" else self._last

    def _type(self, character: bytes) -> None:
        assert self._typing is not None
        length, finish = self._typing
        self._typed += character
        if len(self._typed) == length:
            typed, self._typed, self._typing = self._typed, b"", None
            finish(typed)

    def _obey(self, code: bytes) -> None:
        special = {
            b"R": self._become_dumb,
            b"-": self._next,
            b"a": lambda: self._reply(code, self.device.list if self.device.codes else None),
            b"\x1a": lambda: self._reply(code, self.device.settings if self._choices else None),
            b"\x9f": lambda: self._expect(1, lambda sub: self._reply(code + sub)),
            b"@": lambda: self._expect(3, self._hibernate),
            b"S": self._sleep_on_battery,
            b"U": lambda: self._test("U", "!"),
            b"W": lambda: self._test("W", "!$"),
            b"A": lambda: self._test("A", ""),
            b"D": self._calibrate,
            b"K": lambda: self._twice(b"K", "OK"),
            b"Z": lambda: self._twice(b"Z", None),
            b"\x0e": lambda: self._twice(b"\x0e", None),
            b"^": self._bypass,
        }
        if code in special and (code in b"R-a\x1a\x9f" or self._has_command(code)):
            special[code]()
        else:
            self._reply(code)

    def _has_command(self, code: bytes) -> bool:
        known = code in {row.code for row in COMMANDS} and code not in self.replies
        return known and (not self.device.codes or code in self.device.codes)

    def _reply(self, code: bytes, text: str | None = None) -> None:
        text = self.replies.get(code) if text is None else text
        if text is None:
            if self.device.is_mute:
                return
            text = "NA"
        line = text.encode("latin-1") + END
        self.say(self.fault(code, line) if self.fault else line)

    def _expect(self, length: int, finish: Callable[[bytes], None]) -> None:
        self._typing = (length, finish)

    def _become_dumb(self) -> None:
        self._reply(b"R", "BYE")
        self.is_smart = False

    def _next(self) -> None:
        if values := self._choices.get(self._last):
            now = self.replies[self._last]
            at = values.index(now) + 1 if now in values else 0
            self.replies[self._last] = values[at % len(values)]
            self._reply(b"-", "OK")
            self.say(b"|")
        elif self._last in STRINGS:
            code = self._last
            self._expect(TYPED, lambda typed: self._write(code, typed))
        else:
            self._reply(b"-", "NO")

    def _write(self, code: bytes, typed: bytes) -> None:
        self.replies[code] = typed.rstrip(b"\r").decode("latin-1")
        self._reply(b"-", "OK")
        self.say(b"|")

    def _hibernate(self, digits: bytes) -> None:
        if digits.isdigit():
            self.orders.append(f"@{digits.decode()}")
        self._reply(b"@", "OK" if digits.isdigit() else "NO")

    def _sleep_on_battery(self) -> None:
        if "OB" in self.status:
            self.orders.append("S")
            self._reply(b"S", "OK")

    def _test(self, order: str, alerts: str) -> None:
        self.orders.append(order)
        self._reply(order.encode(), "OK")
        for alert in alerts:
            self.alert(alert)

    def _calibrate(self) -> None:
        self.status = self.status ^ {"CAL"}
        self._test("D", "!" if "CAL" in self.status else "$")

    def _twice(self, code: bytes, reply: str | None) -> None:
        now = time.monotonic()
        shortest, longest = TWICE
        if self._pending == code and shortest <= now - self._pending_at <= longest:
            self._pending = b""
            self.orders.append(code.decode() * 2)
            if reply:
                self._reply(code, reply)
        else:
            self._pending, self._pending_at = code, now

    def _bypass(self) -> None:
        self.orders.append("^")
        self._reply(b"^", "BYP" if self.orders.count("^") % 2 else "INV")

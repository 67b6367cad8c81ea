"""Simulated USB bridges with a Q1 device behind each, and libusb's place taken for our driver.

A bridge is a `Peer` of tests/realusb.py: NUT's driver sees it through the real libusb. `Bus` shows
the same to pyusb. The replies are those of tests/simulators/qx.py; a test edits `replies`, `fault`
and `stalls`. Nothing here is made of the driver's own tables.
"""
# ruff: noqa: ARG002 -- the arguments are those of the bus, and of pyusb

import errno
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import usb.backend
import usb.core

from tests.realusb import StallError

END = b"\r"
LANGUAGES = b"\x04\x03\x09\x04"
TIMEOUT, PIPE, GONE = (-7, errno.ETIMEDOUT), (-9, errno.EPIPE), (-4, errno.ENODEV)
PRELUDE = [(0, 1026), (0, 1026), (1, 1026)]  # texts that a hunnox must be asked for first
LONGEST_TEXT = 102  # what a hunnox or an SNR can be asked for

Names = tuple[str | None, str | None, str | None]
"""Maker, product and serial number of a device."""
Fault = Callable[[list[bytes]], list[bytes]]
"""Takes the packets (or the text) of a reply; returns what the device sends instead."""


class SimulatedBridge:
    """One device. `requests` lists what the Q1 device behind the bridge was asked.

    What is not in `replies` gets `unknown`: bytes, None for silence, or "echo". With `stalls` the
    endpoint for replies stalls until it is cleared, once for each.
    """

    ids = (0x0665, 0x5161)
    texts: Names = (None, None, None)
    endpoints: tuple[tuple[int, int], ...] = ((0x81, 8),)

    def __init__(
        self, replies: Mapping[bytes, bytes], unknown: bytes | str | None = "echo"
    ) -> None:
        self.replies = dict(replies)
        self.unknown = unknown
        self.requests: list[bytes] = []
        self.fault: Fault | None = None
        self.stalls = 0
        self.is_halted = False

    @property
    def descriptors(self) -> bytes:
        """The device descriptor and the configuration."""
        indexes = bytes(place if text else 0 for place, text in enumerate(self.texts, 1))
        device = struct.pack("<BBHBBBBHHH3sB", 18, 1, 0x0110, 0, 0, 0, 8, *self.ids, 2, indexes, 1)
        ends = b"".join(
            struct.pack("<BBBBHB", 7, 5, address, 3, size, 10) for address, size in self.endpoints
        )
        interface = struct.pack("<9B", 9, 4, 0, 0, len(self.endpoints), 3, 0, 0, 0)
        total = 9 + len(interface) + len(ends)
        return device + struct.pack("<BBH5B", 9, 2, total, 1, 1, 0, 0x80, 50) + interface + ends

    def control(self, kind: int, request: int, value: int, index: int, data: bytes | int) -> bytes:
        """Answer a control transfer."""
        if (kind, request, value >> 8) == (0x80, 6, 3) and isinstance(data, int):
            found = self.text(value & 0xFF, index, data)
        elif isinstance(data, int):
            found = self.give((kind, request, value), data)
        else:
            self.take((kind, request, value), data)
            found = b""
        return found

    def text(self, number: int, language: int, length: int) -> bytes:
        """Tell a text of the device."""
        if number == 0:
            return LANGUAGES[:length]
        text = self.texts[number - 1] if 0 < number <= len(self.texts) else None
        if text is None:
            raise StallError
        return described(text.encode())[:length]

    def give(self, setup: tuple[int, int, int], length: int) -> bytes:
        """Answer a control transfer that asks."""
        raise StallError

    def take(self, setup: tuple[int, int, int], data: bytes) -> None:
        """Take a control transfer that tells."""
        raise StallError

    def read(self, endpoint: int, size: int) -> bytes | None:
        """Give a packet of an endpoint."""
        raise StallError

    def write(self, endpoint: int, data: bytes) -> None:
        """Take a packet for an endpoint."""
        raise StallError

    def clear_halt(self, endpoint: int) -> None:
        """End the stall of the endpoint."""
        self.is_halted = False

    def answer(self, request: bytes) -> bytes:
        """Ask the device behind the bridge; b"" for silence."""
        self.requests.append(request)
        unknown = request if self.unknown == "echo" else self.unknown
        reply = self.replies.get(request, unknown)
        assert not isinstance(reply, str)
        return reply or b""

    def faulty(self, packets: list[bytes]) -> list[bytes]:
        """Do to a reply what the fault does."""
        return self.fault(packets) if self.fault else packets


class Packets(SimulatedBridge):
    """A bridge of bytes in packets."""

    setup: tuple[int, int, int] | int = (0x21, 0x09, 0x0200)
    length = 8  # of a packet to the device; 0: any
    source = 0x81

    def __init__(
        self, replies: Mapping[bytes, bytes], unknown: bytes | str | None = "echo"
    ) -> None:
        super().__init__(replies, unknown)
        self._rest = b""
        self.waiting: list[bytes] = []

    def take(self, setup: tuple[int, int, int], data: bytes) -> None:
        self._packet(setup, data)

    def write(self, endpoint: int, data: bytes) -> None:
        self._packet(endpoint, data)

    def read(self, endpoint: int, size: int) -> bytes | None:
        if endpoint != self.source:
            raise StallError
        if self.waiting and self.stalls:
            self.stalls -= 1
            self.is_halted = True
        if self.is_halted:
            raise StallError
        return self.waiting.pop(0)[:size] if self.waiting else None

    def _packet(self, way: tuple[int, int, int] | int, data: bytes) -> None:
        if way != self.setup or (self.length and len(data) != self.length):
            raise StallError
        self._rest += self.parsed(data)
        *requests, self._rest = self._rest.split(END)
        for request in requests:
            reply = self.answer(request + END)
            self.waiting.extend(self.faulty(self.packed(reply) if reply else []))

    def parsed(self, data: bytes) -> bytes:
        """Take the part of a request out of a packet; behind it may stand anything."""
        request, end, _ = data.partition(END)
        return request + end

    def packed(self, reply: bytes) -> list[bytes]:
        """Put a reply into packets."""
        return [reply[at : at + 8].ljust(8, b"\0") for at in range(0, len(reply), 8)]


class Cypress(Packets):
    """Agiler, Belkin, Voltronic Power and many more."""


class Phoenix(Packets):
    """Online Zinto A, GE EP: what lies in it must be read before it takes a request."""

    ids = (0x06DA, 0x0601)

    def __init__(
        self, replies: Mapping[bytes, bytes], unknown: bytes | str | None = "echo"
    ) -> None:
        super().__init__(replies, unknown)
        self.waiting = [b"(229.9 1", b"99.9\r\0\0\0"]

    def take(self, setup: tuple[int, int, int], data: bytes) -> None:
        if self.waiting:
            raise StallError
        super().take(setup, data)


class Gtec(Packets):
    """Gtec: it must be asked for."""

    ids = (0x1234, 0x5678)
    setup = (0x21, 0x09, 0x0002)
    endpoints = ((0x81, 64),)

    def packed(self, reply: bytes) -> list[bytes]:
        return [reply[at : at + 64] for at in range(0, len(reply), 64)]


class Ippon(Packets):
    """Mustek Powermust: every reply is one packet of 64 bytes."""

    ids = (0x06DA, 0x0003)
    setup = (0x21, 0x09, 0x0002)
    endpoints = ((0x81, 64),)

    def packed(self, reply: bytes) -> list[bytes]:
        return [reply.removesuffix(END).ljust(64, b"\0")]


class Omron(Ippon):
    """Omron BN150T: requests go in packets of 16 bytes."""

    ids = (0x0590, 0x00B7)
    length = 16

    def packed(self, reply: bytes) -> list[bytes]:
        return [reply.ljust(64, b"\0")]


class Sgs(Packets):
    """TS Shara: the first byte of a packet tells how many count."""

    ids = (0x0483, 0x0035)

    def parsed(self, data: bytes) -> bytes:
        return data[1 : 1 + data[0]]

    def packed(self, reply: bytes) -> list[bytes]:
        parts = [reply[at : at + 7] for at in range(0, len(reply), 7)]
        return [bytes([len(part)]) + part.ljust(7, b"#") for part in parts]


class Phoenixtec(Packets):
    """Masterguard A."""

    ids = (0x06DA, 0x0002)
    texts: Names = ("Phoenixtec Power", "USB Cable (V2.00)", None)
    setup = (0x42, 0x0D, 0)
    length = 0

    def packed(self, reply: bytes) -> list[bytes]:
        return [reply[at : at + 8] for at in range(0, len(reply), 8)]


class Fuji(Packets):
    """Fuji: a packet says how long the request is, and the reply that is expected."""

    ids = (0x0001, 0x0000)
    texts: Names = ("ATCL FOR UPS", "ATCL FOR UPS", None)
    endpoints = ((0x81, 8), (0x02, 8))
    setup = 0x02

    def parsed(self, data: bytes) -> bytes:
        first, second, length, fourth = data[:4]
        if (first, second, fourth) != (0x80, 0x06, 0x03) or length > 4:
            raise StallError
        command = data[4 : 4 + length - 1]
        if data[7] != len(self.replies.get(command + END, b"")):
            raise StallError
        return command + END


class Ablerex(Packets):
    """Ablerex: requests and replies are the HID report 5."""

    ids = (0xFFFF, 0x0000)
    setup = (0x21, 0x09, 0x0305)
    length = 47

    def parsed(self, data: bytes) -> bytes:
        return data[3 : 3 + data[2]]

    def packed(self, reply: bytes) -> list[bytes]:
        return [reply.ljust(47, b"\0")]

    def give(self, setup: tuple[int, int, int], length: int) -> bytes:
        if (setup, length) != ((0xA1, 0x01, 0x0305), 47):
            raise StallError
        return self.waiting.pop(0) if self.waiting else bytes(47)


class Armac(Packets):
    """Armac, Richcomm: three bytes of a request and five of a reply in a packet."""

    ids = (0x0925, 0x1234)
    length = 4

    def parsed(self, data: bytes) -> bytes:
        if data[0] & 0xF0 != 0xA0:
            raise StallError
        return data[1 : 1 + (data[0] & 0x0F)]

    def packed(self, reply: bytes) -> list[bytes]:
        parts = [reply[at : at + 5] for at in range(0, len(reply), 5)]
        packets = [bytes([0xC0 | len(part)]) + part.ljust(5, b"\0") for part in parts]
        return [*packets, b"\xc0\0\0\0\0\0"]


class NewArmac(Armac):
    """A newer one, that takes requests on an endpoint."""

    endpoints = ((0x82, 64), (0x02, 64))
    setup = 0x02
    length = 0
    source = 0x82

    def parsed(self, data: bytes) -> bytes:
        return data[1 : 1 + (data[0] & 0x3F)]

    def packed(self, reply: bytes) -> list[bytes]:
        return [bytes([len(reply)]) + reply]


class Texts(SimulatedBridge):
    """A bridge of texts with chosen numbers."""

    endpoints = ((0x81, 102),)
    numbers: ClassVar[Mapping[int, bytes]] = {}
    says_end = False

    def text(self, number: int, language: int, length: int) -> bytes:
        request = self.numbers.get(number) or self.other(number)
        if request is None or language != 0x0409:
            return super().text(number, language, length)
        reply = self.answer(request).removesuffix(END)
        if reply == request.removesuffix(END):
            reply = b"UPS No Ack"
        told = self.told(reply) + (END if self.says_end else b"")
        return b"".join(self.faulty([described(told)]))[:length]

    def other(self, number: int) -> bytes | None:
        """Say what a number without a request means."""
        return None

    def told(self, reply: bytes) -> bytes:
        """Say a reply as the bridge does."""
        return reply


class Krauler(Texts):
    """Krauler: the first byte of a reply is another one, except of a refusal."""

    ids = (0x0001, 0x0000)
    texts: Names = (None, "UPS", None)
    numbers: ClassVar[Mapping[int, bytes]] = {
        3: b"Q1\r",
        13: b"F\r",
        12: b"I\r",
        4: b"T\r",
        5: b"TL\r",
        7: b"Q\r",
        11: b"C\r",
    }

    def told(self, reply: bytes) -> bytes:
        return reply if reply == b"UPS No Ack" else b"@" + reply[1:]


class Fabula(Texts):
    """Fideltronik, MEC: shutdowns have numbers of their own."""

    ids = (0x0001, 0x0000)
    texts: Names = ("MEC", "MEC0003", None)
    numbers: ClassVar[Mapping[int, bytes]] = {
        3: b"Q1\r",
        13: b"F\r",
        12: b"I\r",
        7: b"Q\r",
        10: b"C\r",
    }

    def other(self, number: int) -> bytes | None:
        return b"<%d>\r" % number if number >= 16 and number & 0x07 == 0 else None

    def told(self, reply: bytes) -> bytes:
        return reply or b"UPS No Ack"


class Hunnox(Fabula):
    """Hunnox: it answers only those that ask for other texts before, as its own program does."""

    texts: Names = (None, "MEC0003", None)
    numbers: ClassVar[Mapping[int, bytes]] = {**Fabula.numbers, 243: b"BL\r"}
    says_end = True

    def __init__(
        self, replies: Mapping[bytes, bytes], unknown: bytes | str | None = "echo"
    ) -> None:
        super().__init__(replies, unknown)
        self.asked: list[tuple[int, int]] = []

    def text(self, number: int, language: int, length: int) -> bytes:
        self.asked.append((number, length))
        is_begun = any(self.asked[at : at + 3] == PRELUDE for at in range(len(self.asked)))
        if number in self.numbers and (not is_begun or length > LONGEST_TEXT):
            raise StallError
        return super().text(number, language, length)


class Snr(Krauler):
    """SNR: without a look at its endpoint it tells zeros."""

    ids = (0x0001, 0x0000)
    texts: Names = (None, "MEC0003", None)
    numbers: ClassVar[Mapping[int, bytes]] = {3: b"Q1\r", 13: b"F\r", 12: b"I\r"}
    says_end = True
    is_ready = False

    def read(self, endpoint: int, size: int) -> bytes | None:
        self.is_ready = True
        return None

    def text(self, number: int, language: int, length: int) -> bytes:
        if number in self.numbers and not self.is_ready:
            return bytes(length)
        if number in self.numbers:
            self.is_ready = False
        return super().text(number, language, length)


MODELS: Mapping[str, type[SimulatedBridge]] = {
    "cypress": Cypress,
    "phoenixtec": Phoenixtec,
    "phoenix": Phoenix,
    "ippon": Ippon,
    "omron": Omron,
    "krauler": Krauler,
    "fabula": Fabula,
    "hunnox": Hunnox,
    "fuji": Fuji,
    "sgs": Sgs,
    "snr": Snr,
    "ablerex": Ablerex,
    "armac": Armac,
    "gtec": Gtec,
}


def described(text: bytes) -> bytes:
    """Make a string descriptor."""
    body = b"".join(bytes([byte, 0]) for byte in text)
    return bytes([len(body) + 2, 3]) + body


@dataclass(eq=False)
class _Plugged:
    busport: str
    number: int
    peer: SimulatedBridge
    is_gone: bool = False


class Bus(usb.backend.IBackend):  # type: ignore[misc]
    """What is plugged in, for pyusb; where nothing comes a read ends at once, with a timeout."""

    def __init__(self) -> None:
        super().__init__()
        self._plugged: dict[str, _Plugged] = {}
        self._last = 0
        self._lock = threading.RLock()

    def plug(self, busport: str, peer: SimulatedBridge) -> None:
        """Plug a device in, such as at "1-2"."""
        with self._lock:
            self._last += 1
            self._plugged[busport] = _Plugged(busport, self._last, peer)

    def unplug(self, busport: str) -> SimulatedBridge:
        """Pull a device out."""
        with self._lock:
            found = self._plugged.pop(busport)
            found.is_gone = True
            return found.peer

    def enumerate_devices(self) -> Iterable[_Plugged]:
        with self._lock:
            return list(self._plugged.values())

    def get_device_descriptor(self, device: _Plugged) -> Any:
        names = (
            *("bLength", "bDescriptorType", "bcdUSB", "bDeviceClass", "bDeviceSubClass"),
            *("bDeviceProtocol", "bMaxPacketSize0", "idVendor", "idProduct", "bcdDevice"),
            *("iManufacturer", "iProduct", "iSerialNumber", "bNumConfigurations"),
        )
        values = struct.unpack("<BBHBBBBHHHBBBB", device.peer.descriptors[:18])
        bus, *ports = device.busport.replace("-", ".").split(".")
        place = {"bus": int(bus), "address": device.number, "port_number": int(ports[-1])}
        return SimpleNamespace(
            **dict(zip(names, values, strict=True)),
            **place,
            port_numbers=tuple(map(int, ports)),
            speed=2,
        )

    def get_configuration_descriptor(self, device: _Plugged, config: int) -> Any:
        if config:
            raise IndexError("there is one configuration")
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=2,
            wTotalLength=len(device.peer.descriptors) - 18,
            bNumInterfaces=1,
            bConfigurationValue=1,
            iConfiguration=0,
            bmAttributes=0x80,
            bMaxPower=50,
            extra_descriptors=[],
        )

    def get_interface_descriptor(self, device: _Plugged, intf: int, alt: int, config: int) -> Any:
        if intf or alt:
            raise IndexError("there is one interface")
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=4,
            bInterfaceNumber=0,
            bAlternateSetting=0,
            bNumEndpoints=len(device.peer.endpoints),
            bInterfaceClass=3,
            bInterfaceSubClass=0,
            bInterfaceProtocol=0,
            iInterface=0,
            extra_descriptors=[],
        )

    def get_endpoint_descriptor(
        self, device: _Plugged, ep: int, intf: int, alt: int, config: int
    ) -> Any:
        address, size = device.peer.endpoints[ep]
        return SimpleNamespace(
            bLength=7,
            bDescriptorType=5,
            bEndpointAddress=address,
            bmAttributes=3,
            wMaxPacketSize=size,
            bInterval=10,
            bRefresh=0,
            bSynchAddress=0,
            extra_descriptors=[],
        )

    def open_device(self, device: _Plugged) -> _Plugged:
        self._check(device)
        return device

    def close_device(self, handle: _Plugged) -> None:
        pass

    def set_configuration(self, handle: _Plugged, value: int) -> None:
        self._check(handle)

    def get_configuration(self, handle: _Plugged) -> int:
        self._check(handle)
        return 1

    def claim_interface(self, handle: _Plugged, intf: int) -> None:
        self._check(handle)

    def release_interface(self, handle: _Plugged, intf: int) -> None:
        self._check(handle)

    def is_kernel_driver_active(self, handle: _Plugged, intf: int) -> bool:
        self._check(handle)
        return False

    def clear_halt(self, handle: _Plugged, ep: int) -> None:
        self._check(handle)
        handle.peer.clear_halt(ep)

    def intr_read(self, handle: _Plugged, ep: int, intf: int, buff: Any, timeout: int) -> int:
        found = self._done(handle, lambda: handle.peer.read(ep, len(buff)))
        if found is None:
            raise usb.core.USBTimeoutError("Operation timed out", *TIMEOUT)
        return _put(buff, found)

    def intr_write(self, handle: _Plugged, ep: int, intf: int, data: Any, timeout: int) -> int:
        self._done(handle, lambda: handle.peer.write(ep, data.tobytes()))
        return len(data)

    def ctrl_transfer(
        self,
        handle: _Plugged,
        kind: int,
        request: int,
        value: int,
        index: int,
        data: Any,
        timeout: int,
    ) -> int:
        is_in = bool(kind & 0x80)
        payload = len(data) if is_in else data.tobytes()
        found = self._done(
            handle, lambda: handle.peer.control(kind, request, value, index, payload)
        )
        return _put(data, found) if is_in else len(data)

    def _done(self, handle: _Plugged, work: Callable[[], Any]) -> Any:
        with self._lock:
            self._check(handle)
            try:
                return work()
            except StallError:
                raise usb.core.USBError("Pipe error", *PIPE) from None

    def _check(self, handle: _Plugged) -> None:
        if handle.is_gone:
            raise usb.core.USBError("No such device (it may have been disconnected)", *GONE)


def _put(buffer: Any, found: bytes) -> int:
    buffer[: len(found)] = type(buffer)("B", found)
    return len(found)

"""A USB bus of models, as a backend of pyusb: `UsbBus().plug(model, "1-2")`, and away it goes."""

# ruff: noqa: ARG002 -- the signatures are those of pyusb's backends

import array
import errno
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.core

from tests.simulators.usbmodel import Model, StallError

FASTEST = 0.0005  # seconds between two packets of an endless stream, as a full-speed bus has


@dataclass(eq=False)
class Plug:
    """A device in a port; `number` is new each time it is plugged in."""

    model: Model
    bus: int
    ports: tuple[int, ...]
    number: int
    claimed_by: "Handle | None" = None
    has_kernel_driver: bool = True
    is_gone: bool = False


@dataclass(eq=False)
class Handle:
    """A device as it was opened once."""

    plug: Plug
    is_open: bool = True


@dataclass(eq=False)
class UsbBus(usb.backend.IBackend):  # type: ignore[misc]
    """What is plugged in where; tests plug and unplug at any time, from any thread."""

    plugs: list[Plug] = field(default_factory=list)
    handles: list[Handle] = field(default_factory=list)
    is_permitted: bool = True
    transfer_delay: float = 0.0
    _last: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plug(self, model: Model, busport: str) -> Plug:
        """Plug a model into a port such as "1-2.3"."""
        bus, _, ports = busport.partition("-")
        with self._lock:
            self._last += 1
            plug = Plug(model, int(bus), tuple(map(int, ports.split("."))), self._last)
            model.come()
            self.plugs.append(plug)
        return plug

    def unplug(self, plug: Plug) -> None:
        """Pull a device out: everything that is under way fails at once."""
        with self._lock:
            plug.is_gone = True
            self.plugs = [each for each in self.plugs if each is not plug]
        plug.model.leave()

    # What pyusb calls.

    def enumerate_devices(self) -> list[Plug]:
        with self._lock:
            return list(self.plugs)

    def get_parent(self, dev: Plug) -> None:
        return None

    def get_device_descriptor(self, dev: Plug) -> Any:
        raw = dev.model.device_descriptor()
        return SimpleNamespace(
            bLength=18,
            bDescriptorType=1,
            bcdUSB=0x0110,
            bDeviceClass=0,
            bDeviceSubClass=0,
            bDeviceProtocol=0,
            bMaxPacketSize0=8,
            idVendor=dev.model.vendor,
            idProduct=dev.model.product,
            bcdDevice=dev.model.release,
            iManufacturer=raw[14],
            iProduct=raw[15],
            iSerialNumber=raw[16],
            bNumConfigurations=1,
            address=dev.number,
            bus=dev.bus,
            port_number=dev.ports[-1],
            port_numbers=dev.ports,
            speed=1,
        )

    def get_configuration_descriptor(self, dev: Plug, config: int) -> Any:
        if config:
            raise IndexError("no such configuration")
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=2,
            wTotalLength=len(dev.model.configuration()),
            bNumInterfaces=dev.model.interface + 1,
            bConfigurationValue=1,
            iConfiguration=0,
            bmAttributes=0xA0,
            bMaxPower=50,
            extra_descriptors=[],
        )

    def get_interface_descriptor(self, dev: Plug, intf: int, alt: int, config: int) -> Any:
        if intf > dev.model.interface or alt:
            raise IndexError("no such interface")
        is_hid = intf == dev.model.interface
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=4,
            bInterfaceNumber=intf,
            bAlternateSetting=0,
            bNumEndpoints=1 if is_hid else 0,
            bInterfaceClass=3,
            bInterfaceSubClass=0,
            bInterfaceProtocol=0,
            iInterface=0,
            extra_descriptors=list(dev.model.hid_descriptor()) if is_hid else [],
        )

    def get_endpoint_descriptor(self, dev: Plug, ep: int, intf: int, alt: int, config: int) -> Any:
        if ep:
            raise IndexError("no such endpoint")
        return SimpleNamespace(
            bLength=7,
            bDescriptorType=5,
            bEndpointAddress=dev.model.endpoint,
            bmAttributes=3,
            wMaxPacketSize=dev.model.packet_size,
            bInterval=10,
            bRefresh=0,
            bSynchAddress=0,
            extra_descriptors=[],
        )

    def open_device(self, dev: Plug) -> Handle:
        if not self.is_permitted:
            raise _error(errno.EACCES)
        _check(dev)
        handle = Handle(dev)
        self.handles.append(handle)
        return handle

    def close_device(self, dev_handle: Handle) -> None:
        dev_handle.is_open = False
        self.handles.remove(dev_handle)
        if dev_handle.plug.claimed_by is dev_handle:
            dev_handle.plug.claimed_by = None

    def set_configuration(self, dev_handle: Handle, config_value: int) -> None:
        _check(dev_handle.plug)

    def get_configuration(self, dev_handle: Handle) -> int:
        _check(dev_handle.plug)
        return 1

    def set_interface_altsetting(self, dev_handle: Handle, intf: int, altsetting: int) -> None:
        _check(dev_handle.plug)

    def claim_interface(self, dev_handle: Handle, intf: int) -> None:
        plug = dev_handle.plug
        _check(plug)
        with self._lock:
            if plug.has_kernel_driver or plug.claimed_by not in (None, dev_handle):
                raise _error(errno.EBUSY)
            plug.claimed_by = dev_handle

    def release_interface(self, dev_handle: Handle, intf: int) -> None:
        _check(dev_handle.plug)
        dev_handle.plug.claimed_by = None

    def is_kernel_driver_active(self, dev_handle: Handle, intf: int) -> bool:
        _check(dev_handle.plug)
        return dev_handle.plug.has_kernel_driver

    def detach_kernel_driver(self, dev_handle: Handle, intf: int) -> None:
        dev_handle.plug.has_kernel_driver = False

    def attach_kernel_driver(self, dev_handle: Handle, intf: int) -> None:
        dev_handle.plug.has_kernel_driver = True

    def clear_halt(self, dev_handle: Handle, ep: int) -> None:
        _check(dev_handle.plug)

    def intr_read(self, dev_handle: Handle, ep: int, intf: int, buff: Any, timeout: int) -> int:
        plug = dev_handle.plug
        _check(plug)
        packet = plug.model.interrupt(timeout / 1000)
        _check(plug)
        if packet is None:
            raise usb.core.USBTimeoutError("timed out", None, errno.ETIMEDOUT)
        if plug.model.stream is not None:
            threading.Event().wait(FASTEST)
        if len(packet) > len(buff):
            raise _error(errno.EOVERFLOW)
        buff[: len(packet)] = array.array("B", packet)
        return len(packet)

    def ctrl_transfer(
        self,
        dev_handle: Handle,
        bmRequestType: int,  # noqa: N803 -- pyusb's
        bRequest: int,  # noqa: N803 -- pyusb's
        wValue: int,  # noqa: N803 -- pyusb's
        wIndex: int,  # noqa: N803 -- pyusb's
        data: Any,
        timeout: int,
    ) -> int:
        plug = dev_handle.plug
        _check(plug)
        if bmRequestType & 3 == 1 and plug.claimed_by is not dev_handle:
            raise _error(errno.EBUSY)
        if self.transfer_delay:
            threading.Event().wait(self.transfer_delay)
        is_read = bool(bmRequestType & 0x80)
        given = len(data) if is_read else bytes(data)
        try:
            answer = plug.model.control(bmRequestType, bRequest, wValue, wIndex, given)
        except StallError:
            raise _error(errno.EPIPE) from None
        except TimeoutError:
            raise usb.core.USBTimeoutError("timed out", None, errno.ETIMEDOUT) from None
        _check(plug)
        if not is_read:
            return len(data)
        data[: len(answer)] = array.array("B", answer)
        return len(answer)


def _error(number: int) -> usb.core.USBError:
    return usb.core.USBError(errno.errorcode[number], None, number)


def _check(plug: Plug) -> None:
    if plug.is_gone:
        raise _error(errno.ENODEV)

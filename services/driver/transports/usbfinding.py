"""USB devices that are plugged in: where they are, what they say of themselves, which one is meant.

Everything here blocks for some milliseconds. Everything that goes wrong raises DeviceError.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import libusb_package
import usb.backend.libusb1
import usb.core
import usb.util

from services.driver.transports.reports import NoReportError, SilentError
from shared.errors import DeviceError

LANGUAGE: Final = 0x0409  # of string descriptors; devices without languages have this one
STRING_TRIES = 2
_PERMISSION = 13
_GONE = (19,)  # ENODEV
_REFUSED = (32, 75, 5)  # EPIPE: a stall; EOVERFLOW: too much; EIO: garbled, some devices' weakness


@dataclass(frozen=True, slots=True)
class UsbAddress:
    """What can be told of a device without opening it.

    The ids and `release` are four hexadecimal digits; `busport` is the way through the hubs, such
    as "1-2.3": it stays the same when the device is plugged in again, the `number` does not.
    """

    vendor: str
    product: str
    bus: str
    number: str
    busport: str
    release: str = "0000"

    def __str__(self) -> str:
        """Name the device for people."""
        return f"USB {self.busport} ({self.vendor}:{self.product})"


@dataclass(frozen=True, slots=True)
class UsbNames:
    """The texts of a device; None where it has none."""

    maker: str | None = None
    product: str | None = None
    serial: str | None = None


Backend = Callable[[], Any]


@functools.cache
def libusb() -> Any:  # noqa: ANN401 -- pyusb has no types
    """Load libusb; DeviceError says that it is missing."""
    found = usb.backend.libusb1.get_backend(find_library=libusb_package.find_library)
    if found is None:
        raise DeviceError("libusb cannot be loaded: install libusb-1.0")
    return found


backend: Backend = libusb
"""Gives the library that reaches the devices."""


def addresses() -> list[UsbAddress]:
    """List what is plugged in."""
    return [address_of(device) for device in devices()]


def names(address: UsbAddress) -> UsbNames:
    """Read the texts of a device; DeviceError if it is gone or may not be opened."""
    for device in devices():
        if address_of(device) == address:
            with translated(str(address)):
                try:
                    return names_of(device)
                finally:
                    usb.util.dispose_resources(device)
    raise DeviceError(f"{address}: the device is gone")


@contextlib.contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn what pyusb raises into our errors; NoReportError if the device is still there."""
    try:
        yield
    except usb.core.USBTimeoutError as error:
        raise SilentError(f"{where}: no answer") from error
    except usb.core.USBError as error:
        if error.errno in _REFUSED:
            raise NoReportError(f"{where}: refused, {error.strerror or error}") from error
        raise DeviceError(f"{where}: {_reason(error)}") from error
    except (usb.core.NoBackendError, NotImplementedError, ValueError, LookupError) as error:
        raise DeviceError(f"{where}: {error or 'not possible here'}") from error


def devices() -> list[Any]:
    """List pyusb's objects for what is plugged in."""
    with translated("USB"):
        return list(usb.core.find(find_all=True, backend=backend()) or ())


def address_of(device: Any) -> UsbAddress:  # noqa: ANN401 -- pyusb has no types
    """Tell what is known of a device before it is opened."""
    ports = ".".join(map(str, device.port_numbers or ()))
    return UsbAddress(
        f"{device.idVendor:04x}",
        f"{device.idProduct:04x}",
        f"{device.bus or 0:03d}",
        f"{device.address or 0:03d}",
        f"{device.bus or 0}-{ports}" if ports else f"{device.bus or 0}",
        f"{device.bcdDevice:04x}",
    )


def names_of(device: Any) -> UsbNames:  # noqa: ANN401 -- pyusb has no types
    """Read the texts of a device, which opens it."""
    indexes = (device.iManufacturer, device.iProduct, device.iSerialNumber)
    return UsbNames(*(string_of(device, index) if index else None for index in indexes))


def is_complete(device: Any, names: UsbNames) -> bool:  # noqa: ANN401 -- pyusb has no types
    """Tell whether a device has given all the texts that it names."""
    indexes = (device.iManufacturer, device.iProduct, device.iSerialNumber)
    texts = (names.maker, names.product, names.serial)
    return all(text is not None for index, text in zip(indexes, texts, strict=True) if index)


def string_of(device: Any, index: int) -> str | None:  # noqa: ANN401 -- pyusb has no types
    """Read a text as it is, spaces and all; a device that refuses it twice has none there."""
    for _ in range(STRING_TRIES):
        try:
            languages = device.langids or (LANGUAGE,)
            text: str = usb.util.get_string(device, index, languages[0])
        except (ValueError, LookupError, usb.core.USBError) as error:
            if getattr(error, "errno", None) in (*_GONE, _PERMISSION):
                raise
        else:
            return text.split("\0", maxsplit=1)[0] if text else None
    return None


def _reason(error: usb.core.USBError) -> str:
    if error.errno == _PERMISSION:
        return "not permitted; install the udev rules of nutbus (see docs/usb.md)"
    return "the device is gone" if error.errno in _GONE else error.strerror or str(error)

"""A line that carries HID reports, whatever it is made of: USB, or SHUT on a serial line."""

from collections.abc import Mapping
from typing import Protocol

from services.driver.protocols.hid.descriptor import Report
from services.driver.protocols.hid.table import Identity
from shared.errors import DeviceError


class NoReportError(DeviceError):
    """The device does not give or take this one report or text; the line is well."""


class SilentError(NoReportError):
    """The device did not answer in time."""


class Reports(Protocol):
    """The line to one HID device; its owner calls one method at a time.

    Any DeviceError but NoReportError means that the line is of no more use. Reports are as they are
    transferred: the first byte is the id where the descriptor has ids, and they may be shorter or
    longer than it declares. The owner may end a call by cancelling it; `inputs` loses nothing then.
    """

    @property
    def where(self) -> str:
        """Name the device for people, in messages."""

    @property
    def identity(self) -> Identity:
        """Tell the ids and texts of the device; valid once the line is open."""

    @property
    def place(self) -> Mapping[str, str]:
        """Tell where the device was found, by NUT's names: bus, device, busport; or nothing."""

    async def open(self) -> None:
        """Reach the device."""

    async def close(self) -> None:
        """Give the device back; never fails."""

    async def descriptor(self) -> bytes:
        """Read the report descriptor."""

    async def get(self, report: Report, id: int, length: int) -> bytes:
        """Ask for a report; `length` is what it may have at most in bytes, the id included."""

    async def set(self, report: Report, id: int, data: bytes) -> None:
        """Write a report; the data begin with the id where the descriptor has ids."""

    async def string(self, index: int) -> str:
        """Read a text of the device; empty if it has none of this number."""

    @property
    def has_inputs(self) -> bool:
        """Tell whether `inputs` would return at once."""

    async def inputs(self) -> list[bytes]:
        """Wait for input reports that come unasked and take them, the oldest first.

        It never returns where the device tells nothing unasked.
        """

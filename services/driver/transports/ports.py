"""What a serial line runs over, and how it is set."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from services.driver.transports.stream import Stream


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """How a line is opened; DTR and RTS are set as cables that draw power from them need it.

    With `hang_up` False the lines stay as they are when a port of this machine is closed.
    """

    baudrate: int = 2400
    bytesize: int = 8
    parity: str = "N"
    stopbits: int = 1
    dtr: bool = True
    rts: bool = False
    hang_up: bool = True


class ModemLines(NamedTuple):
    """The lines that the device drives."""

    cts: bool
    dsr: bool
    dcd: bool
    ri: bool


class Modem(Protocol):
    """The modem lines of an open port; DeviceError says what goes wrong."""

    async def lines(self) -> ModemLines:
        """Read the lines that the device drives."""

    async def change(self, known: ModemLines) -> None:
        """Return when the lines are other than known."""

    async def drive(self, dtr: bool | None, rts: bool | None) -> None:
        """Drive our own lines; None leaves one as it is."""

    async def hold_break(self, on: bool) -> None:
        """Begin or end the break condition."""


class Port(Protocol):
    """An open port; `modem` is None where only bytes pass."""

    stream: Stream

    @property
    def modem(self) -> Modem | None:
        """The modem lines."""

    async def send(self, data: bytes) -> None:
        """Send bytes to the device."""

    async def close(self) -> None:
        """Give the port back; never fails."""

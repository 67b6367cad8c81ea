"""The line of the driver qx: one request, one reply that ends in a carriage return, or silence."""

from collections.abc import Mapping

from services.driver.protocols.qx.table import END
from services.driver.transports.serial import SerialLine, SerialSettings

SPEED = 2400
# What feeds the cable: DTR and RTS.
CABLE_POWER = {
    "normal": (True, False),
    "reverse": (False, True),
    "both": (True, True),
    "none": (False, False),
}
SETTLE = 0.3  # seconds that a cable needs once it is fed; late replies to a lost line end in them


class QxLine:
    """A line to a device."""

    def __init__(self, port: str, cable_power: str) -> None:
        dtr, rts = CABLE_POWER[cable_power]
        self._line = SerialLine(port, SerialSettings(baudrate=SPEED, dtr=dtr, rts=rts))

    @property
    def constants(self) -> Mapping[str, str]:
        """Variables that the line itself tells of the device: none."""
        return {}

    async def open(self) -> None:
        """Open the port and wait until what an earlier line asked for has come and gone."""
        await self._line.open()
        await self.drain()

    async def close(self) -> None:
        """Give the port back; never fails."""
        await self._line.close()

    async def drain(self) -> None:
        """Drop what comes until the line is silent; DeviceError if it never is."""
        await self._line.drain(SETTLE)

    async def ask(self, request: bytes, within: float, length: int = 0) -> bytes | None:
        r"""Send a request; return its reply, None if not a byte came in so many seconds.

        With a length the reply goes on to the first `\r` at or behind it. DeviceError if a reply
        has no end.
        """
        await self._line.drain(0)
        await self._line.write(request)
        reply = await self._line.read(1, within)
        if not reply:
            return None
        while not reply.endswith(END) or len(reply) < length:
            reply += await self._line.read_until(END, within)
        return reply

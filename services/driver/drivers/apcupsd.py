"""The driver `apcupsd`: the UPS of an apcupsd, read over its network information server."""

import asyncio

from pydantic import Field

from services.driver.contract import Reading, Site
from services.driver.protocols.apcupsd import (
    LENGTH_SIZE,
    MAX_LINE,
    MAX_LINES,
    PORT,
    REQUEST,
    decode,
    fields,
)
from services.driver.transports.tcp import TcpLine
from shared.errors import DeviceError, RefusedError, ResultStatus, SettingsError
from shared.listening import parse_address
from shared.settings import Section

ANSWER_TIMEOUT = 10.0  # for each part of the report


class ApcupsdOptions(Section):
    """How old the values may be that apcupsd tells."""

    max_age: float = Field(
        default=600.0,
        ge=0,
        description="The device counts as stale when apcupsd has not read its UPS for so many "
        "seconds, by apcupsd's own clock; more than its POLLTIME. 0: never.",
    )


class ApcupsdDriver:
    """The line to an apcupsd; as NUT's driver does, each poll connects anew."""

    def __init__(self, site: Site, options: ApcupsdOptions) -> None:
        try:
            address = parse_address(site.port or "localhost", PORT)
        except ValueError as error:
            raise SettingsError(f"port: {error}") from None
        self._line = TcpLine(address)
        self._max_age = options.max_age
        self._told: dict[str, str] = {}
        self._reading: Reading | None = None

    async def open(self) -> None:
        """Do nothing: each poll connects."""

    async def close(self) -> None:
        """Hang up if a poll was broken off."""
        await self._line.close()

    async def poll(self) -> Reading:
        """Ask for the status report."""
        try:
            await self._line.open()
            await self._line.write(REQUEST)
            told = fields(await self._lines())
            if self._reading is None or told != self._told:
                self._reading = decode(told, self._max_age)
                self._told = told
        finally:
            await self._line.close()
        return self._reading

    async def wait(self) -> None:
        """Never return: apcupsd tells nothing unasked."""
        await asyncio.Event().wait()

    async def command(self, name: str, value: str | None) -> None:  # noqa: ARG002 -- there are none
        """Refuse: apcupsd only tells."""
        raise RefusedError(ResultStatus.UNKNOWN, f"apcupsd takes no commands, so not {name}")

    async def set(self, name: str, value: str) -> None:  # noqa: ARG002 -- nothing can be written
        """Refuse: apcupsd only tells."""
        raise RefusedError(ResultStatus.READ_ONLY, f"apcupsd lets nobody write {name}")

    async def _lines(self) -> list[bytes]:
        lines: list[bytes] = []
        while length := int.from_bytes(await self._line.read(LENGTH_SIZE, ANSWER_TIMEOUT)):
            if length > MAX_LINE or len(lines) >= MAX_LINES:
                raise DeviceError(f"{self._line.where}: this is no apcupsd: {length} bytes follow")
            lines.append(await self._line.read(length, ANSWER_TIMEOUT))
        return lines

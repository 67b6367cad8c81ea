"""The driver `genericups`: a UPS that tells its state by contacts on the modem lines."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator

from services.driver.contract import Reading, Site
from services.driver.protocols.genericups import (
    CABLES,
    Cable,
    Contacts,
    Wiring,
    incoming,
    outgoing,
    shutdown,
    status,
    wired,
)
from services.driver.transports.serial import ModemLines, SerialLine, SerialSettings
from shared.errors import DeviceError, RefusedError, ResultStatus, SettingsError
from shared.settings import Section

SHUTDOWN = "shutdown.default"
POWER_UP = 0.2  # seconds that a cable has from its power to the first reading
# A contact bounces for some 20 ms: lines that changed count once they read alike so many times
# more, so many seconds apart. Lines that never rest for SETTLE_TIMEOUT tell nothing.
PAUSE = 0.05
CONFIRMATIONS = 2
SETTLE_TIMEOUT = 3.0
BREAK_SECONDS = 5.0
HOLD = 5.0  # seconds for which the signal to switch off stays, where sdtime does not say
LONGEST_CALL = 20.0  # seconds that a command or a poll may wait; the owner gives up at 30

logger = logging.getLogger(__name__)


def _checked(check: Callable[[str], object]) -> AfterValidator:
    def passed(text: str) -> str:
        check(text)
        return text

    return AfterValidator(passed)


# Definitions of lines, as text in NUT's spelling.
Theirs = Annotated[str, _checked(incoming)]
Power = Annotated[str, _checked(outgoing)]
Off = Annotated[str, _checked(shutdown)]


class CableRow(Section):
    """A type of UPS and its cable; lines are spelt as in the options, such as -CTS or DTR+RTS."""

    mfr: str = Field(default="Generic", description="Its maker.")
    model: str = Field(default="Contact closure UPS", description="Its model.")
    desc: str = Field(default="", description="What it is, for people.")
    CP: Power = Field(description="Our lines that power the cable.")
    OL: Theirs = Field(description="The UPS's lines while it is on line.")
    LB: Theirs = Field(description="The UPS's lines while its battery is low.")
    RB: Theirs = Field(default="none", description="The lines while its battery is worn out.")
    BYPASS: Theirs = Field(default="none", description="The lines while it is on bypass.")
    SD: Off | None = Field(
        default=None, description="Our lines that switch the load off, or ST for a break."
    )


class CableFile(Section):
    """A table file of the user's: types of UPS by the name that upstype then has."""

    cables: dict[str, CableRow] = Field(min_length=1, description="The types.")

    @field_validator("cables")
    @classmethod
    def _named(cls, cables: dict[str, CableRow]) -> dict[str, CableRow]:
        for name in cables:
            if name.isdigit():
                raise ValueError(f"{name}: a name is no number, so that NUT's types stay theirs")
        return cables


class GenericUpsOptions(Section):
    """Which cable it is, and what is different there; the names are NUT's."""

    upstype: str = Field(
        description="NUT's number of the type, 0 to 23, or the name of a cable in a table file."
    )
    mfr: str | None = Field(default=None, description="Maker to show instead of the type's.")
    model: str | None = Field(default=None, description="Model to show instead of the type's.")
    serial: str | None = Field(default=None, description="Serial number to show.")
    CP: Power | None = Field(
        default=None, description="Our lines that power the cable, of DTR and RTS: DTR, DTR+RTS."
    )
    OL: Theirs | None = Field(
        default=None,
        description="Lines while on line, of CTS, DCD, RNG and DSR; - is low: CTS, -DCD.",
    )
    LB: Theirs | None = Field(default=None, description="Lines while the battery is low.")
    RB: Theirs | None = Field(
        default=None, description="Lines while the battery is to be replaced."
    )
    BYPASS: Theirs | None = Field(default=None, description="Lines while on bypass.")
    SD: Off | None = Field(
        default=None, description="Our lines that switch the load off, or ST for a break."
    )
    sdtime: float = Field(
        default=0.0, ge=0, description="Seconds that a command to switch off waits with SD set."
    )

    @field_validator("upstype", mode="before")
    @classmethod
    def _text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("upstype")
    @classmethod
    def _known(cls, upstype: str) -> str:
        upstype = upstype.strip()
        if upstype.isdigit():
            upstype = str(int(upstype))
            if int(upstype) >= len(CABLES):
                raise ValueError(f"there are the types 0 to {len(CABLES) - 1}")
        return upstype

    def cable(self, tables: Mapping[str, Mapping[str, Cable]]) -> Cable:
        """Say what cable it is; SettingsError names those that there are."""
        own = {name: cable for table in tables.values() for name, cable in table.items()}
        if self.upstype.isdigit():
            cable = CABLES[int(self.upstype)]
        elif self.upstype in own:
            cable = own[self.upstype]
        else:
            known = ", ".join([f"0 to {len(CABLES) - 1}", *sorted(own)])
            raise SettingsError(f"upstype {self.upstype!r} is unknown; there are {known}")
        columns = ("mfr", "model", "CP", "OL", "LB", "RB", "BYPASS", "SD")
        given = {name: getattr(self, name) for name in columns if getattr(self, name) is not None}
        return replace(cable, **given)


def read_table(name: str, content: Mapping[str, Any]) -> Mapping[str, Cable]:  # noqa: ARG001 -- the shape of Kind.read_table
    """Read the cables of a table file, by name."""
    rows = CableFile.model_validate(content).cables
    return {name: Cable(**row.model_dump()) for name, row in rows.items()}


class GenericUps:
    """The modem lines of one port."""

    def __init__(self, site: Site, options: GenericUpsOptions) -> None:
        cable = options.cable(site.tables)
        self._wiring = _wired(cable)
        power = self._wiring.power
        settings = SerialSettings(dtr=power["DTR"], rts=power["RTS"], hang_up=False)
        self._line = SerialLine(site.port, settings)
        self._sdtime = options.sdtime
        self._variables = _variables(cable, options.serial)
        self._lines: ModemLines | None = None
        self._high: frozenset[str] | None = None
        self._reading: Reading | None = None
        self._off_until: float | None = None  # while the signal to switch off is given

    async def open(self) -> None:
        """Open the port and power the cable."""
        await self._line.open()
        if any(self._wiring.power.values()):
            await asyncio.sleep(POWER_UP)

    async def close(self) -> None:
        """Give the port back; our lines stay as they are."""
        await self._line.close()

    async def poll(self) -> Reading:
        """Read the lines; while the signal to switch off is given they tell nothing."""
        if self._off_until is not None:
            await self._power_again(self._off_until)
        if self._reading is None or self._off_until is None:
            high = await self._settled()
            if self._reading is None or high != self._high:
                self._high = high
                self._reading = self._read(high)
        return self._reading

    async def wait(self) -> None:
        """Return when the lines are other than at the last poll."""
        if self._lines is None or self._off_until is not None:
            await asyncio.get_running_loop().create_future()
        else:
            await self._line.modem_change(self._lines)

    async def command(self, name: str, value: str | None) -> None:  # noqa: ARG002 -- it takes none
        """Switch the load off."""
        wiring = self._wiring
        if name != SHUTDOWN or not wiring.can_shut_down:
            raise RefusedError(ResultStatus.UNKNOWN, f"the device has no command {name}")
        if wiring.is_break:
            await self._line.send_break(BREAK_SECONDS)
            return
        assert wiring.shutdown is not None
        hold = self._sdtime or HOLD
        self._off_until = asyncio.get_running_loop().time() + hold
        await self._drive(wiring.shutdown)
        if self._sdtime:
            logger.info("the signal to switch off is held for %g s", self._sdtime)
            await asyncio.sleep(min(self._sdtime, LONGEST_CALL))

    async def set(self, name: str, value: str) -> None:  # noqa: ARG002 -- nothing can be written
        """Refuse, since nothing can be written."""
        raise RefusedError(ResultStatus.READ_ONLY, f"{name} cannot be written")

    async def _power_again(self, until: float) -> None:
        """End the signal to switch off when it has been there long enough."""
        left = until - asyncio.get_running_loop().time()
        if left > LONGEST_CALL:
            await asyncio.sleep(LONGEST_CALL)
            return
        await asyncio.sleep(max(left, 0))
        await self._drive(self._wiring.power)
        self._off_until = None
        await asyncio.sleep(POWER_UP)

    async def _settled(self) -> frozenset[str]:
        """Read the lines that are high; what changed has to stay."""
        high = await self._read_lines()
        if high == self._high:
            return high
        alike = 0
        try:
            async with asyncio.timeout(SETTLE_TIMEOUT):
                while alike < CONFIRMATIONS:
                    await asyncio.sleep(PAUSE)
                    before, high = high, await self._read_lines()
                    alike = alike + 1 if high == before else 0
        except TimeoutError:
            raise DeviceError("the modem lines do not come to rest") from None
        return high

    async def _read_lines(self) -> frozenset[str]:
        self._lines = lines = await self._line.modem_lines()
        named = {"CTS": lines.cts, "DCD": lines.dcd, "RNG": lines.ri, "DSR": lines.dsr}
        return frozenset(name for name, on in named.items() if on) & self._wiring.used

    async def _drive(self, ours: Contacts) -> None:
        await self._line.set_modem_lines(dtr=ours["DTR"], rts=ours["RTS"])

    def _read(self, high: frozenset[str]) -> Reading:
        commands = (SHUTDOWN,) if self._wiring.can_shut_down else ()
        return Reading(self._variables, status(self._wiring, high), commands=commands)


def _wired(cable: Cable) -> Wiring:
    try:
        return wired(cable)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _variables(cable: Cable, serial: str | None) -> Mapping[str, str]:
    found = {"ups.mfr": cable.mfr, "ups.model": cable.model}
    return found if serial is None else {**found, "ups.serial": serial}

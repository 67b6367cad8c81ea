"""The driver `apcsmart`: APC's Smart-UPS, Matrix-UPS and Back-UPS Pro on a serial line."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.driver.contract import Reading, Site
from services.driver.drivers.apcsmart_finding import find, recall
from services.driver.drivers.apcsmart_talk import IS_SMART, Talk
from services.driver.protocols.apcsmart import orders
from services.driver.protocols.apcsmart.identity import STRINGS_LENGTH
from services.driver.protocols.apcsmart.known import Known, written
from services.driver.protocols.apcsmart.orders import Choreography
from services.driver.protocols.apcsmart.rows import Format, Model, Row
from services.driver.protocols.apcsmart.stream import NOT_AVAILABLE, SETTINGS_CHANGED, said
from services.driver.protocols.apcsmart.values import outline, status, value, values
from services.driver.transports.serial import SerialLine, SerialSettings
from shared.errors import DeviceError, RefusedError, ResultStatus
from shared.messages import Writable
from shared.settings import Section

FULL_INTERVAL = 3600.0  # seconds after which settings are read again
SMART_TRIES = 5
STATUS_TRIES = 5  # the device may say SM for a while before it knows its status
MAX_CYCLE = 32  # values that a setting may have
STATUS = b"Q"
MEMORY = "apcsmart"  # the hint that outlives the line
IDENTITY = ("ups.serial", "ups.firmware", "ups.model")  # the first that there is, in each poll
_DUAL_CABLE = "940-0095b"


class ApcSmartOptions(Section):
    """Options of the apcsmart driver."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    cable: str | None = Field(
        default=None,
        description="940-0095B for that cable, which wants RTS low; others need no setting.",
    )
    ttymode: str | None = Field(
        default=None, description="How NUT's driver reads the port (raw or not); not used."
    )
    sdtype: int = Field(
        default=0,
        ge=0,
        le=5,
        description="How shutdown.default switches off: 0 by S on battery and by @ on mains, "
        "1 the same but @ if S fails, 2 at once (Z), 3 after the delay (K), 4 by a feigned power "
        "failure and S, 5 by @.",
    )
    advorder: str = Field(
        default="no",
        pattern=r"^([0-4]{1,5}|[Nn][Oo])$",
        description="Ways to switch off that shutdown.default tries in turn instead of sdtype: "
        "0 is S, 1 @, 2 K, 3 Z, 4 a feigned power failure and S.",
    )
    awd: str = Field(
        default="000",
        pattern=r"^[0-9]{1,3}$",
        description="Additional delay of waking up after @, in units of six minutes; two digits "
        "for a UPS that wants two.",
    )
    cshdelay: str = Field(
        default="3.5",
        pattern=r"^([0-9]\.?|[0-9]?\.[0-9])$",
        description="Seconds between the feigned power failure and S.",
    )

    def choreography(self) -> Choreography:
        """Say how the load is to be switched off."""
        order = "" if self.advorder.lower() == "no" else self.advorder
        return Choreography(self.sdtype, order, self.awd, float(self.cshdelay))

    def line(self) -> SerialSettings:
        """Say how the line is opened."""
        return SerialSettings(rts=(self.cable or "").lower() != _DUAL_CABLE)


class ModelTable(BaseModel):
    """A table of the user's: codes of old devices that cannot list them, by firmware."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    firmware: str = Field(min_length=1, max_length=32, description="Its reply to V or b.")
    codes: str = Field(min_length=1, max_length=128, pattern=r"^[\x01-\x7e]+$")

    def model(self) -> Model:
        """Return the row."""
        return Model(self.firmware, self.codes.encode("ascii"))


def read_table(_name: str, content: Mapping[str, Any]) -> tuple[Model, ...]:
    """Read a table file: `[[model]]` with `firmware` and `codes`; ValueError names the row."""
    rows = content.get("model")
    if not isinstance(rows, list) or set(content) != {"model"}:
        raise ValueError("a table of apcsmart has rows [[model]] with firmware and codes")
    found = []
    for number, row in enumerate(rows, 1):
        try:
            found.append(ModelTable.model_validate(row).model())
        except ValueError as error:
            raise ValueError(f"model {number}: {error}") from error
    return tuple(found)


class ApcSmartDriver:
    """The line to one UPS; an alert of the UPS is followed by its status at once."""

    def __init__(
        self,
        site: Site,
        options: ApcSmartOptions,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._site = site
        self._plan = options.choreography()
        self._line = SerialLine(site.port, options.line())
        self._talk = Talk(self._line)
        self._clock = clock
        self._known = Known()
        self._outlines: dict[str, str] = {}
        self._values: dict[str, dict[str, str]] = {}  # by the variable of the row
        self._rest: list[Row] = []  # of a scan that an alert broke off
        self._full_at: float | None = None
        self._has_news = False  # a poll is due at once
        self._ordered: tuple[str, str | None, float] | None = None
        self._reading: Reading | None = None

    async def open(self) -> None:
        """Reach the UPS, bring it into smart mode and find out what it has."""
        await self._line.open()
        if not await self._talk.become_smart(SMART_TRIES):
            raise DeviceError(f"{self._site.port}: no APC UPS with the smart protocol answers")
        self._known = await self._found()
        self._outlines = self._known.outlines()

    async def close(self) -> None:
        """Give the line back."""
        await self._line.close()

    async def poll(self) -> Reading:
        """Read the UPS; after an alert first its status alone, the rest in the next poll."""
        await self._talk.settle()
        is_urgent = self._is_urgent(self._talk.take_alerts())
        if is_urgent and self._reading is not None and not self._has_news:
            self._has_news = True
            return self._shown(await self._status())
        self._has_news = False
        return await self._scan()

    async def wait(self) -> None:
        """Return when the UPS says something unasked."""
        if not self._has_news:
            await self._line.has_input()

    async def command(self, name: str, value: str | None) -> None:
        """Carry out an instant command; a dangerous one must be given twice, as with NUT."""
        known = self._known.commands
        if name not in orders.names(known):
            raise RefusedError(ResultStatus.UNKNOWN, f"the UPS has no command {name}")
        words = await self._condition(name != orders.DEFAULT)
        order = orders.order(name, value, known, self._plan, "OB" not in words)
        if order is None:
            raise RefusedError(ResultStatus.INVALID, f"{name} does not take the value {value!r}")
        if order.must_be_confirmed:
            self._check_repeated(name, value)
        if order.calibrates is ("CAL" in words):
            return
        for way in order.ways:
            if await self._talk.perform(way):
                return
        raise RefusedError(ResultStatus.FAILED, f"the UPS does not confirm {name}")

    async def set(self, name: str, value: str) -> None:
        """Write a setting of the EEPROM."""
        row = self._known.row(name)
        if row is None or name not in self._writable():
            raise RefusedError(ResultStatus.READ_ONLY, f"{name} cannot be written")
        await self._talk.settle()
        is_choice = row.code in self._known.choices
        reply = await (self._choose(row, value) if is_choice else self._type(row, value))
        self._outlines[row.variable] = outline(row, reply)
        self._values[row.variable] = values(row, reply)
        replies = {**self._known.replies, row.variable: reply}
        self._known = replace(self._known, replies=replies)
        self._site.hints.pop(MEMORY, None)

    async def _found(self) -> Known:
        """Find out what the UPS has, or remember it; a memory that misleads does so but once."""
        remembered = self._site.hints.pop(MEMORY, None)
        if remembered and (known := await recall(self._talk, remembered)):
            return known
        models = [model for table in self._site.tables.values() for model in table]
        return await find(self._talk, models, self._site.device)

    def _remember(self) -> None:
        if (text := written(self._known)) and MEMORY not in self._site.hints:
            self._site.hints[MEMORY] = text

    async def _scan(self) -> Reading:
        """Ask for all that is due; what came is shown if the line is silent after it."""
        words = await self._status()
        found: dict[str, dict[str, str]] = {}
        rows = self._due()
        while rows and not self._has_news:
            row = rows.pop(0)
            found[row.variable] = await self._ask(row)
            self._has_news = self._is_urgent(self._talk.take_alerts())
        self._rest = rows
        if self._has_news:
            words = await self._status()
        if stray := await self._talk.settle():
            raise DeviceError(f"{self._site.port}: more replies than questions: {stray!r}")
        self._values |= found
        if not self._rest:
            self._remember()
        return self._shown(words)

    def _due(self) -> list[Row]:
        if self._rest:
            return self._rest
        now = self._clock()
        is_full = self._full_at is None or now - self._full_at >= FULL_INTERVAL
        if is_full:
            self._full_at = now
        identity = self._identity()
        return [
            row for row in self._known.rows if (is_full or row.is_polled) and row is not identity
        ]

    def _identity(self) -> Row | None:
        rows = (self._known.row(name) for name in IDENTITY)
        return next((row for row in rows if row), None)

    async def _ask(self, row: Row) -> dict[str, str]:
        """Read one row; DeviceError if the reply looks otherwise than before."""
        is_text = row.format is Format.TEXT
        reply = await (self._talk.ask_text if is_text else self._talk.ask)(row.code)
        if reply == NOT_AVAILABLE:
            return {}
        found = values(row, reply)
        if outline(row, reply) != self._outlines[row.variable]:
            raise DeviceError(f"{row.variable} changed its form: {reply!r} to {row.code!r}")
        return found

    async def _status(self) -> str:
        """Read the status words, and make sure that it is still the same UPS."""
        words = status(await self._asked_status())
        await self._check_identity()
        return words

    async def _asked_status(self) -> str:
        """Ask for the status; a UPS may forget that it was in smart mode."""
        reply = await self._talk.try_to_ask(STATUS)
        if reply is None:
            if not await self._talk.become_smart(1):
                raise DeviceError(f"{self._site.port}: no reply to {STATUS!r}")
            return await self._talk.ask(STATUS)
        text, alerts = said(reply)
        self._talk.heard += alerts
        for _ in range(STATUS_TRIES):
            if text != IS_SMART:
                break
            text = await self._talk.ask(STATUS)
        return text

    async def _check_identity(self) -> None:
        row = self._identity()
        if row is None:
            return
        reply = await self._talk.ask_text(row.code)
        if reply != self._known.replies[row.variable]:
            was = self._known.replies[row.variable]
            raise DeviceError(f"{self._site.port}: {row.variable} was {was!r} and is {reply!r}")
        self._values[row.variable] = values(row, reply)

    async def _condition(self, must_be_known: bool) -> list[str]:
        """Read the status words for an order; "OB" if they need not be known and are not."""
        await self._talk.settle()
        try:
            return status(await self._asked_status()).split()
        except DeviceError:
            if must_be_known:
                raise
            return ["OB"]

    def _is_urgent(self, alerts: bytes) -> bool:
        if SETTINGS_CHANGED in alerts:
            self._full_at = None
        return bool(alerts.replace(SETTINGS_CHANGED, b""))

    def _check_repeated(self, name: str, value: str | None) -> None:
        now = self._clock()
        last, self._ordered = self._ordered, (name, value, now)
        shortest, longest = orders.TIMES
        if last is None or last[:2] != (name, value) or not shortest <= now - last[2] <= longest:
            raise RefusedError(
                ResultStatus.REFUSED,
                f"give {name} once more, {shortest:g} to {longest:g} s from now, to confirm it",
            )

    async def _choose(self, row: Row, wanted: str) -> str:
        """Go through the values that the EEPROM offers until the wanted one is there."""
        first = now = await self._talk.ask(row.code)
        for _ in range(MAX_CYCLE):
            if values(row, now).get(row.variable) == wanted:
                return now
            if await self._talk.ask(orders.NEXT) != "OK":
                raise RefusedError(ResultStatus.FAILED, f"the UPS does not change {row.variable}")
            now = await self._talk.ask(row.code)
            if now == first:
                break
        raise RefusedError(ResultStatus.FAILED, f"the UPS does not offer {wanted!r}")

    async def _type(self, row: Row, wanted: str) -> str:
        if not (wanted.isascii() and wanted.isprintable() and wanted.strip()):
            raise RefusedError(ResultStatus.INVALID, "printable ASCII, and not empty")
        now = await self._talk.ask_text(row.code)
        if now == wanted:
            return now
        if not await self._talk.perform(orders.write_text(wanted, STRINGS_LENGTH)):
            raise RefusedError(ResultStatus.FAILED, f"the UPS does not take {row.variable}")
        now = await self._talk.ask_text(row.code)
        if now.rstrip() != wanted.rstrip():
            raise RefusedError(ResultStatus.FAILED, f"the UPS kept {now!r}")
        return now

    def _shown(self, words: str) -> Reading:
        found = {name: text for each in self._values.values() for name, text in each.items()}
        model = {"ups.model": self._known.model} if self._known.model else {}
        found = {"ups.mfr": "APC", **model, **found}
        if self._reading is None:
            commands = orders.names(self._known.commands)
            self._reading = Reading(found, words, (), self._writable(), commands)
        elif (self._reading.variables, self._reading.status) != (found, words):
            self._reading = replace(self._reading, variables=found, status=words)
        return self._reading

    def _writable(self) -> dict[str, Writable]:
        found = {}
        for row in self._known.rows:
            if row.is_string:
                found[row.variable] = Writable(type="string", max_length=STRINGS_LENGTH)
            elif row.code in self._known.choices:
                offered = (value(row, each) for each in self._known.choices[row.code])
                found[row.variable] = Writable(enum=list(dict.fromkeys(offered)))
        return found

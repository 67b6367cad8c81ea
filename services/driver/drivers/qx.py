"""The driver `qx`: UPSes that speak Q1 or one of its relatives, on a serial line or USB."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from services.driver.contract import Reading, Site
from services.driver.drivers.qx_line import QxLine
from services.driver.drivers.qx_options import QxOptions
from services.driver.drivers.qx_usb import QxUsbLine, is_usb
from services.driver.protocols.qx import detection, orders
from services.driver.protocols.qx.decoding import DeclinedError
from services.driver.protocols.qx.detection import framed
from services.driver.protocols.qx.estimates import calibration
from services.driver.protocols.qx.picture import SHUTDOWN, Picture, Walk
from services.driver.protocols.qx.registry import DIALECTS
from services.driver.protocols.qx.table import Answer, Asked, Dialect, Query
from shared.errors import DeviceError, RefusedError, ResultStatus, SettingsError

REPLY_TIMEOUT = 2.0
PROBE_TIMEOUT = 1.0
ORDER_TIMEOUT = 1.0  # many devices say nothing when they obey
TRIES = 2  # of a question in a walk
PROBE_TRIES = 3  # of one that noise answers
SHUTDOWN_TRIES = 3

HINT, SILENCES = "protocol", "silences"
KEPT = "kept "  # begins the hint that holds what somebody set: a lost line must not undo it
MAX_SILENCES = 3  # lines in a row on which the protocol of the last one met silence
DELAYS = {"ondelay": "ups.delay.start", "offdelay": "ups.delay.shutdown"}
RENAMED = {"beeper.on": "beeper.enable", "beeper.off": "beeper.disable"}

logger = logging.getLogger(__name__)


class QxDriver:
    """The line to one device."""

    def __init__(self, site: Site, options: QxOptions) -> None:
        self._site = site
        self._options = options
        self._given = options.given()
        self._dialects = _dialects(options.protocol, site.tables)
        calibration(self._given)
        self._line = _line(site, options)
        self._found: Picture | None = None
        self._next = Walk.QUICK
        self._due = 0.0
        self._is_doubtful = False  # a question of this poll had to be repeated

    async def open(self) -> None:
        """Find the dialect, read everything and apply the options that write to the device."""
        await self._line.open()
        dialect = await self._find()
        dialect = replace(dialect, constants={**dialect.constants, **self._line.constants})
        site = self._site
        self._found = Picture(
            dialect, self._given, site.defaults, site.overrides, self._options.names
        )
        await self._walk(Walk.FIRST)
        self._found.reading(_now())
        self._next = Walk.FULL  # what is read but once is read twice before it is shown
        self._keep_delays()
        await self._apply_options()
        self._remember(dialect)

    async def close(self) -> None:
        """Give the line back."""
        await self._line.close()

    async def poll(self) -> Reading:
        """Read the status; from time to time, and after a change, read everything."""
        now = _now()
        walk = Walk.FULL if self._next is Walk.QUICK and now >= self._due else self._next
        self._is_doubtful = False
        await self._walk(walk)
        if self._is_doubtful and walk is Walk.QUICK:
            await self._walk(Walk.FULL)  # what was silent for a moment may be another device now
        return self._picture.reading(_now())

    async def wait(self) -> None:
        """Never return: these devices tell nothing unasked."""
        await asyncio.Event().wait()

    async def command(self, name: str, value: str | None) -> None:
        """Carry out an instant command."""
        if name == SHUTDOWN:
            await self._shut_down(value)
            return
        command = self._picture.command(RENAMED.get(name, name))
        if command is None:
            raise RefusedError(ResultStatus.UNKNOWN, f"the device has no command {name}")
        asked = orders.command_requests(command, value, self._picture.known)
        await self._order(asked, command.answer)

    async def set(self, name: str, value: str) -> None:
        """Write a variable, or keep the value of one that the device knows nothing of."""
        setting = self._picture.setting(name)
        known = self._picture.known
        if setting is None:
            raise RefusedError(ResultStatus.READ_ONLY, f"the device lets nobody write {name}")
        orders.check_limits(self._picture.dialect, setting, value, known)
        if setting.request is None:
            kept = orders.kept_value(setting, value, known)
            self._picture.keep(setting, kept)
            self._site.hints[KEPT + name] = kept
        elif known.variables.get(name, "").lower() != value.lower():
            await self._order(orders.setting_requests(setting, value, known), setting.answer)

    @property
    def _picture(self) -> Picture:
        if self._found is None:
            raise DeviceError(f"{self._site.port}: the device is not known yet")
        return self._found

    async def _find(self) -> Dialect:
        """Find the dialect: the one that is named, the one found before, or the first that fits."""
        hints = self._site.hints
        hint = hints.get(HINT)
        replies: dict[bytes, bytes | None] = {}
        for dialect in detection.in_order(self._dialects, self._options.protocol, hint):
            if await self._speaks(dialect, replies):
                if dialect.name != hint:
                    await self._confirm(dialect, replies)
                return dialect
            if dialect.name == hint and not any(replies.values()):
                hints[SILENCES] = str(int(hints.get(SILENCES, "0")) + 1)
                if int(hints[SILENCES]) >= MAX_SILENCES:
                    # It may be another device now, which does not know the request.
                    hints.pop(HINT)
                    hints.pop(SILENCES)
                raise DeviceError(f"{self._site.port}: the device does not answer")
        if not any(replies.values()):
            raise DeviceError(f"{self._site.port}: no device answers")
        raise DeviceError(f"{self._site.port}: the device speaks no known protocol")

    def _remember(self, dialect: Dialect) -> None:
        """Let the next line begin with the dialect of this one."""
        if self._site.hints.get(HINT) != dialect.name:
            logger.info("%s: speaks %s", self._site.device, dialect.version)
        self._site.hints.pop(SILENCES, None)
        self._site.hints[HINT] = dialect.name

    async def _speaks(self, dialect: Dialect, replies: dict[bytes, bytes | None]) -> bool:
        while missing := detection.next_request(dialect, replies, self._given):
            request, query = missing
            replies[request] = await self._probe(query, request)
        return detection.is_spoken(dialect, replies, self._given)

    async def _confirm(self, dialect: Dialect, replies: dict[bytes, bytes | None]) -> None:
        """Ask again what met silence: a line that has just come alive may speak an earlier one."""
        silent = {request for request, reply in replies.items() if reply is None}
        for earlier in self._dialects[: self._dialects.index(dialect)]:
            if earlier.by_name:
                continue
            while missing := detection.next_request(
                earlier, {r: reply for r, reply in replies.items() if r not in silent}, self._given
            ):
                request, query = missing
                silent.discard(request)
                replies[request] = await self._probe(query, request)
            if detection.is_spoken(earlier, replies, self._given):
                raise DeviceError(f"{self._site.port}: the device came while it was looked for")

    async def _probe(self, query: Query, request: bytes) -> bytes | None:
        """Ask a question of the search; what only noise answers counts as silence."""
        length = query.length if query.is_binary else 0
        for _ in range(PROBE_TRIES):
            with suppress(DeviceError):
                if reply := await self._line.ask(request, PROBE_TIMEOUT, length):
                    return reply
                await self._line.drain()  # a late reply must not answer the next question
                return None
            await self._line.drain()
        return None

    async def _walk(self, walk: Walk) -> None:
        replies: dict[str, bytes | None] = {}
        for query in self._picture.due(walk):
            await self._read(query, walk, replies)
        if walk is not Walk.QUICK:
            self._due = _now() + self._options.pollfreq
        self._next = Walk.QUICK

    async def _read(self, query: Query, walk: Walk, replies: dict[str, bytes | None]) -> None:
        """Ask a question, once more if the answer makes no sense."""
        trouble = DeviceError("")
        for attempt in range(1, TRIES + 1):
            try:
                reply = await self._reply(query, replies)
                self._picture.take(query, reply, walk, is_last_try=attempt == TRIES)
            except DeclinedError as error:
                if self._picture.leave_out(query):
                    return
                trouble = error
            except DeviceError as error:
                trouble = error
            else:
                return
            silent = replies.pop(query.request, b"") is None
            if silent and self._picture.may_lack(query):
                break
            self._is_doubtful = True
            await self._line.drain()
        if not self._picture.miss(query, walk):
            raise trouble

    async def _reply(self, query: Query, replies: dict[str, bytes | None]) -> bytes:
        if query.request not in replies:
            length = query.length if query.is_binary else 0
            request = framed(query, self._picture.known)
            within = PROBE_TIMEOUT if self._picture.may_lack(query) else REPLY_TIMEOUT
            replies[query.request] = await self._line.ask(request, within, length)
        reply = replies[query.request]
        if reply is None:
            raise DeviceError(f"{self._site.port}: no reply to {query.request!r}")
        return reply

    async def _order(self, asked: Asked, answer: Answer) -> None:
        """Send what was asked for, line by line; RefusedError if the device does not take one."""
        self._next = Walk.CHANGED
        for line in asked.requests:
            request = line.encode("latin-1")
            if answer.frame:
                request = answer.frame(request, self._picture.known)
            reply = await self._line.ask(request, ORDER_TIMEOUT)
            try:
                orders.check_answer(self._picture.dialect, answer, line, reply)
            except DeviceError as error:
                await self._line.drain()
                raise RefusedError(ResultStatus.FAILED, str(error)) from None
        self._picture.learn(asked.variables, asked.private)

    async def _shut_down(self, value: str | None) -> None:
        """Stop a shutdown that is under way, then begin the one that the options ask for."""
        if self._picture.command("shutdown.stop"):
            try:
                await self.command("shutdown.stop", None)
            except RefusedError as refused:
                logger.info("%s: no shutdown to stop: %s", self._site.device, refused)
        name = "shutdown.stayoff" if self._options.stayoff else "shutdown.return"
        for attempt in range(1, SHUTDOWN_TRIES + 1):
            try:
                await self.command(name, value)
            except RefusedError:
                if attempt == SHUTDOWN_TRIES:
                    raise
            else:
                return

    def _keep_delays(self) -> None:
        for option, name in DELAYS.items():
            setting = self._picture.setting(name)
            value = self._site.hints.get(KEPT + name, self._given.get(option))
            if setting is None or value is None or setting.request is not None:
                continue
            known = self._picture.known
            try:
                orders.check_limits(self._picture.dialect, setting, value, known)
                self._picture.keep(setting, orders.kept_value(setting, value, known))
            except RefusedError as refused:
                raise SettingsError(f"{option}: {value} does not do, {refused}") from None

    async def _apply_options(self) -> None:
        """Write the settings that are options, where the device has them otherwise."""
        for setting in self._picture.dialect.settings:
            value = self._given.get(setting.variable)
            known = self._picture.known
            if not setting.private or value is None:
                continue
            if self._picture.setting(setting.variable, private=True) is not setting:
                continue
            if not self._picture.differs(setting, value):
                continue
            try:
                orders.check_limits(self._picture.dialect, setting, value, known)
                await self._order(orders.setting_requests(setting, value, known), setting.answer)
            except RefusedError as refused:
                logger.warning(
                    "%s: %s = %s: %s", self._site.device, setting.variable, value, refused
                )


def _dialects(protocol: str | None, tables: Mapping[str, Dialect]) -> tuple[Dialect, ...]:
    """List the dialects that can be meant; a user's table is only taken by its name."""
    if protocol is None:
        return DIALECTS
    own = [table for name, table in tables.items() if name.lower() == protocol.lower()]
    found = own or [each for each in DIALECTS if each.name == protocol.lower()]
    if not found:
        known = ", ".join([*tables, *(each.name for each in DIALECTS)])
        raise SettingsError(f"protocol: {protocol!r} is not known; there are {known}")
    return (found[0],)


def _line(site: Site, options: QxOptions) -> QxLine | QxUsbLine:
    if is_usb(site.port, options.given()):
        return QxUsbLine(options, site.hints)
    return QxLine(site.port, options.cablepower)


def _now() -> float:
    return asyncio.get_running_loop().time()

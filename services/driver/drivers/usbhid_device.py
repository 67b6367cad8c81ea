"""A HID power device on any line for reports: found out, polled, listened to, and commanded."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from services.driver.contract import Reading, Site
from services.driver.drivers.usbhid_options import HidOptions
from services.driver.drivers.usbhid_picture import (
    SHUTDOWN,
    SHUTDOWNS,
    Key,
    Picture,
    Rules,
    Walk,
)
from services.driver.protocols.hid import meaning, registry
from services.driver.protocols.hid.descriptor import Descriptor, Field, Report, find, parse
from services.driver.protocols.hid.table import Identity, Known, Lookup, Poll, Quirks, Vendor
from services.driver.protocols.hid.values import fits, logical, physical, raw, with_raw
from services.driver.transports.reports import NoReportError, Reports, SilentError
from shared.errors import DeviceError, RefusedError, ResultStatus

QUICK_INTERVAL = 2.0  # seconds after which news do not put off a walk any more
MOST_BREAKS = 5  # walks that news may break off, one after the other
MOST_SILENCES = 2  # reports that get no answer in one walk
MOST_SILENCES_AT_FIRST = 8  # in the first walk, once the device has answered at all
PAUSE = 0.125  # seconds between two orders, which some devices need
RENAMED = {"beeper.on": "beeper.enable", "beeper.off": "beeper.disable"}
START = "ups.start.auto"
# How composed commands are carried out: ups.start.auto first, then orders with their values, where
# a variable stands for its value.
ORDERS: Mapping[str, tuple[str | None, tuple[tuple[str, str], ...]]] = {
    "load.on": (None, (("load.on.delay", "0"),)),
    "load.off": (None, (("load.off.delay", "0"),)),
    "shutdown.return": (
        "yes",
        (("load.on.delay", "ups.delay.start"), ("load.off.delay", "ups.delay.shutdown")),
    ),
    "shutdown.stayoff": (
        "no",
        (("load.on.delay", "-1"), ("load.off.delay", "ups.delay.shutdown")),
    ),
}

logger = logging.getLogger(__name__)

VendorOf = Callable[[Identity, Descriptor], Vendor]
"""Gives the table for a device; DeviceError if there is none."""


class HidDriver:
    """The line to one device."""

    def __init__(
        self,
        site: Site,
        options: HidOptions,
        reports: Reports,
        vendor_of: VendorOf,
        quirks_of: Callable[[Identity], Quirks],
    ) -> None:
        self._site = site
        self._options = options
        self._reports = reports
        self._vendor_of = vendor_of
        self._quirks_of = quirks_of
        self._found: Picture | None = None
        self._quirks = Quirks()
        self._dropped: set[Key] = set()  # reports that got no answer when everything was read
        self._next = Walk.QUICK
        self._full_poll = 0.0
        self._full_due = 0.0
        self._walked = 0.0
        self._breaks = 0
        self._has_news = False
        self._owes_walk = False
        self._quiet_polls = 0
        self._last: Reading | None = None

    async def open(self) -> None:
        """Find the device, its table and what the device has of it; read everything."""
        await self._reports.open()
        identity = self._reports.identity
        self._quirks = self._quirks_of(identity)
        descriptor = parse(await self._reports.descriptor())
        for fault in descriptor.faults:
            logger.info("%s: its report descriptor is odd: %s", self._site.device, fault)
        vendor = self._vendor_of(identity, descriptor)
        if not self._options.disable_fix_report_desc:
            for repair in vendor.repairs:
                descriptor = repair(descriptor, identity.id)
        known = Known(identity, self._quirks, options=self._options.given())
        known.variables |= await self._described(vendor, descriptor, known)
        self._full_poll = vendor.full_poll if (asked := self._options.pollfreq) is None else asked
        rules = Rules(
            self._options.choices(identity), self._quirks.is_interrupt_only, self._full_poll
        )
        self._found = Picture(vendor, descriptor, known, rules)
        logger.info("%s: %s, table %s", self._site.device, self._reports.where, vendor.version)
        await self._walk(Walk.FIRST)

    async def close(self) -> None:
        """Give the line back; never fails."""
        await self._reports.close()

    async def poll(self) -> Reading:
        """Read the status, from time to time everything; what came unasked is told at once."""
        now = _now()
        if self._has_news and self._next is Walk.QUICK:
            self._owes_walk = now - self._walked >= QUICK_INTERVAL
        else:
            self._count_quiet()
            is_full = self._next is Walk.QUICK and now >= self._full_due
            self._owes_walk = not await self._walk(Walk.FULL if is_full else self._next)
        self._has_news = False
        self._last = self.picture.reading(now)
        return self._last

    async def wait(self) -> None:
        """Return as soon as the device has said something new unasked."""
        if self._owes_walk:
            return
        while not self._has_news:
            self._hear(await self._reports.inputs())

    async def command(self, name: str, value: str | None) -> None:
        """Carry out an instant command."""
        name = RENAMED.get(name, name)
        if name == SHUTDOWN and name not in self.picture.commands:
            await self._shut_down()
        elif name in self.picture.commands:
            command, place = self.picture.commands[name]
            text = command.value if value is None else value
            await self._write(command.lookup, place, text)
        elif name in ORDERS:
            await self._compose(name)
        else:
            raise RefusedError(ResultStatus.UNKNOWN, f"the device has no command {name}")

    async def set(self, name: str, value: str) -> None:
        """Write a variable, or keep the value of one that the device knows nothing of."""
        entry = self.picture.row(name)
        if entry is None:
            raise RefusedError(ResultStatus.READ_ONLY, f"the device lets nobody write {name}")
        if entry.row.poll & Poll.ABSENT:
            if meaning.number(entry.row.lookup, value, self.picture.known) is None:
                raise RefusedError(ResultStatus.INVALID, f"{name} cannot be {value}")
            self.picture.known.variables[name] = value
        else:
            await self._write(entry.row.lookup, entry.field, value)

    @property
    def picture(self) -> Picture:
        """Give what is known of the device; DeviceError before it is open."""
        if self._found is None:
            raise DeviceError(f"{self._reports.where}: the device is not known yet")
        return self._found

    async def _described(
        self, vendor: Vendor, descriptor: Descriptor, known: Known
    ) -> dict[str, str]:
        """Ask what the table wants to know before it names the device."""
        answers = {}
        for question in vendor.questions:
            steps = vendor.usages.path(question.path)
            place = find(descriptor.fields, steps, Report.FEATURE) if steps else None
            if place is None:
                continue
            length = descriptor.lengths[place.report, place.id] + descriptor.has_ids
            data = await self._report((Report.FEATURE, place.id), length)
            body = data[descriptor.has_ids :] if data else b""
            if len(body) * 8 < place.offset + place.size:
                continue
            number = int(physical(place, raw(place, body)))
            answers[question.path] = (
                await self._string(number) if question.is_text else f"{number:d}"
            )
        return registry.describe(vendor, known, answers)

    async def _walk(self, walk: Walk) -> bool:
        """Read what is due; False if news broke it off."""
        picture = self.picture
        keys = [key for key in picture.due(walk) if self._may_ask(key)]
        bodies = await self._fetch(keys, walk)
        if bodies is None:
            return False
        if walk is Walk.FIRST:  # input reports may be told unasked only
            refused = {key for key in keys if key not in bodies}
            self._dropped |= {key for key in refused if key[0] is Report.INPUT}
        for index in picture.indexes(walk, bodies):
            picture.known.strings[index] = await self._string(index)
        picture.take(walk, bodies)
        now = _now()
        self._walked, self._breaks = now, 0
        if walk is not Walk.QUICK:
            self._full_due = now + self._full_poll
            self._next = Walk.QUICK
        return True

    async def _fetch(self, keys: list[Key], walk: Walk) -> dict[Key, bytes] | None:
        """Ask for reports, each once; those that the device refuses are left out.

        Those that get no answer at first are never asked for again. None if what the device said
        unasked in between is more urgent.
        """
        bodies: dict[Key, bytes] = {}
        silences = 0
        for key in keys:
            if walk in (Walk.QUICK, Walk.FULL) and await self._is_interrupted():
                return None
            try:
                bodies[key] = self.picture.body(key[1], await self._asked(key))
            except SilentError:
                silences += 1
                most = MOST_SILENCES_AT_FIRST if bodies and walk is Walk.FIRST else MOST_SILENCES
                if silences >= most:
                    raise DeviceError(f"{self._reports.where}: no answer") from None
                if walk is Walk.FIRST:
                    self._dropped.add(key)
            except NoReportError as error:
                logger.debug("%s: %s", self._site.device, error)
        if keys and not bodies:
            raise DeviceError(f"{self._reports.where}: the device gives none of its reports")
        return bodies

    async def _is_interrupted(self) -> bool:
        """Hear what came unasked; tell whether it should be on the bus before the walk goes on."""
        if self._reports.has_inputs and self._breaks < MOST_BREAKS:
            self._hear(await self._reports.inputs())
            self._breaks += self._has_news
        return self._has_news

    async def _asked(self, key: Key) -> bytes:
        """Ask for a report, twice if it is refused, garbled or shorter than it should be."""
        length = self.picture.length(key)
        try:
            data = await self._told(key, length)
            if len(data) >= length:
                return data
        except SilentError:
            raise
        except NoReportError:
            pass
        return await self._told(key, length)

    async def _told(self, key: Key, length: int) -> bytes:
        """Ask for a report; one with another id counts as refused."""
        data = await self._reports.get(*key, length)
        if self.picture.descriptor.has_ids and data[:1] != bytes([key[1]]):
            reason = f"asked for the report {key[1]}, got {data[:8].hex(' ')}"
            raise NoReportError(f"{self._reports.where}: {reason}")
        return data

    async def _report(self, key: Key, length: int) -> bytes | None:
        try:
            return await self._reports.get(*key, length)
        except NoReportError:
            return None

    async def _string(self, index: int) -> str:
        known = self._found.known.strings if self._found else {}
        try:
            return known.get(index) or (await self._reports.string(index) if index > 0 else "")
        except NoReportError:
            return ""

    def _may_ask(self, key: Key) -> bool:
        return key[1] not in self._quirks.skipped_reports and key not in self._dropped

    def _hear(self, packets: list[bytes]) -> None:
        self._quiet_polls = 0
        for packet in packets:
            self.picture.hear(packet)
        self._has_news = self.picture.reading(_now()) is not self._last

    def _count_quiet(self) -> None:
        most = self._options.interrupt_pipe_no_events_tolerance
        self._quiet_polls += 1
        if 0 <= most < self._quiet_polls - 1 and self._quirks.has_interrupts:
            raise DeviceError(f"{self._reports.where}: nothing came unasked in {most} polls")

    async def _write(self, lookup: Lookup | None, place: Field, text: str | None) -> None:
        """Put a value into its report and write it; what else the report holds stays as it is."""
        known = self.picture.known
        known.orders.clear()
        value = meaning.number(lookup, text, known)
        if value is None:
            raise RefusedError(ResultStatus.INVALID, f"{text} cannot be written here")
        orders, known.orders = known.orders, []
        for name, before in orders:
            await self.set(name, before)
        number = logical(place, value)
        if not fits(place, number):
            raise RefusedError(ResultStatus.INVALID, f"{text} is more than the device can take")
        self._next = Walk.CHANGED
        key = Report.FEATURE, place.id
        data = await self._current(key)
        head = data[: self.picture.descriptor.has_ids]
        try:
            body = with_raw(place, data[len(head) :], number)
            await self._reports.set(*key, head + body)
            known.reports[place.id] = body
        except NoReportError as error:
            raise RefusedError(ResultStatus.FAILED, str(error)) from None

    async def _current(self, key: Key) -> bytes:
        """Give a report as the device has it, or had it when it told it last; zeros behind that."""
        length = self.picture.length(key)
        head = bytes([key[1]]) if self.picture.descriptor.has_ids else b""
        last = head + self.picture.known.reports.get(key[1], b"")
        data = await self._report(key, length) if self._may_ask(key) else None
        if data is None or data[: len(head)] != head or len(data) < len(last[:length]):
            data = last
        return data[:length].ljust(length, b"\0")

    async def _compose(self, name: str) -> None:
        start, orders = ORDERS[name]
        if any(order not in self.picture.commands for order, _ in orders):
            raise RefusedError(ResultStatus.UNKNOWN, f"the device has no command {name}")
        variables = self.picture.known.variables
        if start and START in variables and self.picture.row(START):
            await self.set(START, start)
        for number, (order, value) in enumerate(orders):
            if number:
                await asyncio.sleep(PAUSE)
            await self.command(order, variables.get(value) if value[0].isalpha() else value)

    async def _shut_down(self) -> None:
        """Try the commands for it until one is taken, as NUT does."""
        reasons = []
        for name in SHUTDOWNS:
            try:
                await self.command(name, None)
            except RefusedError as refused:
                reasons.append(f"{name}: {refused}")
            else:
                return
        raise RefusedError(ResultStatus.FAILED, "; ".join(reasons))


def _now() -> float:
    return asyncio.get_running_loop().time()

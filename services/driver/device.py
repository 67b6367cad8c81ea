"""A device: one task owns the line to it; others see its view and leave orders."""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from services.driver import fence
from services.driver.complaints import Complaints
from services.driver.contract import Driver, Reading, Site
from services.driver.features import (
    ALLOW_KILLPOWER,
    KILLPOWER,
    RELOADS,
    SHUTDOWN,
    Features,
    Trend,
    View,
    present,
    shutdowns,
)
from services.driver.fence import FencedError, Permit
from services.driver.orders import Order, check, check_expiry
from services.driver.outbox import Outbox
from services.driver.settings import DeviceSettings
from shared import events
from shared.errors import AbsentError, DeviceError, RefusedError, ResultStatus, SettingsError
from shared.messages import Availability, Claim, DeviceEvent
from shared.payloads import MAX_PAYLOAD
from shared.topics import DeviceTopic

ANSWER_TIMEOUT = 30.0  # drivers give up much sooner; this is for one that hangs
FIND_TIMEOUT = 90.0  # a driver may have to try many protocols and speeds
FIRST_DELAY = 0.5
MAX_DELAY = 15.0  # after a mistake of ours
MAX_ORDERS = 100
# A poll comes a little before its time: what it finds spares a heartbeat that is as long as a poll.
REST = 0.98
SEQUENCE_LEAP = 1000  # more states than were said since the last word of the service before us

_OF_LINE = ("driver", "port", "options", "standby", "priority", "preempt")

Reload = Callable[[], None]
"""Reads the settings again; SettingsError says what is wrong with them."""

logger = logging.getLogger(__name__)


class Device:
    """Keeps the line to one device, whatever happens to the device or to the bus."""

    def __init__(
        self,
        site: Site,
        settings: DeviceSettings,
        poll_interval: float,
        outbox: Outbox,
        reload: Reload | None = None,
        permit: Permit | None = None,
    ) -> None:
        self.name = site.device
        self._permit = permit
        self._site = site
        self.availability = Availability.STALE
        self.view: View | None = None
        self.read_at = 0.0
        self.sequence = 0
        self._outbox = outbox
        self._reload = reload
        self._reading: Reading | None = None
        self._is_outdated = True  # the reading must be presented anew
        self._trend = Trend()
        self._condition: events.Condition | None = None
        self._orders: deque[Order] = deque()
        self._pause: asyncio.Timeout | None = None
        self._trouble = ""
        self._complaints = Complaints()
        self._delay = FIRST_DELAY
        self.configure(settings, poll_interval)

    def can_work_at(self, site: Site) -> bool:
        """Tell whether what the settings say beside the device is as it was."""
        old = self._site
        return (old.tables, old.snmp_traps) == (site.tables, site.snmp_traps)

    @property
    def trouble(self) -> str:
        """Why the device cannot be reached; empty while it can."""
        return self._trouble

    @property
    def _longest_delay(self) -> float:
        """A line that has come back is to be found within two polls."""
        return max(FIRST_DELAY, 2 * self._interval)

    def can_take(self, settings: DeviceSettings) -> bool:
        """Tell whether `configure` will do, or whether the settings ask for another line."""
        old = self.settings
        same = all(getattr(old, key) == getattr(settings, key) for key in _OF_LINE)
        return same and self.availability is not Availability.OFFLINE

    def configure(self, settings: DeviceSettings, poll_interval: float) -> None:
        """Take settings that need no new line: all but those of the line and of the standby."""
        self.settings = settings
        self._interval = settings.poll_interval or poll_interval
        self._features = Features(
            defaults=settings.default,
            overrides=settings.override,
            driver=settings.driver_variables(self._interval),
            ignorelb=settings.ignorelb,
            allow_killpower=settings.allow_killpower,
            reloads=self._reload is not None,
        )
        self._is_outdated = True
        self._outbox.mark(self.name)
        self._interrupt()

    @property
    def has_news(self) -> bool:
        """Whether it was reached, or is known not to answer, since work with it began."""
        return self.view is not None or bool(self._trouble)

    def rest(self) -> None:
        """Know nothing of the device any more: it is not ours to work with; its line is cut."""
        self.view = self._reading = None
        self.availability = Availability.STALE
        self._is_outdated, self._trouble, self._trend = True, "", Trend()

    def begin(self, before: Claim | None) -> None:
        """Begin to work with the device anew, where another service left off if one did."""
        self.rest()
        if before:
            self.sequence = max(self.sequence, before.seq + SEQUENCE_LEAP)
            self._condition = events.Condition(before.status) if before.status else None

    async def keep(self) -> None:
        """Stay in touch; after any trouble drop the line and open a fresh one."""
        fence.put_up(self._permit)
        try:
            while True:
                try:
                    await self._hold_line()
                except AbsentError as error:
                    self._lose(str(error))
                    self._delay = FIRST_DELAY
                except DeviceError as error:
                    if not self._is_fenced(error):
                        self._lose(str(error))
                except SettingsError:
                    raise
                except Exception as error:  # decision 0003: no driver hurts another
                    self._stumble(error)
                delay, self._delay = self._delay, min(self._delay * 2, self._longest_delay)
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 -- no secret
        except SettingsError as error:
            self._give_up(str(error))
        finally:
            self._drop_orders(ResultStatus.FAILED, "the driver let go of the device")

    def _is_fenced(self, error: DeviceError) -> bool:
        """Tell whether the line is lost only because the device is not ours to touch."""
        return isinstance(error, FencedError) or (self._permit is not None and not self._permit())

    def take(self, order: Order) -> None:
        """Take an order; its result comes in any case."""
        try:
            check_expiry(order, time.time())
            if order.part is DeviceTopic.COMMAND and order.name in RELOADS and self._reload:
                self._read_settings(order, self._reload)
                return
            self._check_reachable(order)
        except RefusedError as refused:
            self._answer(order, refused.status, str(refused))
        else:
            self._orders.append(order)
            self._interrupt()

    def refuse(self, order: Order, status: ResultStatus, detail: str) -> None:
        """Answer an order that is not to be carried out."""
        self._answer(order, status, detail)

    def _read_settings(self, order: Order, reload: Reload) -> None:
        try:
            reload()
        except SettingsError as error:
            self._answer(order, ResultStatus.FAILED, str(error))
        else:
            self._answer(order, ResultStatus.OK)

    def _check_reachable(self, order: Order) -> None:
        if self._permit is not None and not self._permit():
            raise RefusedError(ResultStatus.STALE, "no driver service works with it at the moment")
        if self.availability is not Availability.ONLINE:
            status = ResultStatus.FAILED if order.is_for_driver else ResultStatus.STALE
            raise RefusedError(status, self._trouble or "the device was not reached yet")
        if len(self._orders) >= MAX_ORDERS:
            raise RefusedError(ResultStatus.REFUSED, "too many requests are waiting")

    async def _hold_line(self) -> None:
        async with self._line() as driver:
            await self._read(driver)
            # The first rest is cut at random, so that the polls of many devices spread out.
            await self._rest(driver, self._interval * random.random())  # noqa: S311 -- no secret
            while True:
                if self._orders:
                    await self._obey(driver, self._orders.popleft())
                else:
                    await self._read(driver)
                await self._rest(driver, self._interval * REST)

    @asynccontextmanager
    async def _line(self) -> AsyncGenerator[Driver]:
        kind = self.settings.kind
        if kind is None:
            raise SettingsError(self.settings.unknown_driver())
        driver = kind.create(self._site, self.settings.options)
        fence.check()
        try:
            async with _answering(FIND_TIMEOUT):
                await driver.open()
            yield driver
        finally:
            await driver.close()

    async def _read(self, driver: Driver) -> None:
        fence.check()
        async with _answering():
            reading = await driver.poll()
        self._delay = FIRST_DELAY
        self.read_at = time.time()
        if self._is_outdated or reading != self._reading:
            self._present(reading)
            self._reading, self._is_outdated = reading, False
        elif self.availability is Availability.ONLINE:
            return
        if self._trouble:
            logger.info("%s: answers again", self.name)
            self._trouble = ""
            self._complaints.end()
        self._turn(Availability.ONLINE)
        self._tell_condition()

    async def _rest(self, driver: Driver, longest: float) -> None:
        """Wait for the next poll, for news of the device or for an order."""
        if self._orders:
            return
        try:
            async with asyncio.timeout(longest) as self._pause:
                await driver.wait()
        except TimeoutError:
            pass
        finally:
            self._pause = None

    def _interrupt(self) -> None:
        if self._pause is not None and not self._pause.expired():
            self._pause.reschedule(asyncio.get_running_loop().time())

    async def _obey(self, driver: Driver, order: Order) -> None:
        """Carry an order out; the device is read again before the result is told."""
        assert self.view is not None
        ended = ResultStatus.FAILED, "the driver let go of the device"
        try:
            check(order, self.view, time.time())
            fence.check()
            async with _answering():
                await self._carry_out(driver, order)
            ended = ResultStatus.OK, ""
            await self._read(driver)
        except RefusedError as refused:
            ended = refused.status, str(refused)
        except DeviceError as error:
            if ended[0] is not ResultStatus.OK:
                ended = ResultStatus.FAILED, str(error)
            raise
        finally:
            self._answer(order, *ended)

    async def _carry_out(self, driver: Driver, order: Order) -> None:
        value = order.request.value
        if order.part is DeviceTopic.COMMAND:
            await self._command(driver, order.name, value)
        elif order.name == ALLOW_KILLPOWER:
            allowed = float(value or 0) > 0
            self._features = replace(self._features, allow_killpower=allowed)
            self._is_outdated = True
        else:
            await driver.set(order.name, value or "")

    async def _command(self, driver: Driver, name: str, value: str | None) -> None:
        own = self._reading.commands if self._reading else ()
        if name == KILLPOWER:
            await self._power_off(driver)
        elif name == SHUTDOWN and shutdowns(own):
            await driver.command(shutdowns(own)[0], value)
        elif name in own:
            await driver.command(name, value)
        else:
            raise RefusedError(ResultStatus.UNKNOWN, f"the device has no command {name}")

    async def _power_off(self, driver: Driver) -> None:
        """Try the commands for it until one is taken."""
        logger.warning("%s: powering off, as driver.killpower asks", self.name)
        reasons = []
        for name in self.settings.sdcommands or [SHUTDOWN]:
            try:
                await self._command(driver, name, None)
            except RefusedError as refused:
                reasons.append(f"{name}: {refused}")
            else:
                return
        raise RefusedError(ResultStatus.FAILED, "; ".join(reasons))

    def _present(self, reading: Reading) -> None:
        view, self._trend = present(self._features, reading, self._trend)
        if not view.fits(MAX_PAYLOAD):
            raise DeviceError(f"{len(view.variables)} variables do not fit into a message")
        if view != self.view:
            self.view = view
            self._outbox.mark(self.name)

    def _lose(self, trouble: str) -> bool:
        """Take note that the line is lost; tell whether that was worth a log line."""
        is_news = self._complaints.is_news(trouble, time.monotonic())
        logger.log(logging.WARNING if is_news else logging.DEBUG, "%s: %s", self.name, trouble)
        if trouble != self._trouble:
            self._trouble = trouble
            self._outbox.mark(self.name)
        self._turn(Availability.STALE)
        last = self._condition or events.Condition()
        self._tell(replace(last, communicating=False))
        self._drop_orders(ResultStatus.STALE, trouble)
        return is_news

    def _stumble(self, error: Exception) -> None:
        """Treat a mistake in the driver's program as a lost line, tried again seldom."""
        trouble = f"a mistake in the driver {self.settings.driver}: {error!r}; please report it"
        if self._lose(trouble):
            logger.error("%s: the program failed here", self.name, exc_info=error)
        self._delay = MAX_DELAY

    def _give_up(self, trouble: str) -> None:
        logger.error("%s: %s", self.name, trouble)
        self._trouble = trouble
        self._turn(Availability.OFFLINE)

    def _turn(self, availability: Availability) -> None:
        if availability is not self.availability:
            self.availability = availability
            self._outbox.mark(self.name)

    def _tell_condition(self) -> None:
        if self.view and self.availability is Availability.ONLINE:
            self._tell(events.Condition(self.view.status, self.view.alarm))

    def _tell(self, condition: events.Condition) -> None:
        for event in events.between(self.name, self._condition, condition):
            message = DeviceEvent(
                type=event.type, at=time.time(), status=condition.status, text=event.text
            )
            self._outbox.say(self.name, message)
        self._condition = condition

    def _drop_orders(self, status: ResultStatus, detail: str) -> None:
        while self._orders:
            self._answer(self._orders.popleft(), status, detail)

    def _answer(self, order: Order, status: ResultStatus, detail: str = "") -> None:
        logger.info(
            "%s: %s %s by %s: %s",
            self.name,
            order.part,
            order.name,
            order.request.by or "somebody",
            f"{status}, {detail}" if detail else status,
        )
        result = order.result(status, detail, time.time())
        self._outbox.say(self.name, result, order.request.value)


@asynccontextmanager
async def _answering(longest: float = ANSWER_TIMEOUT) -> AsyncGenerator[None]:
    """Give a driver its time; one that hangs has lost the device."""
    try:
        async with asyncio.timeout(longest):
            yield
    except TimeoutError:
        raise DeviceError(f"the driver got no answer in {longest:.0f} s") from None

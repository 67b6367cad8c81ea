"""Messages on their way: stored, tried, tried again later, in order for each address.

A message is taken out of the store after it was delivered: an end in between delivers it twice
rather than never. A message that fails where a later one goes through is put behind the others.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from pydantic import SecretStr

from services.scheduler import addresses
from services.scheduler.jobs import Delivery, Notification
from services.scheduler.settings import ReceiverSettings, SchedulerSection
from services.scheduler.settings import addresses as listed
from services.scheduler.store import Database, Store, Task
from shared.latest import Latest

PROBE_AFTER: Final = 4  # failures

logger = logging.getLogger(__name__)


class Notifier:
    """Delivers what the store holds for each target: one address of a receiver."""

    def __init__(self, store: Store, now: Callable[[], float], section: SchedulerSection) -> None:
        self._store = store
        self._now = now
        self._section = section
        self._targets = Latest(_targets(section.receivers))
        self._news: dict[str, asyncio.Event] = {}

    def apply(self, section: SchedulerSection) -> None:
        """Follow other settings."""
        self._section = section
        self._targets.set(_targets(section.receivers))

    def deliveries(self, notification: Notification) -> list[Delivery]:
        """Address a message to each address of its receivers."""
        return [
            Delivery(target, notification.title, notification.body)
            for receiver in notification.to
            for target in self._targets.value
            if target.partition("#")[0] == receiver
        ]

    def wake(self, targets: Iterable[str]) -> None:
        """Say that there is something new for targets."""
        for target in targets:
            if target in self._news:
                self._news[target].set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        workers: dict[str, tuple[str, asyncio.Task[None]]] = {}
        async with asyncio.TaskGroup() as tasks:
            async for targets in self._targets.follow():
                await self._drop_strangers(targets)
                for target, (url, worker) in list(workers.items()):
                    if target not in targets or targets[target].get_secret_value() != url:
                        worker.cancel()
                        del workers[target]
                for target, secret in targets.items():
                    if target not in workers:
                        url = secret.get_secret_value()
                        workers[target] = (url, tasks.create_task(self._serve(target, url)))

    async def _drop_strangers(self, targets: Mapping[str, SecretStr]) -> None:
        for target in await self._store.call(Database.drop_targets, tuple(targets)):
            logger.warning("messages for %s are dropped: there is no such receiver now", target)

    async def _serve(self, target: str, url: str) -> None:
        news = self._news[target] = asyncio.Event()
        failures = delivered = 0
        while True:
            news.clear()
            task = await self._store.call(Database.next_delivery, target)
            if task is None:
                await news.wait()
            elif await self._is_done(task, target, url, failures):
                failures, delivered = 0, task.id
            elif task.id < delivered:  # a later one went through: it is not the network
                delivered = 0
                await self._store.call(Database.set_aside, task.id)
            else:
                failures += 1
                if passed := await self._passed(target, url, failures):
                    failures, delivered = 0, passed
                else:
                    await asyncio.sleep(self._delay(failures))

    async def _passed(self, target: str, url: str, failures: int) -> int:
        """See now and then whether the next message goes through; its number, or 0."""
        if failures % PROBE_AFTER:
            return 0
        other = await self._store.call(Database.next_delivery, target, place=1)
        return other.id if other and await self._is_done(other, target, url, failures) else 0

    async def _is_done(self, task: Task, target: str, url: str, failures: int) -> bool:
        """Deliver a message, or give it up when it is too old; True takes it out of the store."""
        delivery = task.job
        assert isinstance(delivery, Delivery)
        schema = addresses.schema_of(url)
        is_sent = await addresses.send(url, delivery.title, delivery.body)
        is_old = self._now() - task.created > self._section.keep_notifications
        if not (is_sent or is_old):
            level = logging.INFO if failures else logging.WARNING
            logger.log(level, "could not notify %s (%s); it is tried again", target, schema)
            return False
        if is_sent:
            logger.info("notified %s (%s): %s", target, schema, delivery.title)
        else:
            logger.error("%s (%s) never got: %s", target, schema, delivery.title)
        await self._store.call(Database.claim, task.id)
        return True

    def _delay(self, failures: int) -> float:
        section = self._section
        delay = min(section.max_retry_delay, section.retry_delay * 2.0 ** min(failures - 1, 30))
        return delay * random.uniform(0.8, 1.0)  # noqa: S311 -- jitter is no secret


def _targets(receivers: Mapping[str, ReceiverSettings]) -> dict[str, SecretStr]:
    """Name each address: the receiver's name, for further ones with #2 and so on."""
    return {
        name if number == 1 else f"{name}#{number}": SecretStr(url)
        for name, receiver in receivers.items()
        for number, url in enumerate(listed(receiver.urls), 1)
    }

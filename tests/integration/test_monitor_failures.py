"""A shutdown command that fails: the host stays up, and has its monitor again."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.monitor.app import run
from services.monitor.privileged import DONE, FAILED, SHUT_DOWN, STARTED, Orders
from services.monitor.shutdown import ShutDownError
from shared.latest import Latest
from tests.brokers import Mosquitto
from tests.integration.power import TIMEOUT, bystander, monitor_settings, plant

pytestmark = pytest.mark.integration

PRIMARY = [{"device": "ups", "role": "primary"}]


@dataclass
class Parent:
    """The privileged parent of a monitor, as the test plays it."""

    orders: Orders
    asked: int
    answers: int

    async def is_asked(self) -> bytes:
        return await asyncio.to_thread(os.read, self.asked, 1)

    def answer(self, word: bytes) -> None:
        os.write(self.answers, word)


@pytest.fixture
def parent() -> Iterator[Parent]:
    order_read, order_write = os.pipe()
    life_read, life_write = os.pipe()
    yield Parent(Orders(order_write, life_read), order_read, life_write)
    for descriptor in (order_read, order_write, life_read, life_write):
        os.close(descriptor)


@contextlib.asynccontextmanager
async def shutting_down(
    broker: Mosquitto, folder: Path, parent: Parent, *, stays: bool
) -> AsyncGenerator["asyncio.Task[None]"]:
    """Run a monitor up to the moment at which the shutdown command runs and it knows that."""
    settings = monitor_settings(broker.url, folder, PRIMARY, shutdown_exit=not stays)
    async with plant(broker.url, ups="OB LB"), bystander(broker.url) as watching:
        monitor = asyncio.create_task(run(Latest(settings), parent.orders))
        try:
            async with asyncio.timeout(TIMEOUT):
                assert await parent.is_asked() == SHUT_DOWN
            parent.answer(STARTED)
            await watching.phase("down")
            await watching.until(lambda: watching.is_online() is stays, "there as it should")
            yield monitor
        finally:
            monitor.cancel()
            await asyncio.wait({monitor})


@pytest.mark.parametrize("stays", [False, True])
async def test_a_command_that_fails_in_the_parent_ends_the_monitor_with_an_error(
    broker: Mosquitto, tmp_path: Path, parent: Parent, stays: bool
):
    """With `nutbus up` nobody else would see it, and the host would have no monitor any more."""
    async with shutting_down(broker, tmp_path, parent, stays=stays) as monitor:
        assert not monitor.done()
        parent.answer(FAILED)
        with pytest.raises(ExceptionGroup) as failed:
            async with asyncio.timeout(TIMEOUT):
                await monitor
    assert failed.group_contains(ShutDownError)


async def test_a_monitor_that_leaves_ends_when_the_command_has(
    broker: Mosquitto, tmp_path: Path, parent: Parent
):
    async with shutting_down(broker, tmp_path, parent, stays=False) as monitor:
        assert not monitor.done()
        parent.answer(DONE)
        async with asyncio.timeout(TIMEOUT):
            await monitor

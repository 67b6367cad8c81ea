"""When a client is hung up on: by the clock, and by what it reads."""

import asyncio
from typing import Any, cast

import pytest

from services.gateway.client import Client, Host
from services.gateway.replies import Replies
from services.gateway.sections import Demand


class FakeTransport(asyncio.Transport):
    """A connection of which the test says how much of what was said is unread."""

    def __init__(self) -> None:
        super().__init__()
        self.unread = 0
        self.ended = ""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return self.unread

    def close(self) -> None:
        self.ended = "close"

    def abort(self) -> None:
        self.ended = "abort"


class FakeHost:
    """A gateway whose clock is the test's."""

    def __init__(self) -> None:
        self.replies = Replies()
        self.now = 0.0
        self.demand = Demand.NOTHING

    def admit(self, _client: Client) -> bool:
        return True


@pytest.mark.parametrize(
    ("unread", "ended"),
    [
        ([0, 0, 0, 0, 0, 0], ["", "", "", "close", "close", "close"]),
        ([9, 9, 9, 9, 9, 9], ["", "", "", "abort", "abort", "abort"]),
        ([9, 8, 7, 6, 5, 4], [""] * 6),
        ([9, 9, 8, 8, 8, 8], ["", "", "", "", "", "abort"]),
        ([9, 9, 0, 0, 0, 0], ["", "", "", "", "", "close"]),
    ],
)
def test_who_asks_nothing_is_hung_up_on_but_not_while_it_reads(unread: list[int], ended: list[str]):
    """The timeout is 2 s; what is unread when it is over is cut, all else is sent to its end."""
    client, transport = Client(cast(Host, FakeHost())), FakeTransport()
    client.connection_made(transport)
    seen: list[Any] = []
    for now, left in enumerate(unread):
        transport.unread = left
        client.expire(now, now - 2)
        seen.append(transport.ended)
    assert seen == ended

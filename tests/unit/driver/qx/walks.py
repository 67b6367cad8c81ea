"""Walks through a dialect with replies from a table instead of a line."""

from collections.abc import Mapping

from services.driver.protocols.qx.decoding import DeclinedError
from services.driver.protocols.qx.orders import command_requests, setting_requests
from services.driver.protocols.qx.picture import Picture, Walk
from services.driver.protocols.qx.table import Dialect
from shared.errors import DeviceError

Replies = Mapping[str, bytes]


def examples(dialect: Dialect) -> dict[str, bytes]:
    """List the example of every request, the last one where there are several forms."""
    return {query.request: query.example for query in dialect.queries if query.example}


def walked(dialect: Dialect, replies: Replies, options: Mapping[str, str] | None = None) -> Picture:
    """Make the picture of a device that gives these replies, and declines all else."""
    picture = Picture(dialect, options or {})
    walk_again(picture, replies, Walk.FIRST)
    return picture


def walk_again(picture: Picture, replies: Replies, walk: Walk = Walk.FULL) -> None:
    """Let the device be asked once more; a reply of another form is left out at first."""
    for query in picture.due(walk):
        reply = replies.get(query.request)
        if reply is None:
            picture.leave_out(query)
            continue
        try:
            picture.take(query, reply, walk)
        except DeclinedError:
            picture.leave_out(query)
        except DeviceError:
            if walk is not Walk.FIRST or not picture.miss(query, walk):
                raise


def told(picture: Picture, name: str, value: str | None = None) -> tuple[str, ...]:
    """Say what goes over the line for a command, before it is framed."""
    command = picture.command(name)
    assert command is not None, name
    return command_requests(command, value, picture.known).requests


def written(picture: Picture, name: str, value: str, *, private: bool = False) -> tuple[str, ...]:
    """Say what goes over the line to write a setting, before it is framed."""
    setting = picture.setting(name, private=private)
    assert setting is not None, name
    return setting_requests(setting, value, picture.known).requests

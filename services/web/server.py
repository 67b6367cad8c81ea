"""Serves an ASGI application on addresses of ours, inside the running event loop."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator, Sequence
from typing import Any

import uvicorn

from shared import supervisor
from shared.errors import SettingsError
from shared.listening import Address, cannot_listen

logger = logging.getLogger(__name__)

PAGES = "pages"  # a part that systemd waits for
BACKLOG = 256
SEND_BUFFER = 256 * 1024  # for a browser that does not read; systems would let it grow to megabytes
GOODBYE = 2  # seconds that open connections get at the end


class _Server(uvicorn.Server):
    """Leaves the signals of the process alone: ending is by cancellation."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(application: Any, addresses: Sequence[Address]) -> None:  # noqa: ANN401 -- ASGI
    """Serve until cancelled; SettingsError if an address cannot be had."""
    sockets = await asyncio.to_thread(_listening, addresses)
    supervisor.current().serves(PAGES)
    for address in addresses:
        logger.info("the pages are at http://%s/", address)
    configuration = uvicorn.Config(
        application,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GOODBYE,
    )
    server = _Server(configuration)
    serving = asyncio.ensure_future(server.serve(sockets=sockets))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving
        for each in sockets:
            each.close()


def _listening(addresses: Sequence[Address]) -> list[socket.socket]:
    opened: list[socket.socket] = []
    try:
        for address in addresses:
            opened.extend(_bound(address))
    except SettingsError:
        for each in opened:
            each.close()
        raise
    return opened


def _bound(address: Address) -> list[socket.socket]:
    """Bind each address that the name stands for."""
    try:
        found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return [_opened(family, where) for family, _, _, _, where in dict.fromkeys(found)]
    except OSError as error:
        raise SettingsError(cannot_listen(address, error, "web")) from None


def _opened(family: int, where: tuple[Any, ...]) -> socket.socket:
    opened = socket.create_server(where[:2], family=family, backlog=BACKLOG)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # connections inherit it
    return opened

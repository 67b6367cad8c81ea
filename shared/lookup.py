"""Addresses of hosts: each name is looked up in a thread of its own.

A name server that is without power answers nobody for half a minute, and event loops have but a few
threads for that: nobody else shall wait for one, least of all who needs no name server.
"""

import asyncio
import socket
import threading
from concurrent.futures import Future
from typing import Any

Found = list[tuple[Any, ...]]
"""What socket.getaddrinfo returns."""

_PENDING: dict[tuple[str, int], Future[Found]] = {}
_LOCK = threading.Lock()


async def addresses(host: str, port: int) -> Found:
    """Find the addresses of a host for TCP; raises OSError. A numeric one needs no wait."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):  # it is a name
        return await asyncio.wrap_future(_lookup(host, port))


def _lookup(host: str, port: int) -> Future[Found]:
    """Begin to look a name up, or join who does already."""
    with _LOCK:
        pending = _PENDING.get((host, port))
        if pending is None:
            pending = _PENDING[host, port] = Future()
            pending.set_running_or_notify_cancel()  # who gives up does so for himself alone
            # A daemon: the end of the process does not wait for a name server.
            threading.Thread(
                target=_look_up, args=(host, port, pending), name=f"lookup {host}", daemon=True
            ).start()
    return pending


def _look_up(host: str, port: int, pending: Future[Found]) -> None:
    found: Found = []
    failed: OSError | None = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        failed = error
    except UnicodeError:
        failed = OSError(f"{host!r} is no name of a host")
    with _LOCK:
        del _PENDING[host, port]
    if failed is None:
        pending.set_result(found)
    else:
        pending.set_exception(failed)

"""What the devices have to tell; it waits here while there is no broker.

A result waits until it is in the audit log, too.
"""

import asyncio
import time
from collections import deque

from shared.audit import AuditLog, Deed
from shared.messages import DeviceEvent, Result

KEPT = 1000  # events and results that wait for the broker; older ones are lost


class Outbox:
    """The devices that changed, each once, and the messages about devices, in their order."""

    def __init__(self, audit: AuditLog | None = None, service: str = "") -> None:
        self._audit = audit
        self._service = service
        self._unwritten: deque[tuple[str, Result]] = deque()
        self._has_unwritten = asyncio.Event()
        self._is_closing = False
        self.changed: dict[str, None] = {}
        self.messages: deque[tuple[str, DeviceEvent | Result]] = deque(maxlen=KEPT)
        self._filled = asyncio.Event()

    def mark(self, device: str) -> None:
        """Note that a device changed, came or went."""
        self.changed[device] = None
        self._filled.set()

    def say(self, device: str, message: DeviceEvent | Result, value: str | None = None) -> None:
        """Leave a message about a device; `value` is what the request of a result had."""
        if self._audit and isinstance(message, Result):
            self._audit.note(_deed(self._service, device, message, value))
            if not self._is_closing:
                self._unwritten.append((device, message))
                self._has_unwritten.set()
                return
            self._audit.flush()
        self.messages.append((device, message))
        self._filled.set()

    async def keep_audit(self) -> None:
        """Let results go when they are in the audit log, until cancelled."""
        assert self._audit is not None
        try:
            while True:
                await self._has_unwritten.wait()
                self._has_unwritten.clear()
                count = len(self._unwritten)
                await self._audit.written()
                self._let_go(count)
        finally:
            self._is_closing = True
            self._audit.flush()
            self._let_go(len(self._unwritten))

    def _let_go(self, count: int) -> None:
        for _ in range(count):
            self.messages.append(self._unwritten.popleft())
        self._filled.set()

    async def wait(self) -> None:
        """Return when there is something in it."""
        await self._filled.wait()
        self._filled.clear()


def _deed(service: str, device: str, result: Result, value: str | None) -> Deed:
    return Deed(
        at=time.time(),
        service=service,
        user=result.by or "",
        address="",
        action=result.request,
        outcome=result.status.value,
        device=device,
        name=result.name,
        value=value,
        detail=result.detail,
        id=result.id or "",
    )

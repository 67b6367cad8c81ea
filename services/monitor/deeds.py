"""What the monitor does, for the audit log; a disk that hangs or is full delays no shutdown."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncGenerator, Callable
from queue import SimpleQueue
from typing import Final

from shared.audit import AuditLog, Deed

PARTING_TIME: Final = 1.0  # seconds for what is still to be written when the monitor leaves


class Deeds:
    """Notes deeds; inside `running` each is written at once, by a thread that nobody waits for.

    The pool of threads would not do: a disk that hangs fills it, and the process could not end.
    """

    def __init__(self, audit: AuditLog, id: str) -> None:
        self._audit = audit
        self._who = f"monitor@{id}"
        self._turns: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Write inside the block; what is left at its end is waited for, but not for long."""
        threading.Thread(target=self._write, name="audit", daemon=True).start()
        try:
            yield
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PARTING_TIME):
                    await self.written()
            self._turns.put(None)

    def note(self, action: str, outcome: str, *, device: str = "", **more: str) -> None:
        """Have a deed of ours written as soon as the disk can; `more` are other fields of Deed."""
        deed = Deed(time.time(), self._who, self._who, "", action, outcome, device, **more)
        self._audit.note(deed)
        self._turns.put(lambda: None)

    async def written(self) -> None:
        """Return when all that was noted is on the disk, or in our log; that may take for ever."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(done.set)

        self._turns.put(tell)
        await done.wait()

    def _write(self) -> None:
        while tell := self._turns.get():
            self._audit.flush()
            tell()

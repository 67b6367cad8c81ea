"""The file of the history in two threads: one writes, one reads while the other writes.

What goes wrong with the file is told as UnusableError; nothing else of the service is touched.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from services.web.history.schema import (
    UnusableError,
    alone,
    is_spoilt,
    open_for_reading,
    seen,
    set_aside,
)
from services.web.history.writer import Batch, Writer

P = ParamSpec("P")
R = TypeVar("R")


class SpoiltFileError(UnusableError):
    """The file itself is wrong: it has to be set aside, and another one begun."""


class Store:
    """An open file; `opened` makes one."""

    def __init__(
        self,
        path: Path,
        writer: Writer,
        connection: sqlite3.Connection,
        threads: tuple[ThreadPoolExecutor, ThreadPoolExecutor],
    ) -> None:
        self._path = path
        self._writer = writer
        self._connection = connection
        self._writing, self._reading = threads
        self.fault: sqlite3.Error | None = None

    async def write(
        self, method: Callable[Concatenate[Writer, P], R], *values: P.args, **named: P.kwargs
    ) -> R:
        """Call a method of the writer: `await store.write(Writer.append, batch)`."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._writing, lambda: method(self._writer, *values, **named)
            )
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    async def read(
        self,
        question: Callable[Concatenate[sqlite3.Connection, P], R],
        *values: P.args,
        **named: P.kwargs,
    ) -> R:
        """Have a question of `reader` answered, from one moment of the file."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._reading, lambda: self._asked(question, *values, **named)
            )
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def finish(self, batch: Batch) -> None:
        """Write the last batch now, whatever else is going on."""
        if batch:
            with contextlib.suppress(sqlite3.Error):
                self._writing.submit(self._writer.append, batch).result()

    def _asked(
        self,
        question: Callable[Concatenate[sqlite3.Connection, P], R],
        *values: P.args,
        **named: P.kwargs,
    ) -> R:
        with seen(self._connection):
            return question(self._connection, *values, **named)

    def _unusable(self, error: sqlite3.Error) -> UnusableError:
        if is_spoilt(error):
            self.fault = error
            return SpoiltFileError(f"{self._path}: {error}")
        return UnusableError(f"{self._path}: {error}")


@contextlib.asynccontextmanager
async def opened(path: Path) -> AsyncGenerator[Store]:
    """Have the file open; UnusableError if it cannot be. One found spoilt is set aside."""
    threads = (ThreadPoolExecutor(1, "history-write"), ThreadPoolExecutor(1, "history-read"))
    try:
        async with contextlib.AsyncExitStack() as stack:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(threads[0], stack.enter_context, alone(path))
            writer = await loop.run_in_executor(threads[0], Writer, path)
            stack.callback(writer.close)
            connection = await loop.run_in_executor(threads[1], open_for_reading, path)
            stack.callback(connection.close)
            store = Store(path, writer, connection, threads)
            stack.callback(_set_aside_if_spoilt, store, path, (writer.close, connection.close))
            stack.callback(threads[0].shutdown)
            stack.callback(threads[1].shutdown)
            yield store
    except sqlite3.Error as error:
        raise UnusableError(f"{path}: {error}") from None
    finally:
        for thread in threads:
            thread.shutdown()


def _set_aside_if_spoilt(
    store: Store, path: Path, closings: tuple[Callable[[], None], Callable[[], None]]
) -> None:
    if store.fault:
        for close in closings:
            close()
        set_aside(path, store.fault)

"""What has to survive a restart: timers, devices, outages, and what is still to be done (SQLite).

Everything that one decision changes is written as one transaction, which is on the disk before
anything of it is done. So a timer that has fired is gone, and what it orders is there, or neither.
One scheduler has a file at a time. When the disk fails, the service goes on in memory and says so.
"""

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

from pydantic import TypeAdapter, ValidationError

from services.scheduler.book import Changes, Known, Outage, Saved, Timer
from services.scheduler.jobs import Delivery, DeviceRequest, Program, Stored
from shared.errors import SettingsError

MAX_WAITING: Final = 1000  # deliveries to one target
KEEP_OUTAGES: Final = 5 * 366 * 86400.0

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS timers (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS devices (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS calendar (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outages (ended REAL NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, target TEXT NOT NULL,
    created REAL NOT NULL, aside INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_of_target ON jobs (kind, target);
CREATE TABLE IF NOT EXISTS clock (only INTEGER PRIMARY KEY CHECK (only = 1), seen REAL NOT NULL);
PRAGMA user_version = 1;
"""

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """One job that is stored; `created` in seconds since the epoch."""

    id: int
    job: Stored
    created: float


class Database:
    """The file, for one thread at a time; `Store` is its face for the event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = _opened(path)

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def load(self) -> tuple[Saved, float | None]:
        """Read what was saved, and when the clock was last noted."""
        saved = Saved(
            timers=dict(self._rows("timers", _TIMER)),
            devices=dict(self._rows("devices", _KNOWN)),
            calendar=dict(self._rows("calendar", _MOMENT)),
        )
        seen = self._connection.execute("SELECT seen FROM clock").fetchone()
        return saved, seen[0] if seen else None

    def tasks(self) -> list[Task]:
        """List what is still to be done but for deliveries, the oldest first."""
        query = "SELECT id, kind, body, created FROM jobs WHERE kind != ? ORDER BY id"
        return self._tasks(query, ("delivery",))

    def next_delivery(self, target: str, place: int = 0) -> Task | None:
        """Choose what to deliver to a target: the oldest, at place 1 the one after it."""
        query = (
            "SELECT id, kind, body, created FROM jobs WHERE kind = ? AND target = ?"
            " ORDER BY aside, id LIMIT 1 OFFSET ?"
        )
        found = self._tasks(query, ("delivery", target, place))
        return found[0] if found else None

    def drop_targets(self, known: Collection[str]) -> set[str]:
        """Drop what waits for targets that are not known; name these."""
        query = "SELECT DISTINCT target FROM jobs WHERE kind = ?"
        found = {row[0] for row in self._connection.execute(query, ("delivery",))}
        gone = found - set(known)
        query = "DELETE FROM jobs WHERE kind = ? AND target = ?"
        rows = [("delivery", target) for target in gone]
        self._written(lambda: self._connection.executemany(query, rows))
        return gone

    def outages(self, since: float, until: float) -> list[Outage]:
        """List the outages that ended in this time."""
        query = "SELECT body FROM outages WHERE ended >= ? AND ended <= ? ORDER BY ended"
        rows = self._connection.execute(query, (since, until))
        return [_OUTAGE.validate_json(body) for (body,) in rows]

    def commit(self, changes: Changes, jobs: Iterable[Stored], now: float) -> list[Task]:
        """Write everything that changed and what is to be done; what was ordered comes back."""
        return self._written(lambda: self._put(changes, jobs, now))

    def claim(self, id: int) -> bool:
        """Take a job out, to do it now; False when it is not there any more."""
        query = "DELETE FROM jobs WHERE id = ?"
        return self._written(lambda: self._connection.execute(query, (id,)).rowcount == 1)

    def set_aside(self, id: int) -> None:
        """Put a job behind all others."""
        query = "UPDATE jobs SET aside = (SELECT max(aside) + 1 FROM jobs) WHERE id = ?"
        self._written(lambda: self._connection.execute(query, (id,)))

    def note_time(self, now: float) -> None:
        """Note how late it is."""
        self._written(lambda: self._set_clock(now))

    def _rows(self, table: str, kind: TypeAdapter[R]) -> Iterable[tuple[str, R]]:
        for id, body in self._connection.execute(f"SELECT id, body FROM {table}"):  # noqa: S608 -- a name of ours
            try:
                yield id, kind.validate_json(body)
            except ValidationError as error:
                logger.warning("%s: %s %s is dropped: %s", self._path, table, id, error)

    def _tasks(self, query: str, values: tuple[Any, ...]) -> list[Task]:
        found = []
        for id, kind, body, created in self._connection.execute(query, values).fetchall():
            try:
                found.append(Task(id, _JOBS[kind].validate_json(body), created))
            except (KeyError, ValidationError) as error:
                logger.warning("%s: job %s is dropped: %s", self._path, id, error)
                self.claim(id)
        return found

    def _written(self, write: Callable[[], R]) -> R:
        """Write as one transaction; when the disk fails, go on in memory."""
        try:
            with self._connection:
                return write()
        except sqlite3.Error as error:
            logger.error(
                "%s: %s: from now on nothing survives a restart until the service is restarted",
                self._path,
                error,
            )
            self._move_to_memory()
            with self._connection:
                return write()

    def _move_to_memory(self) -> None:
        memory = _prepared(sqlite3.connect(":memory:", check_same_thread=False))
        try:
            self._connection.backup(memory)
        except sqlite3.Error:
            memory.close()
            memory = _prepared(sqlite3.connect(":memory:", check_same_thread=False))
        self._connection.close()
        self._connection = memory

    def _put(self, changes: Changes, jobs: Iterable[Stored], now: float) -> list[Task]:
        self._put_rows("timers", changes.timers, _TIMER)
        self._put_rows("devices", changes.devices, _KNOWN)
        self._put_rows("calendar", changes.calendar, _MOMENT)
        for outage in changes.outages:
            row = (outage.ended, _OUTAGE.dump_json(outage))
            self._connection.execute("INSERT INTO outages VALUES (?, ?)", row)
            old = (now - KEEP_OUTAGES,)
            self._connection.execute("DELETE FROM outages WHERE ended < ?", old)
        self._set_clock(now)
        return [self._add(job, now) for job in jobs]

    def _put_rows(self, table: str, rows: dict[str, Any], kind: TypeAdapter[Any]) -> None:
        for id, row in rows.items():
            if row is None:
                self._connection.execute(f"DELETE FROM {table} WHERE id = ?", (id,))  # noqa: S608 -- a name of ours
            else:
                values = (id, kind.dump_json(row).decode())
                self._connection.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", values)  # noqa: S608 -- a name of ours

    def _add(self, job: Stored, now: float) -> Task:
        kind = _KINDS[type(job)]
        target = job.target if isinstance(job, Delivery) else ""
        body = _JOBS[kind].dump_json(job).decode()
        query = "INSERT INTO jobs (kind, target, created, body) VALUES (?, ?, ?, ?)"
        id = self._connection.execute(query, (kind, target, now, body)).lastrowid
        assert id is not None
        if target:
            self._drop_surplus(target)
        return Task(id, job, now)

    def _drop_surplus(self, target: str) -> None:
        query = (
            "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE kind = ? AND target = ?"
            " ORDER BY id DESC LIMIT -1 OFFSET ?)"
        )
        if self._connection.execute(query, ("delivery", target, MAX_WAITING)).rowcount:
            logger.warning(
                "more than %s messages wait for %s: the oldest is dropped", MAX_WAITING, target
            )

    def _set_clock(self, now: float) -> None:
        self._connection.execute("INSERT OR REPLACE INTO clock VALUES (1, ?)", (now,))


class Store:
    """The database in a thread of its own; its calls are those of `Database`."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()
        self._database.close()

    async def call(
        self, method: Callable[Concatenate[Database, P], R], *values: P.args, **named: P.kwargs
    ) -> R:
        """Call a method of the database: `await store.call(Database.claim, 7)`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, lambda: method(self._database, *values, **named)
        )


def _opened(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Messages may be private; sqlite gives its other files the same mode.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        return _connected(path)
    except OSError as error:
        where = error.filename or path
        raise SettingsError(f"scheduler.database: {where}: {error.strerror or error}") from None
    except sqlite3.OperationalError as error:
        why = "another scheduler uses it" if "locked" in str(error) else str(error)
        raise SettingsError(f"scheduler.database: {path}: {why}") from None
    except sqlite3.DatabaseError as error:
        spoilt = path.with_name(f"{path.name}.spoilt")
        path.replace(spoilt)
        for rest in ("-wal", "-shm"):
            path.with_name(f"{path.name}{rest}").unlink(missing_ok=True)
        logger.error("%s: %s: it is kept as %s, and we begin anew", path, error, spoilt)
        return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0, check_same_thread=False)
    try:
        return _prepared(connection)
    except sqlite3.Error:
        connection.close()
        raise


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # the power may go at any moment
    connection.executescript(_SCHEMA)
    return connection


_TIMER: Final = TypeAdapter(Timer)
_KNOWN: Final = TypeAdapter(Known)
_MOMENT: Final = TypeAdapter(float)
_OUTAGE: Final = TypeAdapter(Outage)
_KINDS: Final[dict[type, str]] = {
    Delivery: "delivery",
    Program: "program",
    DeviceRequest: "request",
}
_JOBS: Final[dict[str, TypeAdapter[Any]]] = {
    name: TypeAdapter(kind) for kind, name in _KINDS.items()
}

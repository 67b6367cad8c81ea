"""The file of the history: how it is opened, made, brought up to date, and set aside if spoilt."""

import contextlib
import fcntl
import logging
import os
import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path
from typing import IO, Final

from services.web.history.tiers import TIERS

PAGE_SIZE: Final = 8192
LOG_LIMIT: Final = 16 * 2**20  # bytes that the log next to the file keeps
SYNCHRONOUS: Final = "FULL"  # what is committed is on the disk, whenever the power goes
SPOILT_CODES: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_TABLES: Final = """
CREATE TABLE devices (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE series (
    id INTEGER PRIMARY KEY, device INTEGER NOT NULL, variable TEXT NOT NULL,
    UNIQUE (device, variable));
CREATE TABLE recent (
    generation INTEGER NOT NULL, at INTEGER NOT NULL, series INTEGER NOT NULL, value REAL,
    PRIMARY KEY (generation, at, series)) WITHOUT ROWID;
CREATE TABLE outages (
    id TEXT PRIMARY KEY, device TEXT NOT NULL, began REAL NOT NULL, is_open INTEGER NOT NULL,
    body TEXT NOT NULL);
CREATE INDEX outages_by_time ON outages (began);
CREATE TABLE horizons (tier TEXT PRIMARY KEY, begin INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE clock (only INTEGER PRIMARY KEY CHECK (only = 1), seen REAL NOT NULL);
"""

logger = logging.getLogger(__name__)


class UnusableError(Exception):
    """The history cannot be kept or read for now; the text says which file and why."""


def _first(connection: sqlite3.Connection) -> None:
    for statement in _TABLES.strip().split(";\n"):
        connection.execute(statement)
    for tier in TIERS:
        connection.execute(f"CREATE TABLE {tier.name} (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")


# Each step brings a file from the version that is its place to the next one.
MIGRATIONS: Final[tuple[Callable[[sqlite3.Connection], None], ...]] = (_first,)


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the file, making it if need be; one that is spoilt is set aside; UnusableError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        try:
            return _prepared(path)
        except sqlite3.DatabaseError as error:
            if not is_spoilt(error):
                raise
            set_aside(path, error)
            return _prepared(path)
    except OSError as error:
        raise UnusableError(f"{error.filename or path}: {error.strerror or error}") from None
    except sqlite3.Error as error:
        raise UnusableError(f"{path}: {error}") from None


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a file that is being written; UnusableError says why not."""
    try:
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error as error:
        raise UnusableError(f"{path}: {error}") from None
    return connection


@contextlib.contextmanager
def alone(path: Path) -> Generator[None]:
    """Keep other web services from writing the file meanwhile; UnusableError if one does."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("a") as file:
            _lock(file, path)
            yield
    except OSError as error:
        raise UnusableError(f"{error.filename or lock}: {error.strerror or error}") from None


def is_spoilt(error: sqlite3.Error) -> bool:
    """Whether it is the file itself that is wrong, for good."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in SPOILT_CODES


def set_aside(path: Path, error: sqlite3.Error) -> None:
    """Rename a spoilt file, and what belongs to it, so that a new one can begin."""
    number = 1
    while (kept := path.with_name(f"{path.name}.spoilt-{number}")).exists():
        number += 1
    for rest in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + rest).rename(kept.with_name(kept.name + rest))
    logger.error("%s: %s: it is kept as %s, and the history begins anew", path, error, kept)


def _lock(file: IO[str], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UnusableError(f"{path}: another web service writes it") from None


def _prepared(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=1, check_same_thread=False, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA journal_size_limit = {LOG_LIMIT}")
        connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise UnusableError(
            f"{path}: its version is {version}, written by a later nutbus; this one knows"
            f" {len(MIGRATIONS)}"
        )
    for number, step in enumerate(MIGRATIONS[version:], version + 1):
        with written(connection):
            step(connection)
            connection.execute(f"PRAGMA user_version = {number}")


@contextlib.contextmanager
def written(connection: sqlite3.Connection) -> Generator[None]:
    """Write what the block does as one whole, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def seen(connection: sqlite3.Connection) -> Generator[None]:
    """Let the block see the file as it is at one moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")

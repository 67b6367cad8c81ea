"""What survives in the file, and what happens when the file fails."""

import logging
import sqlite3
import stat

import pytest

from services.scheduler.book import Cause, Changes, Known, Outage, Timer, TimerKind
from services.scheduler.jobs import Delivery, DeviceRequest, Program
from services.scheduler.store import MAX_WAITING, Database
from shared.errors import SettingsError
from shared.events import Condition

CAUSE = Cause("rack1", "ONBATT", "UPS rack1 on battery", 5.0)
TIMER = Timer("started:1", TimerKind.STARTED, "out", 1, 30.0, (CAUSE, CAUSE), True, 7)
KNOWN = Known(Condition("OB", "x", False), {"line": "ONBATT"}, 5.0, 40.0, 6.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "scheduler.sqlite3"


@pytest.fixture
def database(path):
    database = Database(path)
    yield database
    database.close()


def deliver(database, target, title, now=1.0):
    [task] = database.commit(Changes(), [Delivery(target, title, "")], now)
    return task.id


def test_everything_comes_back_as_it_was(database, path):
    jobs = [Program(("/bin/x", "ä"), {"A": "b"}, 3.0, "lane"), DeviceRequest("a", "set", "b", "c")]
    what = Changes({TIMER.id: TIMER}, {"rack1": KNOWN}, {"entry": 3.5}, [Outage("a", 1, 2, None)])
    database.commit(what, [*jobs, Delivery("ops", "t", "b")], 9.0)
    database.close()
    again = Database(path)
    saved, seen = again.load()
    assert (saved.timers, saved.devices) == ({TIMER.id: TIMER}, {"rack1": KNOWN})
    assert (saved.calendar, seen) == ({"entry": 3.5}, 9.0)
    assert [task.job for task in again.tasks()] == jobs
    assert again.outages(0, 2) == [Outage("a", 1, 2, None)]
    assert again.outages(3, 9) == []
    again.close()


def test_what_is_gone_is_gone(database, caplog):
    database.commit(Changes({TIMER.id: TIMER}, {"rack1": KNOWN}, {"entry": 3.5}), [], 1.0)
    database.commit(Changes({TIMER.id: None}, {"rack1": None}, {"entry": None}), [], 1.0)
    saved, _ = database.load()
    assert (saved.timers, saved.devices, saved.calendar, caplog.text) == ({}, {}, {}, "")


def test_a_job_can_be_claimed_once(database):
    [task] = database.commit(Changes(), [Program(("/bin/x",))], 1.0)
    assert [database.claim(task.id), database.claim(task.id)] == [True, False]


def test_nobody_else_may_read_the_file(database, path):
    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {0o600}


def test_a_second_scheduler_is_refused(database, path):
    database.note_time(1.0)
    with pytest.raises(SettingsError, match=r"scheduler.sqlite3: another scheduler uses it"):
        Database(path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"scheduler.database: .*/file: File exists"):
        Database(tmp_path / "file" / "x.sqlite3")


def test_a_spoilt_file_is_set_aside(path, caplog):
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    database = Database(path)
    assert database.load()[0].timers == {}
    assert "kept as" in caplog.text
    assert path.with_name("scheduler.sqlite3.spoilt").read_bytes().startswith(b"no database")
    database.close()


def test_a_row_that_makes_no_sense_is_dropped(path, caplog):
    database = Database(path)
    database.commit(Changes({TIMER.id: TIMER}), [Program(("/bin/x",))], 1.0)
    database.close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO timers VALUES ('other', '{}')")
    connection.execute("UPDATE jobs SET body = '[]'")
    connection.commit()
    connection.close()
    database = Database(path)
    assert list(database.load()[0].timers) == [TIMER.id]
    assert database.tasks() == []
    assert "timers other is dropped" in caplog.text
    database.close()


def test_when_the_disk_fails_it_goes_on_in_memory(database, caplog):
    database.commit(Changes({TIMER.id: TIMER}), [Delivery("ops", "1", "")], 1.0)
    database._connection.execute("PRAGMA query_only = ON")  # as a disk that takes no more
    with caplog.at_level(logging.ERROR):
        deliver(database, "ops", "2")
    assert "nothing survives a restart" in caplog.text
    assert TIMER.id in database.load()[0].timers
    first = database.next_delivery("ops")
    assert first is not None
    assert first.job == Delivery("ops", "1", "")


class TestDeliveries:
    """Which message goes next."""

    def next(self, database, target="ops"):
        task = database.next_delivery(target)
        return task and task.job.title

    def test_the_oldest_for_the_target_goes_first(self, database):
        deliver(database, "pager", "0")
        first = deliver(database, "ops", "1")
        deliver(database, "ops", "2")
        assert self.next(database) == "1"
        database.claim(first)
        assert self.next(database) == "2"
        assert self.next(database, "nobody") is None

    def test_one_that_is_set_aside_goes_last(self, database):
        first = deliver(database, "ops", "1")
        second = deliver(database, "ops", "2")
        database.set_aside(first)
        assert self.next(database) == "2"
        database.set_aside(second)
        assert self.next(database) == "1"
        assert database.next_delivery("ops", place=1).job.title == "2"
        assert database.next_delivery("ops", place=2) is None

    def test_the_queue_has_an_end(self, database, caplog):
        jobs = [Delivery("ops", str(number), "") for number in range(MAX_WAITING + 2)]
        database.commit(Changes(), jobs, 1.0)
        assert self.next(database) == "2"
        assert "the oldest is dropped" in caplog.text

    def test_what_waits_for_strangers_is_dropped(self, database):
        deliver(database, "ops", "1")
        deliver(database, "gone", "2")
        assert database.drop_targets(("ops",)) == {"gone"}
        assert self.next(database, "gone") is None
        assert self.next(database) == "1"

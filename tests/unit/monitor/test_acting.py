"""What the log and the audit log say when something is done."""

import asyncio
import fcntl
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from services.monitor.acting import Means, carry_out
from services.monitor.actions import (
    Action,
    ClearFsd,
    Decide,
    OrderStage,
    SetFsd,
    ShutDown,
    WakeHost,
)
from services.monitor.deeds import Deeds
from services.monitor.notify import Notifier
from services.monitor.privileged import PowerDown
from services.monitor.shutdown import Ourselves
from services.monitor.supplies.bus import BusLink, Interests
from shared.audit import AuditLog
from shared.service_messages import StageOrder
from shared.topics import Topics

ORDER = StageOrder(
    id="o1", at=1.0, stage="first", hosts=["web", "db"], deadline=9.0, reason="ups: charge 10 %"
)


async def done(folder: Path, *actions: Action, command: list[str]) -> list[dict[str, Any]]:
    """Carry actions out; what the audit log has of them."""
    deeds = Deeds(AuditLog(folder / "audit"), "host")
    means = Means(
        notifier=Notifier(),
        power=Ourselves(PowerDown(command)),
        flag=folder / "flag",
        deeds=deeds,
        link=BusLink("host", Topics("nut"), Interests(("ups",)), lambda: None),
        asked={},
        notify_command=None,
        hosts={},
    )
    async with deeds.running():
        await carry_out(actions, means)
    return [json.loads(line) for line in (folder / "audit").read_text().splitlines()]


@pytest.mark.parametrize("dry_run", [False, True])
async def test_the_log_tells_whether_the_shutdown_command_was_run(tmp_path, caplog, dry_run):
    file = tmp_path / "done"
    with caplog.at_level(logging.INFO):
        action = ShutDown(writes_flag=False, dry_run=dry_run)
        (line,) = await done(tmp_path, action, command=["touch", str(file)])
    assert file.exists() is not dry_run
    assert ("running the shutdown command" in caplog.messages) is not dry_run
    assert (line["action"], line["outcome"]) == ("shutdown", "rehearsed" if dry_run else "sent")


async def test_the_shutdown_waits_for_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("services.monitor.acting.LAST_WORD_TIME", 60.0)
    file, kept = tmp_path / "audit", tmp_path / "kept"
    with file.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # who writes a line waits for that
        action = ShutDown(writes_flag=True)
        task = asyncio.create_task(done(tmp_path, action, command=["cp", str(file), str(kept)]))
        await asyncio.wait({task}, timeout=0.3)  # as long as it takes if it did not wait
        assert not kept.exists()
    lines = await task
    assert [line["action"] for line in lines] == ["killpower", "shutdown"]
    assert kept.read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (
            Decide(True, "its stage is ordered", ("ordered by hub",), "o1"),
            ("shutdown", "decided", None, "its stage is ordered; ordered by hub", "o1"),
        ),
        (
            Decide(False, "mains is back"),
            ("shutdown", "taken back", None, "mains is back", None),
        ),
        (
            SetFsd("ups", "low", dry_run=True),
            ("fsd", "rehearsed", None, "low", None),
        ),
        (ClearFsd("ups"), ("clear-fsd", "sent", None, None, None)),
        (OrderStage(ORDER), ("stage", "sent", "first", "ups: charge 10 %", "o1")),
        (OrderStage(None), ("stage", "taken back", None, None, None)),
        (WakeHost("web", 1), ("wake", "failed", "web", "its MAC address is not known", None)),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_each_deed_is_a_line(tmp_path, action, expected):
    (line,) = await done(tmp_path, action, command=[])
    keys = ("action", "outcome", "name", "detail", "id")
    assert tuple(line.get(key) for key in keys) == expected
    assert line["user"] == line["service"] == "monitor@host"


async def test_what_is_set_and_cleared_has_the_same_id(tmp_path):
    lines = await done(tmp_path, SetFsd("ups", "low"), ClearFsd("ups"), command=[])
    assert [line["action"] for line in lines] == ["fsd", "clear-fsd"]
    assert lines[0]["id"] == lines[1]["id"]

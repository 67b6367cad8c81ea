"""What a monitor does and why is in the audit file before its host goes down, disk or no disk."""

import asyncio
import contextlib
import fcntl
import json
import socket
import subprocess
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.monitor.app import run
from shared.audit import faults
from shared.bus import connect
from shared.latest import Latest
from shared.messages import ForcedShutdown, clearing
from shared.settings import AuditSettings
from shared.topics import DeviceTopic
from tests.brokers import Mosquitto
from tests.integration.gateways import NutClient, serving
from tests.integration.power import (
    TIMEOUT,
    TOPICS,
    background,
    bus_settings,
    bystander,
    monitor_settings,
    plant,
    went_down,
)
from tests.monitors import Diary

pytestmark = pytest.mark.integration


KEYS = ("user", "action", "outcome", "device")


class File:
    """An audit file, and what it says."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        lines = self.path.read_bytes().splitlines(keepends=True)
        assert list(faults(lines)) == []
        return [json.loads(line) for line in lines]

    def of(self, service: str) -> list[tuple[Any, ...]]:
        return [
            tuple(line.get(key) for key in KEYS)
            for line in self.lines()
            if line["service"] == service
        ]

    async def has(self, number: int, **fields: str) -> dict[str, Any]:
        """Wait until so many lines have these fields; the last of them."""
        found: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(TIMEOUT):
                while len(found) < number:
                    await asyncio.sleep(0.01)
                    found = [line for line in self.lines() if fields.items() <= line.items()]
        except TimeoutError:
            raise AssertionError(f"{fields} not in {self.lines()}") from None
        assert len(found) == number
        return found[-1]


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path / "audit.jsonl")


@contextlib.asynccontextmanager
async def audited(
    broker: Mosquitto, folder: Path, audit: AuditSettings, role: str = "primary", **section: Any
) -> AsyncGenerator["asyncio.Task[None]"]:
    """Run a monitor of one supply with this audit log."""
    supplies = [{"device": "ups", "role": role}]
    settings = monitor_settings(broker.url, folder, supplies, **section)
    async with background(run(Latest(settings.model_copy(update={"audit": audit})))) as task:
        yield task


def copying(file: File, folder: Path) -> str:
    """Shut down by keeping what the audit file has at that moment."""
    return f"cp '{file.path}' '{folder}/kept' && '{Diary(folder).command('tested')}'"


async def test_what_the_monitor_does_is_on_the_disk_before_its_host_goes_down(
    broker: Mosquitto, file: File, tmp_path: Path
):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(str(tmp_path / "syslog"))
        audit = AuditSettings(file=file.path, syslog=str(tmp_path / "syslog"))
        command = copying(file, tmp_path)
        async with (
            plant(broker.url, ups="OL") as mains,
            audited(broker, tmp_path, audit, shutdown_command=command) as monitor,
        ):
            mains.say("ups", "OB DISCHRG LB")
            await went_down(tmp_path, "tested")
            await asyncio.wait({monitor})
        kept = File(tmp_path / "kept")
        me = "monitor@tested"
        assert kept.of(me) == [
            (me, "shutdown", "decided", None),
            (me, "fsd", "sent", "ups"),
            (me, "killpower", "sent", None),
            (me, "shutdown", "sent", None),
        ]
        assert kept.lines() == file.lines()
        why = "power value 0 of 1 needed; ups: on battery, and the battery is low"
        assert kept.lines()[0]["detail"] == why
        assert kept.lines()[2]["value"] == f"{tmp_path}/tested.killpower"
        sent = [syslog.recv(65536).decode().partition(": ")[2] for _ in range(4)]
    assert sent == file.path.read_text().splitlines()


async def test_who_gave_a_forced_shutdown_on_the_bus_is_noted_once_by_gateways_and_by_the_monitor(
    broker: Mosquitto, file: File, tmp_path: Path
):
    audit = AuditSettings(file=file.path)
    table = {"file": str(file.path)}
    order = ForcedShutdown(by="alice via node-red", at=1.0, reason="smoke")
    async with (
        plant(broker.url, ups="OL"),
        serving(broker, "g1", audit=table),
        serving(broker, "g2", audit=table) as gateway,
        connect(bus_settings(broker.url)) as anybody,
    ):
        for times in (1, 2):  # the same order, word for word, given again
            await anybody.publish(order.publication(TOPICS, "ups"))
            seen = await file.has(times, action="fsd", outcome="seen", device="ups")
            assert (seen["user"], seen["detail"]) == ("alice via node-red", "smoke")
            await anybody.publish(clearing(TOPICS.device("ups", DeviceTopic.FSD)))
            cleared = await file.has(times, action="clear-fsd", outcome="seen", device="ups")
            assert cleared["id"] == seen["id"] == order.digest
        async with await NutClient.connect(gateway.port) as client:
            for line in ("USERNAME admin", "PASSWORD secret"):
                await client.ask(line)
            assert await client.ask("FSD ups") == "OK FSD-SET"
        given = await file.has(1, action="fsd", outcome="ok", service="gateway@g2")
        await file.has(1, action="fsd", outcome="seen", service="gateway@g1", id=given["id"])
        command = copying(file, tmp_path)
        async with audited(broker, tmp_path, audit, "secondary", shutdown_command=command):
            await went_down(tmp_path, "tested")
        decided = await file.has(1, outcome="decided")
        assert "a forced shutdown is ordered by 'admin@127.0.0.1' at " in decided["detail"]
        assert file.of("gateway@g2").count(("admin@127.0.0.1", "fsd", "seen", "ups")) == 0


async def test_what_stands_when_a_gateway_starts_is_noted_if_nobody_has(
    broker: Mosquitto, file: File
):
    order = ForcedShutdown(by="early", at=1.0)
    async with plant(broker.url, ups="OL"), connect(bus_settings(broker.url)) as anybody:
        await anybody.publish(order.publication(TOPICS, "ups"))
        for id in ("first", "second"):
            async with serving(broker, id, audit={"file": str(file.path)}):
                await file.has(1, user="early", service="gateway@first")
    assert len(file.lines()) == 1


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "full"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(folder)], check=True)
    (folder / "filler").write_bytes(b"x" * 4096)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_a_full_disk_keeps_no_host_up(
    broker: Mosquitto, full_disk: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    audit = AuditSettings(file=full_disk / "audit.jsonl")
    async with (
        plant(broker.url, ups="OL") as mains,
        audited(broker, tmp_path, audit) as monitor,
    ):
        mains.say("ups", "OB LB")
        await went_down(tmp_path, "tested")
        await asyncio.wait({monitor})
    said = [r.getMessage() for r in caplog.records if "cannot write the audit log" in r.message]
    assert len(said) == 4
    assert "No space left on device" in said[0]
    assert '"outcome": "decided"' in said[0]


async def test_a_disk_that_hangs_keeps_no_host_up(broker: Mosquitto, file: File, tmp_path: Path):
    with file.path.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # who writes a line waits for that
        async with (
            plant(broker.url, ups="OL") as mains,
            bystander(broker.url) as watching,
            audited(broker, tmp_path, AuditSettings(file=file.path)) as monitor,
        ):
            mains.say("ups", "OB LB")
            await went_down(tmp_path, "tested")
            await asyncio.wait({monitor})
            await watching.phase("down")
        assert file.lines() == []
        assert (tmp_path / "tested.killpower").exists()
        fcntl.flock(held, fcntl.LOCK_UN)
    await file.has(1, action="killpower", outcome="sent")
    await file.has(1, action="shutdown", outcome="sent")


async def test_a_rehearsal_is_noted_as_one_and_a_command_that_fails_as_such(
    broker: Mosquitto, file: File, tmp_path: Path
):
    audit = AuditSettings(file=file.path)
    async with plant(broker.url, ups="OB LB"):
        async with audited(broker, tmp_path, audit, dry_run=True):
            await file.has(1, action="killpower", outcome="rehearsed")
            await file.has(2, action="shutdown", outcome="rehearsed")
        assert {line["outcome"] for line in file.lines()} == {"rehearsed"}
        with pytest.raises(ExceptionGroup):
            async with audited(broker, tmp_path, audit, shutdown_command="exit 3") as monitor:
                await asyncio.wait({monitor})
    failed = await file.has(1, action="shutdown", outcome="failed")
    assert failed["detail"] == "the shutdown command failed with exit code 3"

"""The audit log: nothing lost, nothing torn, and what is missing shows."""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.console.__main__ import app
from shared.audit import AuditLog, Deed, entrust, faults, line_of, syslog_address
from shared.settings import AuditSettings

TIMEOUT = 20.0


def deed(number: int = 0, value: str | None = None) -> Deed:
    return Deed(1.5, "web@x", "eve", "::1", "command", "ok", "rack1", f"load.{number}", value)


def wrong(file: Path) -> list[str]:
    with file.open("rb") as lines:
        return list(faults(lines))


async def test_each_deed_is_one_line_of_json_and_names_the_one_before(tmp_path):
    file = tmp_path / "deep" / "audit.jsonl"
    log = AuditLog(file)
    for number in range(3):
        await log.record(deed(number, "two\nlines"))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["name"] for line in lines] == ["load.0", "load.1", "load.2"]
    assert lines[0]["value"] == "two\nlines"
    assert ["after" in line for line in lines] == [False, True, True]
    assert wrong(file) == []
    assert file.stat().st_mode & 0o777 == 0o640


@given(st.text(), st.text(max_size=3000))
def test_whatever_is_written_stays_one_line(name, value):
    line = line_of(Deed(0.0, "s", name, "a", "set", "ok", value=value))
    assert "\n" not in line
    assert line.isascii()
    assert len(line) < 65536


@pytest.mark.parametrize("spoil", ["removed", "changed", "swapped", "added"])
async def test_a_line_that_is_missing_or_changed_shows(tmp_path, spoil):
    file = tmp_path / "audit.jsonl"
    log = AuditLog(file)
    for number in range(6):
        await log.record(deed(number))
    lines = file.read_bytes().splitlines(keepends=True)
    match spoil:
        case "removed":
            del lines[2]
        case "changed":
            lines[2] = lines[2].replace(b"eve", b"bob")
        case "swapped":
            lines[2], lines[3] = lines[3], lines[2]
        case "added":
            lines.insert(2, lines[2])
    file.write_bytes(b"".join(lines))
    assert wrong(file)
    verified = CliRunner().invoke(app, ["audit", "verify", str(file)])
    assert verified.exit_code == 1
    assert "missing or was changed" in verified.output


async def test_a_torn_line_spoils_no_other(tmp_path):
    file = tmp_path / "audit.jsonl"
    await AuditLog(file).record(deed(1))
    with file.open("ab") as torn:
        torn.write(b'{"at": 1.5, "serv')
    await AuditLog(file).record(deed(2))
    assert [json.loads(file.read_bytes().splitlines()[n])["name"] for n in (0, 2)] == [
        "load.1",
        "load.2",
    ]
    assert [fault.partition(":")[0] for fault in wrong(file)] == ["line 2"]


async def test_several_writers_at_once_lose_nothing(tmp_path):
    file = tmp_path / "audit.jsonl"
    script = (
        "import asyncio, sys; from pathlib import Path; from shared.audit import AuditLog, Deed\n"
        "async def main():\n"
        "    log = AuditLog(Path(sys.argv[1]))\n"
        "    for n in range(100):\n"
        "        await log.record(Deed(0, sys.argv[2], 'u', 'a', 'set', 'ok', name=str(n)))\n"
        "asyncio.run(main())\n"
    )
    command = (sys.executable, "-c", script, str(file))
    writers = [
        await asyncio.create_subprocess_exec(*command, name, cwd=Path(__file__).parents[3])
        for name in ("one", "two", "three")
    ]
    async with asyncio.timeout(TIMEOUT):
        assert [await writer.wait() for writer in writers] == [0, 0, 0]
    said = [json.loads(line) for line in file.read_text().splitlines()]
    for name in ("one", "two", "three"):
        mine = [line["name"] for line in said if line["service"] == name]
        assert mine == [str(number) for number in range(100)]
    assert wrong(file) == []


def test_what_was_answered_outlives_a_kill(tmp_path):
    file = tmp_path / "audit.jsonl"
    script = (
        "import asyncio, itertools, sys; from pathlib import Path\n"
        "from shared.audit import AuditLog, Deed\n"
        "async def main():\n"
        "    log = AuditLog(Path(sys.argv[1]))\n"
        "    for n in itertools.count():\n"
        "        await log.record(Deed(0, 's', 'u', 'a', 'set', 'ok', name=str(n)))\n"
        "        print(n, flush=True)\n"
        "asyncio.run(main())\n"
    )
    process = subprocess.Popen(
        (sys.executable, "-c", script, str(file)),
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    for _ in range(20):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    answered = int((process.stdout.read().split() or [b"19"])[-1])
    process.stdout.close()
    process.wait()
    names = [json.loads(line)["name"] for line in file.read_bytes().splitlines()[: answered + 1]]
    assert names == [str(number) for number in range(answered + 1)]


async def test_what_was_seen_is_noted_once_by_all_who_share_the_file(tmp_path):
    file = tmp_path / "audit.jsonl"

    def seen(action: str, id: str, device: str = "ups") -> Deed:
        return Deed(1.5, "gateway@x", "eve", "", action, "seen", device, id=id)

    one, other = AuditLog(file), AuditLog(file)
    for told in (
        *(seen("fsd", "1"), seen("fsd", "1", "pdu"), seen("clear-fsd", "1")),
        *(seen("fsd", "1"), deed(), seen("fsd", "2")),
    ):
        for log in (one, other):
            await log.record(told)
    said = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["action"], line["device"], line.get("id")) for line in said] == [
        ("fsd", "ups", "1"),
        ("fsd", "pdu", "1"),
        ("clear-fsd", "ups", "1"),
        ("fsd", "ups", "1"),
        *[("command", "rack1", None)] * 2,
        ("fsd", "ups", "2"),
    ]
    assert wrong(file) == []


def test_a_file_that_root_makes_for_another_is_his_and_one_that_is_there_is_left_alone(tmp_path):
    file, there, link = tmp_path / "new" / "audit.jsonl", tmp_path / "there", tmp_path / "link"
    there.write_text("x")
    link.symlink_to(tmp_path / "nowhere")
    for path in (file, there, link):
        entrust(path, 65534, 65534)
    assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (65534, 0o640)
    assert there.stat().st_uid == os.geteuid()
    assert not (tmp_path / "nowhere").exists()


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a folder on a file system with room for two pages only."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(folder)], check=False
    )
    assert mounted.returncode == 0, "this test mounts a file system: run it as root"
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_a_full_disk_tears_no_line_and_our_log_has_the_rest(full_disk, caplog):
    file = full_disk / "audit.jsonl"
    log = AuditLog(file)
    for number in range(80):
        await log.record(deed(number))
    assert wrong(file) == []
    kept = len(file.read_text().splitlines())
    assert 0 < kept < 80
    said = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert len(said) == 80 - kept
    assert f"cannot write the audit log {file}: No space left on device" in said[0]
    assert '"name": "load.79"' in said[-1]


async def test_without_a_file_the_deeds_are_in_our_log(caplog):
    caplog.set_level(logging.INFO)
    await AuditLog(None).record(deed())
    assert caplog.messages == [line_of(deed())]


async def test_what_is_noted_is_kept_by_the_keeper_even_at_the_end(tmp_path):
    file = tmp_path / "audit.jsonl"
    log = AuditLog(file)
    keeper = asyncio.create_task(log.keep())
    log.note(deed(1))
    async with asyncio.timeout(TIMEOUT):
        while not file.exists() or not file.read_text():
            await asyncio.sleep(0.01)
    keeper.cancel()
    log.note(deed(2))
    await asyncio.wait({keeper})
    assert len(file.read_text().splitlines()) == 2


async def test_syslog_gets_the_same_lines(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
        local.bind(str(tmp_path / "log"))
        file = tmp_path / "audit.jsonl"
        log = AuditLog(file, str(tmp_path / "log"))
        await log.record(deed(1))
        await log.record(deed(2))
        got = [local.recv(65536).decode() for _ in range(2)]
    assert got == [f"<86>nutbus[{os.getpid()}]: {line}" for line in file.read_text().splitlines()]


async def test_syslog_of_another_machine_gets_the_format_of_rfc_5424():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as remote:
        remote.bind(("127.0.0.1", 0))
        await AuditLog(None, f"127.0.0.1:{remote.getsockname()[1]}").record(deed())
        head, _, line = remote.recv(65536).decode().partition(" audit - ")
    assert head.split()[0] == "<86>1"
    assert head.split()[3:] == ["nutbus", str(os.getpid())]
    assert json.loads(line) == json.loads(line_of(deed()))


async def test_a_name_that_nobody_knows_is_not_asked_for_with_each_line(
    tmp_path, caplog, monkeypatch
):
    asked = []

    def unknown(*names: object, **_: object) -> None:
        asked.append(names)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr("shared.audit.socket.getaddrinfo", unknown)
    log = AuditLog(tmp_path / "audit.jsonl", "loghost.example.org")
    for number in range(3):
        await log.record(deed(number))
    assert asked == [("loghost.example.org", 514)]
    assert len((tmp_path / "audit.jsonl").read_text().splitlines()) == 3
    assert caplog.text.count("cannot send the audit log to loghost.example.org") == 3


async def test_without_syslog_the_file_goes_on(tmp_path, caplog):
    file = tmp_path / "audit.jsonl"
    await AuditLog(file, str(tmp_path / "nobody")).record(deed())
    assert len(file.read_text().splitlines()) == 1
    assert "cannot send the audit log" in caplog.text


def test_settings_say_where_it_goes(tmp_path):
    assert AuditSettings.model_validate({"file": ""}).file is None
    assert AuditSettings().file is not None
    assert syslog_address("host:5514") == ("host", 5514)
    assert syslog_address("[::1]") == ("::1", 514)
    for bad in ("host:x", "", ":514", "host:0"):
        with pytest.raises(ValueError, match="HOST:PORT"):
            syslog_address(bad)

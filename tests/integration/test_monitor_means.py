"""With what a monitor acts: notifications, the pid file, the flag file, the packet that wakes."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from services.monitor import notify, wake
from services.monitor.instance import InstanceError, only_one, tell
from services.monitor.notify import Notifier
from services.monitor.privileged import PowerDown, clear_flag, has_flag

TIMEOUT = 30.0
MESSAGE = 'it\'s on "battery"; $(id) `id`'


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


async def lines_of(file: Path, count: int) -> list[str]:
    async with asyncio.timeout(TIMEOUT):
        while len(found := lines(file)) < count:
            await asyncio.sleep(0.01)
    return found


def recorder(folder: Path, more: str = "") -> Path:
    """A program that writes what it is told to a file, one line a run."""
    program = folder / "tell me"
    program.write_text(
        f"#!{sys.executable}\n"
        "import os, sys\n"
        f"open({str(folder / 'told')!r}, 'a').write(repr((sys.argv[1:],"
        " os.environ['UPSNAME'], os.environ['NOTIFYTYPE'])) + '\\n')\n" + more
    )
    program.chmod(0o755)
    return program


async def test_a_list_is_run_without_a_shell(tmp_path):
    program = recorder(tmp_path)
    notifier = Notifier()
    async with notifier.running():
        notifier.execute([str(program), "a b"], MESSAGE, "ONBATT", "ups@host")
        told = await lines_of(tmp_path / "told", 1)
    assert told == [repr((["a b", MESSAGE], "ups@host", "ONBATT"))]


async def test_a_string_is_run_by_the_shell_and_the_message_is_one_word_of_it(tmp_path):
    program = recorder(tmp_path)
    notifier = Notifier()
    async with notifier.running():
        notifier.execute(f"'{program}' one two", MESSAGE, "SHUTDOWN", "")
        told = await lines_of(tmp_path / "told", 1)
    assert told == [repr((["one", "two", MESSAGE], "", "SHUTDOWN"))]


async def test_a_program_that_hangs_is_ended_and_never_waited_for(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(notify, "PATIENCE", 0.2)
    monkeypatch.setattr(notify, "PARTING_TIME", TIMEOUT)
    notifier = Notifier()
    async with notifier.running():
        notifier.execute(["/bin/sh", "-c", "sleep 1000", "sh"], "x", "ONBATT", "ups")
    assert "took more than 0.2 s" in caplog.text
    assert not has_children()


async def test_programs_run_a_few_at_a_time_in_their_order_and_a_flood_is_cut(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(notify, "AT_ONCE", 1)
    monkeypatch.setattr(notify, "WAITING", 3)
    program = recorder(tmp_path)
    notifier = Notifier()
    async with notifier.running():
        for number in range(6):
            notifier.execute([str(program)], str(number), "ONBATT", "ups")
        told = await lines_of(tmp_path / "told", 4)
    assert [line[3] for line in told] == ["0", "1", "2", "3"]
    assert caplog.text.count("one is dropped") == 2


async def test_what_cannot_be_run_or_fails_is_one_line_in_the_log(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(notify, "PARTING_TIME", TIMEOUT)
    notifier = Notifier()
    async with notifier.running():
        notifier.execute([str(tmp_path / "nothing")], "x", "ONBATT", "ups")
        notifier.execute(["/bin/false"], "x", "ONBATT", "ups")
    assert "nothing: No such file or directory" in caplog.text
    assert "/bin/false failed: exit code 1" in caplog.text


async def test_what_no_program_can_be_told_is_left_out_and_hurts_nobody(tmp_path):
    program = recorder(tmp_path)
    notifier = Notifier()
    async with notifier.running():
        notifier.execute([str(program)], "alarm \0 hot", "ALARM", "ups")
        told = await lines_of(tmp_path / "told", 1)
    assert told == [repr((["alarm   hot"], "ups", "ALARM"))]


async def test_wall_gets_the_message_as_its_input(tmp_path, monkeypatch):
    program = tmp_path / "wall"
    program.write_text(f"#!/bin/sh\n/bin/cat > {tmp_path}/written\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    notifier = Notifier()
    async with notifier.running():
        notifier.wall(MESSAGE)
        assert await lines_of(tmp_path / "written", 1) == [MESSAGE]


def test_the_system_log_gets_the_message_and_a_missing_one_does_no_harm(tmp_path):
    path = str(tmp_path / "log")
    notifier = Notifier(path)
    assert notifier.syslog("nobody hears it") is False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(path)
        assert notifier.syslog(MESSAGE) is True
        assert log.recv(4096).decode() == f"<29>nutbus-monitor[{os.getpid()}]: {MESSAGE}"


def test_a_full_system_log_delays_nothing(tmp_path):
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(path)
        notifier = Notifier(path)
        sent = [notifier.syslog("x" * 1000) for _ in range(5000)]
    assert sent[0] is True
    assert sent[-1] is False, "else the log was never full"


def test_the_packet_that_wakes_goes_out():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(TIMEOUT)
        target = wake.Target("52:54:00:12:34:aF", "127.0.0.1", receiver.getsockname()[1])
        wake.send(target)
        assert receiver.recv(200) == b"\xff" * 6 + bytes.fromhex("5254001234af") * 16


@pytest.mark.parametrize("mac", ["", "52:54:00:12:34", "52:54:00:12:34:zz", "525400-123456"])
def test_a_bad_mac_address_is_refused(mac):
    with pytest.raises(ValueError, match="six pairs"):
        wake.packet(mac)


def test_the_flag_is_told_from_any_other_file(tmp_path):
    flag = tmp_path / "flag"
    assert not has_flag(flag)
    assert not has_flag(None)
    flag.write_text("something of somebody")
    assert not has_flag(flag)
    clear_flag(flag)
    assert flag.exists()
    assert PowerDown(["/bin/true"], flag).carry_out() == 0
    assert has_flag(flag)
    clear_flag(flag)
    assert not flag.exists()


def test_a_flag_that_cannot_be_written_does_not_keep_the_host_up(tmp_path, capfd):
    ran = tmp_path / "ran"
    assert PowerDown(f"echo yes > {ran}; exit 3", tmp_path / "no" / "flag").carry_out() == 3
    assert ran.read_text() == "yes\n"
    said = capfd.readouterr().err
    assert "cannot write" in said
    assert "failed with exit code 3" in said


@pytest.mark.parametrize(
    ("command", "is_left"), [("true", True), ("exit 3", False), ("kill -9 $$", True)]
)
def test_a_command_that_says_it_failed_leaves_no_flag(tmp_path, command, is_left):
    """The host stays up: any later shutdown of it would have the power cut."""
    flag = tmp_path / "flag"
    PowerDown(command, flag).carry_out()
    assert has_flag(flag) is is_left


def test_a_flag_that_cannot_be_removed_is_complained_of(tmp_path, capfd, monkeypatch):
    flag = tmp_path / "flag"
    PowerDown("true", flag).carry_out()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "unlink", refuse)
    clear_flag(flag)
    assert f"cannot remove {flag}: Operation not permitted" in capfd.readouterr().err


def test_no_symbolic_link_is_written_through(tmp_path):
    victim, flag = tmp_path / "victim", tmp_path / "flag"
    victim.write_text("precious")
    flag.symlink_to(victim)
    PowerDown(["/bin/true"], flag).carry_out()
    assert victim.read_text() == "precious"


def test_only_one_monitor_holds_the_pid_file(tmp_path):
    file = tmp_path / "run" / "monitor.pid"
    with only_one(file):
        assert file.read_text() == f"{os.getpid()}\n"
        with (
            pytest.raises(InstanceError, match=f"runs already: process {os.getpid()}"),
            only_one(file),
        ):
            pass
        assert file.read_text() == f"{os.getpid()}\n"  # the one that was refused leaves it alone
    assert not file.exists()


def test_a_pid_file_that_a_crash_left_behind_means_nothing(tmp_path):
    file = tmp_path / "monitor.pid"
    file.write_text("1\n")
    with pytest.raises(InstanceError, match="no monitor runs"):
        tell(file, "stop")
    with only_one(file):
        assert file.read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize(
    ("order", "number"),
    [("fsd", signal.SIGUSR1), ("reload", signal.SIGHUP), ("stop", signal.SIGTERM)],
)
def test_an_order_is_a_signal_to_who_holds_the_pid_file(tmp_path, order, number):
    file = tmp_path / "monitor.pid"
    heard = []
    before = signal.signal(number, lambda got, _frame: heard.append(got))
    try:
        with only_one(file):
            tell(file, order)
    finally:
        signal.signal(number, before)
    assert heard == [number]


def test_nobody_to_tell_is_one_sentence(tmp_path):
    with pytest.raises(InstanceError, match="no monitor runs: nobody holds"):
        tell(tmp_path / "none.pid", "reload")

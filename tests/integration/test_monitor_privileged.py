"""The privileged parent knows one byte, and its child can do nothing that only root can."""

import json
import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT = 30.0

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give root away")

# The child tells on its standard output what it can do, then does what it is told.
CHILD = """
import json, os, sys
from pathlib import Path
from services.monitor.privileged import PowerDown, separate

folder, user = Path(sys.argv[1]), sys.argv[2]
command = f"id -u >> {folder}/ran; read code < {folder}/code; exit $code"
orders = separate(PowerDown(["/bin/sh", "-c", command], folder / "flag"), user)

def can(act):
    try:
        act()
    except OSError:
        return False
    return True

print(json.dumps({
    "pid": os.getpid(),
    "parent": os.getppid(),
    "writes for root": can(lambda: (folder / "root-only").write_text("x")),
    "reads for root": can(lambda: (folder / "secret").read_text()),
    "becomes root": can(lambda: os.setuid(0)) or can(lambda: os.setresuid(0, 0, 0)),
    "gets its group": can(lambda: os.setgid(0)) or can(lambda: os.setgroups([0])),
    "signals its parent": can(lambda: os.kill(os.getppid(), 0)),
}), flush=True)
for line in sys.stdin:
    if line.startswith("write"):
        os.write(orders.pipe, bytes.fromhex(line.split()[1]))
    elif line.startswith("hear"):
        print(os.read(orders.life, 1).hex(), flush=True)
    elif line.startswith("leave"):
        sys.exit(int(line.split()[1]))
    elif line.startswith("die with your parent"):
        print(os.read(orders.life, 1) == b"", flush=True)
"""


class Pair:
    """A privileged parent and its child, and what the child found."""

    def __init__(self, folder: Path, user: str = "nobody") -> None:
        self.folder = folder
        (folder / "code").write_text("0\n")
        (folder / "secret").write_text("s")
        (folder / "secret").chmod(0o600)
        folder.chmod(0o755)
        self.parent = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(folder), user],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self.parent.stdout
        self.found = json.loads(self.parent.stdout.readline())

    def say(self, line: str) -> None:
        assert self.parent.stdin
        self.parent.stdin.write(line + "\n")
        self.parent.stdin.flush()

    def await_runs(self, count: int) -> list[str]:
        """Wait until the command ran so often; return whom it ran as."""
        deadline = time.monotonic() + TIMEOUT
        ran = self.folder / "ran"
        while not ran.exists() or len(ran.read_text().split()) < count:
            assert time.monotonic() < deadline, "the command did not run"
            time.sleep(0.01)
        return ran.read_text().split()

    def end(self) -> None:
        for stream in (self.parent.stdin, self.parent.stdout):
            assert stream
            stream.close()
        self.parent.wait(TIMEOUT)


def status(pid: int, key: str) -> list[str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1:] for line in lines if line.startswith(f"{key}:"))


@pytest.fixture
def pair(tmp_path):
    # The folders above belong to pytest, and to root alone.
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    pair = Pair(tmp_path)
    yield pair
    pair.end()


def test_the_child_can_do_nothing_that_only_root_can(pair):
    nobody = pwd.getpwnam("nobody")
    uid, gid = str(nobody.pw_uid), str(nobody.pw_gid)
    child, parent = pair.found.pop("pid"), pair.found.pop("parent")
    assert parent == pair.parent.pid
    assert pair.found == dict.fromkeys(pair.found, False)
    assert status(child, "Uid") == [uid] * 4
    assert status(child, "Gid") == [gid] * 4
    assert "0" not in status(child, "Groups")
    assert int(status(child, "CapPrm")[0], 16) == int(status(child, "CapEff")[0], 16) == 0
    assert status(parent, "Uid") == ["0"] * 4


def test_one_byte_makes_the_parent_act_and_it_acts_as_root(pair):
    others = bytes(range(256)).replace(b"\x01", b"").replace(b"\x02", b"")
    pair.say(f"write {others.hex()}")
    pair.say("write 01")
    assert pair.await_runs(1) == ["0"]
    assert (pair.folder / "flag").read_text() == "upsmon-shutdown-file"
    pair.say("leave 0")
    assert pair.parent.wait(TIMEOUT) == 0
    assert pair.await_runs(1) == ["0"], "once, though 254 other bytes were said"


def test_another_byte_shuts_down_without_the_flag(pair):
    pair.say("write 02")
    assert pair.await_runs(1) == ["0"]
    assert not (pair.folder / "flag").exists()
    pair.say("leave 0")
    assert pair.parent.wait(TIMEOUT) == 0


@pytest.mark.parametrize(("code", "answer", "is_left"), [(0, "02", True), (3, "03", False)])
def test_the_child_hears_how_the_command_ended_and_one_that_failed_leaves_no_flag(
    pair, code, answer, is_left
):
    (pair.folder / "code").write_text(f"{code}\n")
    pair.say("write 01")
    heard = []
    for _ in range(2):
        pair.say("hear")
        heard.append(pair.parent.stdout.readline().strip())
    assert heard == ["01", answer]
    assert (pair.folder / "flag").exists() is is_left
    pair.say("leave 0")
    assert pair.parent.wait(TIMEOUT) == (1 if code else 0)


def test_no_byte_but_those_two_does_anything(pair):
    pair.say(f"write {bytes(range(3, 256)).hex()}00")
    pair.say("leave 0")
    assert pair.parent.wait(TIMEOUT) == 0
    assert not (pair.folder / "ran").exists()
    assert not (pair.folder / "flag").exists()


@pytest.mark.parametrize("code", [0, 7])
def test_the_parent_ends_with_its_child_and_as_it_does(pair, code):
    pair.say(f"leave {code}")
    assert pair.parent.wait(TIMEOUT) == code


def test_the_parent_ends_when_its_child_is_killed(pair):
    os.kill(pair.found["pid"], signal.SIGKILL)
    assert pair.parent.wait(TIMEOUT) == 1
    assert not (pair.folder / "ran").exists()


def test_a_signal_to_the_parent_reaches_the_child(pair):
    pair.parent.send_signal(signal.SIGTERM)
    assert pair.parent.wait(TIMEOUT) == 1, "this child dies of it"


def test_the_child_learns_that_its_parent_is_dead(pair):
    pair.say("die with your parent")
    pair.parent.kill()
    assert pair.parent.stdout
    assert pair.parent.stdout.readline() == "True\n"


@pytest.mark.parametrize(
    ("user", "complaint"), [("no-such-user", "no user 'no-such-user'"), ("root", "is root")]
)
def test_a_user_that_is_none_or_root_is_refused(tmp_path, user, complaint):
    ended = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), user],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=TIMEOUT,
    )
    assert complaint in ended.stderr

"""A NAS on our gateway: what Debian's upsmon does with the logins that NAS boxes insist on.

The real upsd serves a UPS of the very name and user, our gateway a device of another name.
"""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.gateway.sections import NAS, NasKind
from tests.ournut import OurNut
from tests.realnut import RealNut, Scripted, find_nut_program
from tests.system.test_foreign_clients import NOTICES, PID_FOLDERS, background, until, user
from tests.system.test_nut_tools import run, theirs

pytestmark = pytest.mark.system

DEVICE = Scripted(('SETINFO ups.status "OL"', 'SETINFO ups.id "x"', "ADDCMD load.off"))
CHIEF = "[chief]\n    password = chief\n    upsmon primary\n"
UPSMON_CONF = """\
MONITOR {device}@{address} 1 {login} {role}
MINSUPPLIES 1
SHUTDOWNCMD "/bin/touch {folder}/down"
POWERDOWNFLAG {folder}/killpower
POLLFREQ 1
POLLFREQALERT 1
HOSTSYNC 15
DEADTIME 15
FINALDELAY 0
RUN_AS_USER {user}
"""


class Scene:
    """A server with the NAS's device; `device` is the name that its primary uses."""

    def __init__(
        self, server: RealNut | OurNut, device: str, say: Callable[[str], object], folder: Path
    ) -> None:
        self.server = server
        self.device = device
        self.say = say
        self.folder = folder

    @contextlib.contextmanager
    def upsmon(self, device: str, login: str, role: str) -> Iterator[Path]:
        """Run Debian's upsmon as the current user; give its folder."""
        folder = self.folder / role
        folder.mkdir()
        settings = UPSMON_CONF.format(
            device=device,
            address=self.server.address,
            login=login,
            role=role,
            folder=folder,
            user=user(),
        )
        silent = "".join(f"NOTIFYFLAG {notice} IGNORE\n" for notice in NOTICES)
        (folder / "upsmon.conf").write_text(settings + silent)
        name = f"upsmon-nas-{role}-{os.getpid()}"
        command = [name, "-F", "-p", "-u", user()]
        try:
            with background(command, folder, executable=find_nut_program("upsmon")):
                yield folder
        finally:
            for place in PID_FOLDERS:
                (place / f"{name}.pid").unlink(missing_ok=True)

    def shown(self, *command: str) -> str:
        """Run one of NUT's tools; the port differs."""
        outcome = run([*theirs(command[0]), *command[1:]])
        return f"{outcome.status} {outcome.stdout}".replace(self.server.address, "")


@contextlib.contextmanager
def upsd(folder: Path, kind: NasKind) -> Iterator[Scene]:
    nas = NAS[kind]
    users = f"{CHIEF}[{nas.user}]\n    password = {nas.password}\n    upsmon secondary\n"
    with RealNut(folder, {nas.device: DEVICE}, users=users) as server:

        def say(status: str) -> None:
            server.scripted(nas.device).say(f'SETINFO ups.status "{status}"')

        yield Scene(server, nas.device, say, folder)


@contextlib.contextmanager
def ours(folder: Path, kind: NasKind, allow_from: str = "127.0.0.1") -> Iterator[Scene]:
    (folder / "ups.conf").write_text("")
    gateway = {
        "users": {"chief": {"password": "chief", "upsmon": "primary"}},
        "nas": {kind: {"device": "rack1", "allow_from": [allow_from]}},
    }
    with OurNut(folder, scripted={"rack1": DEVICE}, gateway=gateway) as server:
        server.await_readable("rack1")

        def say(status: str) -> None:
            server.do(server.scripted.change("rack1", "ups.status", status))

        yield Scene(server, "rack1", say, folder)


SERVERS = {"upsd": upsd, "ours": ours}


@pytest.mark.parametrize("kind", NAS)
def test_a_nas_follows_a_power_cut_down_on_both_servers(kind: NasKind, tmp_path: Path):
    outcomes = []
    for name, serve in SERVERS.items():
        folder = tmp_path / name
        folder.mkdir()
        with serve(folder, kind) as scene:
            outcomes.append(follow_a_power_cut(scene, kind))
    assert outcomes[1] == outcomes[0]
    assert outcomes[0]["logged in"] == "0 127.0.0.1\n127.0.0.1\n"
    assert outcomes[0]["at last"] == "0 FSD OB LB\n"


def follow_a_power_cut(scene: Scene, kind: NasKind) -> dict[str, str]:
    """Let a primary and a NAS run through a power cut; give what was seen on the way."""
    nas, server, seen = NAS[kind], scene.server, {}
    at = f"{nas.device}@{server.address}"
    with scene.upsmon(scene.device, "chief chief", "primary") as primary:
        server.await_answer(f"GET NUMLOGINS {nas.device}", f"NUMLOGINS {nas.device} 1")
        with scene.upsmon(nas.device, f"{nas.user} {nas.password}", "secondary") as secondary:
            server.await_answer(f"GET NUMLOGINS {nas.device}", f"NUMLOGINS {nas.device} 2")
            seen["all"] = scene.shown("upsc", at)
            seen["logged in"] = scene.shown("upsc", "-c", at)
            login = ("-u", nas.user, "-p", nas.password)
            seen["command"] = scene.shown("upscmd", *login, at, "load.off")
            seen["set"] = scene.shown("upsrw", "-s", "ups.id=y", *login, at)
            scene.say("OB")
            server.await_answer(
                f"GET VAR {nas.device} ups.status", f'VAR {nas.device} ups.status "OB"'
            )
            scene.say("OB LB")
            until((secondary / "down").exists)
            until((primary / "down").exists)
    server.await_answer(f"GET NUMLOGINS {nas.device}", f"NUMLOGINS {nas.device} 0")
    seen["at last"] = scene.shown("upsc", at, "ups.status")
    return seen


def talk(scene: Scene, *lines: str) -> list[str]:
    address = (scene.server.host, scene.server.port)
    said = []
    with (
        socket.create_connection(address, timeout=10) as connection,
        connection.makefile("rw", newline="\n") as stream,
    ):
        for line in lines:
            stream.write(f"{line}\n")
            stream.flush()
            said.append(stream.readline().rstrip("\n"))
    return said


@pytest.mark.parametrize("kind", NAS)
def test_the_public_password_is_good_for_logging_in_only(kind: NasKind, tmp_path: Path):
    nas = NAS[kind]
    with ours(tmp_path, kind) as scene:
        said = talk(
            scene,
            f"USERNAME {nas.user}",
            f"PASSWORD {nas.password}",
            f"LOGIN {nas.device}",
            f"PRIMARY {nas.device}",
            f"FSD {nas.device}",
            f"INSTCMD {nas.device} load.off",
        )
    assert said == ["OK"] * 3 + ["ERR ACCESS-DENIED"] * 3


@pytest.mark.parametrize("kind", NAS)
def test_it_is_no_good_from_elsewhere(kind: NasKind, tmp_path: Path):
    nas = NAS[kind]
    with ours(tmp_path, kind, allow_from="192.0.2.0/24") as scene:
        said = talk(
            scene,
            f"USERNAME {nas.user}",
            f"PASSWORD {nas.password}",
            f"LOGIN {nas.device}",
            f"GET VAR {nas.device} ups.status",
        )
    assert said[2:] == ["ERR ACCESS-DENIED", f'VAR {nas.device} ups.status "OL"']


def test_check_warns_of_the_public_password(tmp_path: Path):
    file = tmp_path / "nutbus.toml"
    file.write_text(
        '[gateway.nas.synology]\ndevice = "rack1"\nallow_from = ["192.0.2.7"]\n'
        '[gateway.aliases]\nother = "rack2"\n'
    )
    command = [sys.executable, "-m", "services.console", "check", "--config", str(file)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "users: monuser" in said
    assert "name other: rack2\nname ups: rack1\n" in said
    assert "warning: gateway: the password of the user monuser is public (nas.synology)" in said
    assert "secret" not in said

"""What a host offers to be shut down with, and is not: a bus with a logind, and an SSH server."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Final

from tests.docker import find_debian, until

STOP_TIMEOUT: Final = 10.0

BUS: Final = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_destination="org.freedesktop.DBus"/>
    <allow send_requested_reply="true"/>
    <allow receive_sender="*"/>
  </policy>
  <policy user="root">
    <allow own="*"/>
    <allow send_destination="*"/>
  </policy>
</busconfig>
"""

SSHD: Final = """\
ListenAddress 0.0.0.0:{port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin forced-commands-only
"""


@contextlib.contextmanager
def logind(folder: Path) -> Generator[Path]:
    """Run a system bus and a logind that root may tell; give the file of what it is told."""
    address = f"unix:path={folder / 'system_bus_socket'}"
    settings, told = folder / "bus.conf", folder / "told"
    settings.write_text(BUS.format(socket=folder / "system_bus_socket"))
    told.touch()
    bus = (find_debian("dbus-daemon", "dbus-daemon"), f"--config-file={settings}", "--nofork")
    mock = (
        *("/usr/bin/python3", "-m", "dbusmock", "--system", "--template", "logind"),
        f"--logfile={told}",
    )
    with _running(*bus):
        until((folder / "system_bus_socket").exists, "a bus")
        with _running(*mock, DBUS_SYSTEM_BUS_ADDRESS=address):
            until(lambda: _has_logind(address), "a logind")
            yield told


@contextlib.contextmanager
def ssh_server(folder: Path, port: int, command: str) -> Generator[Path]:
    """Run an SSH server whose one key may do one thing; the folder for who has the key."""
    client = folder / "client"
    client.mkdir()
    for key in (folder / "host_key", client / "id_ed25519"):
        made = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(key))
        subprocess.run(made, check=True, timeout=STOP_TIMEOUT)
    public = (client / "id_ed25519.pub").read_text()
    (folder / "authorized_keys").write_text(f'restrict,command="{command}" {public}')
    known = (folder / "host_key.pub").read_text()
    (client / "known_hosts").write_text(f"[host.docker.internal]:{port} {known}")
    (folder / "sshd_config").write_text(SSHD.format(port=port, folder=folder))
    Path("/run/sshd").mkdir(exist_ok=True)  # it does not start without; systemd would make it
    program = find_debian("sshd", "openssh-server")
    with _running(program, "-D", "-e", "-f", str(folder / "sshd_config")):
        yield client


def _has_logind(address: str) -> bool:
    ask = ("dbus-send", "--system", "--print-reply", "--dest=org.freedesktop.login1")
    asked = subprocess.run(
        (*ask, "/org/freedesktop/login1", "org.freedesktop.login1.Manager.CanPowerOff"),
        env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address},
        capture_output=True,
        check=False,
    )
    return asked.returncode == 0


@contextlib.contextmanager
def _running(*command: str, **environment: str) -> Generator[None]:
    program = shutil.which(command[0]) or command[0]
    process = subprocess.Popen(
        (program, *command[1:]), env={**os.environ, **environment}, stdin=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

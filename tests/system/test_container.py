"""One container of the real image: the short form of test_containers.py.

The Dockerfile is built as it is. Its base image is made of this machine's own Debian packages and
of wheels, so that no mirror is asked for anything while it is built.
"""

import shutil
from collections.abc import Generator
from pathlib import Path

import pip
import pytest

from tests.containers import is_healthy
from tests.docker import PYTHON, Engine, engine, until
from tests.owntree import tree
from tests.wheels import wheelhouse

pytestmark = pytest.mark.system

IMAGE = "nutbus"
PACKAGES = ("python3", "apt", "dbus-bin", "openssh-client")
WHEELS = "/usr/share/wheels"
SETTINGS = '[devices.ups]\ndriver = "simulated"\n[gateway]\nlisten = ["0.0.0.0:3493"]\n'
HARDENED = (
    *("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges"),
)


def base_image(folder: Path) -> Path:
    """Write a tar that stands for the image of Python that the Dockerfile starts from."""
    more = folder / "more"
    programs = more / "usr/local/bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to("/usr/bin/python3.11")
    packages = more / "usr/local/lib/python3.11/dist-packages"
    shutil.copytree(Path(pip.__file__).parent, packages / "pip")
    shutil.copytree(wheelhouse(), more / WHEELS[1:])
    (more / "etc").mkdir()
    (more / "etc/pip.conf").write_text(f"[global]\nno-index = true\nfind-links = {WHEELS}\n")
    tree(PACKAGES, folder / "tar", more=more)
    return folder / "tar"


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Generator[Engine]:
    with engine(in_memory=True) as running:
        running.docker("import", base_image(tmp_path_factory.mktemp("base")), PYTHON)
        running.build(IMAGE)
        with running.inside():
            yield running


def test_upsc_reads_a_hardened_container_that_says_it_is_healthy(docker: Engine, tmp_path: Path):
    settings = tmp_path / "nutbus.toml"
    settings.write_text(SETTINGS)
    docker.docker(
        *("run", "--detach", "--name", "alone", *HARDENED, "--health-interval", "1s"),
        *("--volume", f"{settings}:/etc/nutbus/nutbus.toml:ro"),
        *("--publish", "127.0.0.1:3493:3493", IMAGE),
    )
    until(lambda: is_healthy(docker.inspect("alone")), "healthy", 240)

    def answer() -> str:
        try:
            return docker.run("upsc", "ups@127.0.0.1", "ups.status").strip()
        except AssertionError:  # healthy is who has a broker; the gateway may come a moment later
            return ""

    until(lambda: answer() == "OL", "shown by upsc", 120)
    status = docker.docker("exec", "alone", "sh", "-c", "cat /proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == ["10000"] * 4
    assert int(fields["CapEff"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    refused = docker.docker("exec", "alone", "touch", "/opt/nutbus/x", fails=True)
    assert "Read-only file system" in refused
    docker.docker("stop", "--time", "60", "alone")
    state = docker.inspect("alone")["State"]
    assert state["ExitCode"] == 0, docker.docker("logs", "alone")[-3000:]

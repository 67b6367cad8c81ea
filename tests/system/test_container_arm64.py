"""The image for 64-bit ARM, as a Raspberry Pi has it: built and run on this machine, under QEMU.

The base image is a stand-in from Debian's arm64 packages. It takes three to six minutes, and
several more the first time; so it is nightly.
"""

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.containers import is_healthy
from tests.docker import PYTHON, Engine, engine, until
from tests.emulation import arm64
from tests.wheels import wheelhouse

pytestmark = [pytest.mark.system, pytest.mark.nightly]

IMAGE = "nutbus-arm64"
HARDENED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")
SETTINGS = '[devices.ups]\ndriver = "simulated"\n[gateway]\nlisten = ["0.0.0.0:3493"]\n'
PIP = """\
[global]
no-index = true
find-links = /usr/share/wheels
[install]
no-compile = true
"""
# Under QEMU everything takes ten times as long: the image's own question would be given up.
PATIENT = ("--health-timeout", "60s", "--health-start-period", "300s")
TIMEOUT = 600.0


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Generator[Engine]:
    with arm64(), engine(in_memory=True) as running:
        running.provide(PYTHON, architecture="arm64")
        lay_wheels(running, tmp_path_factory.mktemp("base"))
        running.build(IMAGE)
        with running.inside():
            yield running


def lay_wheels(docker: Engine, folder: Path) -> None:
    """Put wheels into the base image: to fetch and to compile takes pip many minutes under QEMU."""
    shutil.copytree(wheelhouse("aarch64"), folder / "wheels")
    (folder / "pip.conf").write_text(PIP)
    (folder / "Dockerfile").write_text(
        f"FROM {PYTHON}\nCOPY wheels /usr/share/wheels\nCOPY pip.conf /etc/pip.conf\n"
    )
    docker.docker("build", "--quiet", "--tag", PYTHON, folder)


def run(docker: Engine, *arguments: str) -> str:
    """Run a program of the image to its end; what it prints."""
    program, *rest = arguments
    once = ("run", "--rm", *HARDENED, "--entrypoint", program)
    return docker.docker(*once, IMAGE, *rest).strip()


def test_the_image_is_for_the_other_architecture(docker: Engine):
    assert run(docker, "uname", "-m") == "aarch64"
    assert "0.1.0" in run(docker, "nutbus", "--version")


def test_every_module_written_in_c_is_for_it_and_loads(docker: Engine):
    said = run(docker, "python", "-c", MODULES)
    loaded, failed = said.split("/")
    assert int(loaded) > 10
    assert failed == ""


def test_a_whole_nutbus_runs_in_it_and_upsc_reads_it(docker: Engine, tmp_path: Path):
    settings = tmp_path / "nutbus.toml"
    settings.write_text(SETTINGS)
    tmp_path.chmod(0o755)
    docker.docker(
        *("run", "--detach", "--name", "alone", *HARDENED, *PATIENT),
        *("--volume", f"{settings}:/etc/nutbus/nutbus.toml:ro"),
        *("--publish", "127.0.0.1:23493:3493", IMAGE),
    )
    try:
        until(lambda: is_healthy(docker.inspect("alone")), "healthy", TIMEOUT)
        assert docker.run("upsc", "ups@127.0.0.1:23493", "ups.status").strip() == "OL"
        docker.docker("stop", "--time", "120", "alone")
        assert docker.inspect("alone")["State"]["ExitCode"] == 0
    finally:
        docker.docker("rm", "--force", "alone")


# Imports each module of the environment that is a file of machine code, and libusb with ctypes.
MODULES = """
import ctypes, importlib, pathlib, sysconfig
import libusb_package
site = pathlib.Path(sysconfig.get_path("platlib"))
loaded, failed = 1, []
ctypes.CDLL(str(libusb_package.get_library_path()))
for file in sorted(site.rglob("*.so")):
    if not file.name.endswith((".abi3.so", sysconfig.get_config_var("EXT_SUFFIX"))):
        continue
    name = ".".join((*file.relative_to(site).parts[:-1], file.name.split(".")[0]))
    try:
        importlib.import_module(name.removesuffix(".__init__"))
    except ModuleNotFoundError as error:
        if error.name != "tkinter":  # a picture on a screen: the image has none
            failed.append(f"{name}: {error}")
    except ImportError as error:
        failed.append(f"{name}: {error}")
    loaded += 1
print(loaded, "/", *failed, sep="")
"""

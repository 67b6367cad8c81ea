"""The wheel: it builds, and what it installs works outside the checkout."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

CHECKOUT = Path(__file__).parents[2]


def run(*command: str, cwd: Path, **environment: str) -> str:
    finished = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(CHECKOUT), cwd=folder)
    (wheel,) = folder.glob("nutbus-*.whl")
    target = folder / "site"
    run(*pip, "install", "--no-deps", "--target", str(target), str(wheel), cwd=folder)
    return target


def test_nothing_of_the_checkout_is_used(installed: Path, tmp_path: Path):
    code = "import services.console.__main__, shared.bus; print(shared.bus.__file__)"
    found = run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(installed))
    assert found.strip() == str(installed / "shared" / "bus.py")


def test_every_module_and_data_file_is_in_it(installed: Path):
    for package in ("shared", "services"):
        files = {
            path.relative_to(CHECKOUT)
            for path in (CHECKOUT / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert files
        assert [path for path in files if not (installed / path).is_file()] == []


def test_its_command_line_works(installed: Path, tmp_path: Path):
    nutbus = str(installed / "bin" / "nutbus")
    helped = run(sys.executable, nutbus, "--help", cwd=tmp_path, PYTHONPATH=str(installed))
    assert "demo" in helped
    assert "upsc" in helped


def test_its_demo_shows_a_fleet(installed: Path, tmp_path: Path):
    nutbus = str(installed / "bin" / "nutbus")
    with subprocess.Popen(
        [sys.executable, "-u", nutbus, "demo"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        try:
            shown = next(line for line in demo.stdout if "simulated" in line)
        finally:
            demo.send_signal(signal.SIGINT)
            demo.stdout.read()
    assert shown.startswith("Two UPSes and a PDU")
    assert demo.returncode == 0
    assert list(tmp_path.iterdir()) == []

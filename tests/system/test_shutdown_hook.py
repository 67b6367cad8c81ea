"""The hook that cuts the power at the end of a shutdown; harmless commands stand for reboot."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

HOOK = Path(__file__).parents[2] / "deploy" / "systemd" / "nutbus-shutdown"
MAGIC = "upsmon-shutdown-file"


@pytest.fixture
def folder(tmp_path: Path, free_port: int) -> Path:
    (tmp_path / "nutbus.toml").write_text(
        f"""
        [bus]
        broker = "mqtt://127.0.0.1:{free_port}"
        [devices.ups1]
        driver = "simulated"
        [monitor]
        power_down_flag = "{tmp_path}/flag"
        shutdown_command = "true"
        supplies = [{{device = "ups1", power_value = 1, role = "primary"}}]
        """
    )
    command = tmp_path / "nutbus"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m services.console "$@"\n')
    command.chmod(0o755)
    return tmp_path


async def hook(folder: Path, **environment: str) -> tuple[int, str]:
    """Run it; what it would read in /etc/default is in the folder of the test."""
    own = folder / "hook"
    own.write_text(HOOK.read_text().replace("/etc/default/nutbus", str(folder / "default")))
    own.chmod(0o755)
    process = await asyncio.create_subprocess_exec(
        str(own),
        "poweroff",
        env={
            "PATH": os.environ["PATH"],
            "NUTBUS": str(folder / "nutbus"),
            "NUTBUS_CONFIG": str(folder / "nutbus.toml"),
            "NUTBUS_REBOOT": f"touch {folder}/rebooted",
            **environment,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def test_without_the_flag_the_power_stays(folder: Path):
    assert await hook(folder) == (0, "")


async def test_what_the_units_read_in_etc_default_counts_here_too(folder: Path):
    (folder / "default").write_text(f"NUTBUS_MONITOR__POWER_DOWN_FLAG={folder}/other\n")
    (folder / "other").write_text(MAGIC)
    _, out = await hook(folder)
    assert "ups1: powered off with shutdown.return" in out


async def test_a_file_that_no_monitor_wrote_is_no_flag(folder: Path):
    (folder / "flag").write_text("something else")
    assert await hook(folder) == (0, "")


async def test_with_the_flag_the_power_is_cut(folder: Path):
    (folder / "flag").write_text(MAGIC)
    code, out = await hook(folder)
    assert code == 0
    assert "ups1: powered off with shutdown.return" in out
    assert not (folder / "rebooted").exists()


async def test_where_the_mains_came_back_the_machine_reboots(folder: Path):
    (folder / "flag").write_text(MAGIC)
    code, out = await hook(folder, POWEROFF_WAIT="0")
    assert (code, (folder / "rebooted").exists()) == (0, True)
    assert "the mains is back" in out

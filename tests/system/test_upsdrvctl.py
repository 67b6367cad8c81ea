"""`nutbus upsdrvctl` as a user runs it: real processes, a real broker."""

import asyncio
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

DEVICES = """
[devices.last]
driver = "simulated"
sdorder = 2
[devices.first]
driver = "simulated"
sdorder = 1
sdcommands = ["no.such", "shutdown.stayoff"]
[devices.never]
driver = "simulated"
sdorder = -1
"""


async def upsdrvctl(*arguments: str, settings: Path) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.console", "upsdrvctl", *arguments),
        env={"NUTBUS_CONFIG": str(settings), "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
def settings(broker, tmp_path: Path) -> Path:
    file = tmp_path / "nutbus.toml"
    file.write_text(f'[bus]\nbroker = "{broker.url}"\n[driver]\nid = "test"\n{DEVICES}')
    return file


async def test_a_dry_run_shows_the_order_and_the_commands(settings):
    assert await upsdrvctl("-t", "shutdown", settings=settings) == (
        0,
        "would power off first with driver.killpower: no.such, shutdown.stayoff\n"
        "would power off last with driver.killpower: shutdown.default\n",
        "",
    )


async def test_without_a_driver_service_it_opens_its_own_line(settings):
    code, out, _ = await upsdrvctl("shutdown", settings=settings)
    assert (code, out) == (
        0,
        "first: powered off with shutdown.stayoff\nlast: powered off with shutdown.return\n",
    )


async def test_without_a_broker_it_powers_off_all_the_same(settings, broker):
    await broker.stop()
    code, out, _ = await upsdrvctl("shutdown", "first", settings=settings)
    assert (code, out) == (0, "first: powered off with shutdown.stayoff\n")


async def test_a_device_that_fails_does_not_spare_the_next(settings):
    settings.write_text(settings.read_text().replace('"shutdown.stayoff"', '"no.such.either"'))
    code, out, err = await upsdrvctl("shutdown", settings=settings)
    assert (code, out) == (1, "last: powered off with shutdown.return\n")
    assert "first: no.such: the device has no such command" in err


async def test_start_status_shutdown_and_stop(settings, tmp_path):
    pid = ("--pid-file", str(tmp_path / "driver.pid"))
    assert (await upsdrvctl("start", *pid, settings=settings))[0] == 0
    try:
        _, again, error = await upsdrvctl("start", *pid, settings=settings)
        assert (again, "runs already" in error) == ("", True)
        _, out, _ = await upsdrvctl("status", "first", settings=settings)
        assert out.splitlines() == [
            "UPSNAME\tUPSDRV\tRUNNING\tPF_PID\tS_RESPONSIVE\tS_PID\tS_STATUS",
            "first\tsimulated\tRUNNING\tN/A\tRESPONSIVE\tN/A\tOL",
        ]
        _, out, _ = await upsdrvctl("shutdown", "first", settings=settings)
        assert out == "first: powered off with driver.killpower\n"
    finally:
        code, _, error = await upsdrvctl("stop", *pid, settings=settings)
    assert code == 0, error
    _, out, _ = await upsdrvctl("status", "first", settings=settings)
    assert out.splitlines()[1] == "first\tsimulated\tSTOPPED\tN/A\tNOT_RESPONSIVE\tN/A\tN/A"


async def test_without_a_broker_nothing_is_said_of_drivers_that_nobody_can_see(settings, broker):
    await broker.stop()
    code, out, error = await upsdrvctl("status", settings=settings)
    assert (code, out) == (1, "")
    assert error.startswith(f"nutbus: cannot reach the broker at {broker.url}")


async def test_an_unknown_device_is_named_with_those_that_exist(settings):
    code, _, error = await upsdrvctl("shutdown", "nobody", settings=settings)
    assert code == 1
    assert error == "nutbus: no device nobody in the settings; there are: last, first, never\n"

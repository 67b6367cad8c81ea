"""A port behind Debian's ser2net: bytes, modem lines and the break, with a server others wrote."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.driver.contract import Site
from services.driver.drivers.genericups import GenericUps, GenericUpsOptions
from services.driver.transports.serial import SerialLine, SerialSettings
from shared.errors import DeviceError
from tests.modemlines import Terminal, environment, terminal
from tests.ports import free_port

pytestmark = pytest.mark.integration

TIMEOUT = 30.0
SETTINGS = """\
connection: &port
    accepter: telnet(rfc2217),tcp,127.0.0.1,{port}
    connector: serialdev,{terminal},9600n81,local
"""


@asynccontextmanager
async def ser2net(folder: Path) -> AsyncGenerator[tuple[Terminal, str, subprocess.Popen[bytes]]]:
    """Serve a pseudo-terminal that has modem lines; yield it, and the URL to reach it."""
    program = shutil.which("ser2net", path="/usr/sbin:/usr/bin")
    if program is None:
        raise AssertionError("these tests need ser2net: apt-get install ser2net")
    port, settings = free_port(), folder / "ser2net.yaml"
    with terminal(folder) as line:
        settings.write_text(SETTINGS.format(port=port, terminal=line.path))
        with (folder / "ser2net.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: ASYNC220 -- it is short
                (program, "-n", "-d", "-c", settings, "-P", folder / "pid"),
                env={**os.environ, **environment(folder)},
                stdout=log,
                stderr=log,
            )
        try:
            yield line, f"rfc2217://127.0.0.1:{port}", process
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait)


async def reached(driver: GenericUps) -> None:
    async with asyncio.timeout(TIMEOUT):
        while True:
            try:
                await driver.open()
            except DeviceError:
                await driver.close()
                await asyncio.sleep(0.02)
            else:
                return


async def opened(url: str) -> SerialLine:
    async with asyncio.timeout(TIMEOUT):
        while True:
            line = SerialLine(url, SerialSettings())
            try:
                await line.open()
            except DeviceError:
                await asyncio.sleep(0.02)
            else:
                return line


async def test_bytes_of_every_value_pass(tmp_path):
    async with ser2net(tmp_path) as (terminal, url, _):
        line, every = await opened(url), bytes(range(256))
        await line.write(every)
        heard = b""
        async with asyncio.timeout(TIMEOUT):
            while len(heard) < len(every):
                heard += await asyncio.to_thread(os.read, terminal.device, 4096)
        assert heard == every
        os.write(terminal.device, every)
        assert await line.read(256, TIMEOUT) == every
        await line.close()


async def test_a_contact_closure_ups_is_read_and_switched_off(tmp_path):
    async with ser2net(tmp_path) as (terminal, url, process):
        await (await opened(url)).close()
        terminal.set("CTS", "DCD")
        options = GenericUpsOptions.model_validate({"upstype": 7, "sdtime": 0.1})
        driver = GenericUps(Site("ups", url), options)
        await reached(driver)  # ser2net needs a moment to let go of the line that was closed
        assert (await driver.poll()).status == "OL"
        async with asyncio.timeout(TIMEOUT):
            terminal.set("DCD")
            await driver.wait()
            assert (await driver.poll()).status == "OB"
            terminal.set()
            await driver.wait()
            assert (await driver.poll()).status == "LB OB"
            assert terminal.driven()[-1] == {"RTS"}  # the cable's power
            await driver.command("shutdown.default", None)
            assert terminal.driven()[-1] == {"DTR"}
            await driver.poll()
            assert terminal.driven()[-1] == {"RTS"}
            process.terminate()
            with pytest.raises(DeviceError, match="the device is gone"):
                await driver.wait()
        await driver.close()


async def test_the_break_is_held_and_ends(tmp_path):
    async with ser2net(tmp_path) as (terminal, url, _):
        line = await opened(url)
        await line.send_break(0.05)
        breaks = [value for step, value in terminal.steps() if step == "break"]
        assert breaks[-2:] == [1, 0]
        await line.close()

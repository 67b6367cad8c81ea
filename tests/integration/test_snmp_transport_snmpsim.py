"""snmpsim, an agent of pysnmp's making, read by all versions."""

import asyncio
import getpass
import grp
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.driver.protocols.snmpwire.values import Kind, Value
from services.driver.transports.snmp import (
    Authentication,
    Privacy,
    SnmpAgent,
    SnmpSettings,
    User,
    Version,
)
from shared.errors import DeviceError
from tests.simulators.snmpd import free_udp_port

pytestmark = pytest.mark.integration

USER = User("ups", Authentication.SHA256, "correct horse", Privacy.AES, "battery staple", "public")
RECORDED = """\
1.3.6.1.2.1.1.1.0|4|Example
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.318.1.3.27
1.3.6.1.2.1.1.3.0|67|12345
1.3.6.1.2.1.2.2.1.1.1|2|1
1.3.6.1.2.1.2.2.1.1.2|2|2
1.3.6.1.2.1.4.1.0|65|4294967295
"""
EXPECTED = {
    "1.3.6.1.2.1.1.1.0": Value(Kind.OCTETS, b"Example"),
    "1.3.6.1.2.1.1.2.0": Value(Kind.OID, "1.3.6.1.4.1.318.1.3.27"),
    "1.3.6.1.2.1.1.3.0": Value(Kind.TICKS, 12345),
    "1.3.6.1.2.1.4.1.0": Value(Kind.COUNTER, 4294967295),
}
ROWS = {"1": Value(Kind.INTEGER, 1), "2": Value(Kind.INTEGER, 2)}


@asynccontextmanager
async def _snmpsim(folder: Path, port: int) -> AsyncGenerator[None]:
    program = Path(sys.executable).with_name("snmpsim-command-responder")
    assert program.exists(), "snmpsim is missing: pip install snmpsim"
    (folder / "data").mkdir()
    (folder / "data" / "public.snmprec").write_text(RECORDED)
    process = await asyncio.create_subprocess_exec(
        *(str(program), f"--data-dir={folder / 'data'}", f"--cache-dir={folder / 'cache'}"),
        f"--agent-udpv4-endpoint=127.0.0.1:{port}",
        *(f"--v3-user={USER.name}", f"--v3-auth-key={USER.authentication_password}"),
        *("--v3-auth-proto=SHA256", f"--v3-priv-key={USER.privacy_password}"),
        *("--v3-priv-proto=AES", f"--process-user={getpass.getuser()}"),
        f"--process-group={grp.getgrgid(os.getgid()).gr_name}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def _until_it_answers(agent: SnmpAgent) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                await agent.open()
                await agent.get(EXPECTED)
            except DeviceError:
                await asyncio.sleep(0.05)
            else:
                return


async def test_all_versions_read_the_same(tmp_path: Path):
    port = free_udp_port()
    async with _snmpsim(tmp_path, port):
        for version in Version:
            agent = SnmpAgent(SnmpSettings("127.0.0.1", port, version, user=USER, retries=3))
            await _until_it_answers(agent)
            assert await agent.get(EXPECTED) == EXPECTED, version
            assert await agent.column("1.3.6.1.2.1.2.2.1.1") == ROWS, version
            await agent.close()

"""The gateway's TLS under Debian's sslscan, behind a proxy that says STARTTLS first."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.console.certs_authority import Authority, Use
from tests.brokers import Mosquitto
from tests.integration.gateways import serving
from tests.ports import free_port
from tests.scanner import scan, versions, weak

pytestmark = pytest.mark.integration


async def test_the_gateway_offers_nothing_but_new_tls(broker: Mosquitto, tmp_path: Path):
    authority = Authority(tmp_path / "site")
    authority.create("test")
    pair = authority.sign(Use.SERVER, ["localhost"]).pair
    files = {"certificate_file": str(pair.certificate), "key_file": str(pair.key)}
    async with (
        serving(broker, allow_no_device=True, **files) as server,
        beyond_starttls(server.port) as port,
    ):
        scanned = await scan(port)
    assert versions(scanned, "enabled") == ["TLSv1.2", "TLSv1.3"]
    assert weak(scanned) == []


@asynccontextmanager
async def beyond_starttls(port: int) -> AsyncGenerator[int]:
    """Listen for TLS on another port and hand it on after STARTTLS."""
    listening = free_port()
    server = await asyncio.start_server(lambda r, w: _hand_on(port, r, w), "127.0.0.1", listening)
    async with server:
        yield listening


async def _hand_on(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    there, back = await asyncio.open_connection("127.0.0.1", port)
    back.write(b"STARTTLS\n")
    assert await there.readline() == b"OK STARTTLS\n"
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_pour(reader, back))
        tasks.create_task(_pour(there, writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # a scanner hangs up as it likes
    finally:
        writer.close()

"""TLS of the gateway and between the nodes of a cluster under Debian's sslscan.

The brokers' listeners for services are scanned in test_certs_brokers; the pages have no TLS.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.console.certs_authority import Authority, Use
from tests.brokers import Mosquitto
from tests.clusters import START_TIMEOUT, Cluster
from tests.integration.gateways import accepts, serving
from tests.ports import free_port
from tests.scanner import scan, versions, weak

pytestmark = pytest.mark.integration


async def test_the_gateway_offers_nothing_but_new_tls(broker: Mosquitto, tmp_path: Path):
    authority = Authority(tmp_path / "site")
    authority.create("test")
    pair = authority.sign(Use.SERVER, ["localhost"]).pair
    files: dict[str, Any] = {"certificate_file": str(pair.certificate), "key_file": str(pair.key)}
    async with (
        serving(broker, allow_no_device=True, **files) as server,
        beyond_starttls(server.port) as port,
    ):
        scanned = await scan(port)
    assert versions(scanned, "enabled") == ["TLSv1.2", "TLSv1.3"]
    assert weak(scanned) == []


async def test_the_nodes_of_a_cluster_offer_each_other_nothing_but_new_tls(tmp_path: Path):
    cluster = Cluster(tmp_path)
    node = cluster.nodes[0]
    await node.start()
    try:
        async with asyncio.timeout(START_TIMEOUT):
            while not await accepts(node.route_port):
                await asyncio.sleep(0.05)
        own = cluster.authority.sign(Use.NODE, ["scanner"]).pair
        shown = (f"--certs={own.certificate}", f"--pk={own.key}")
        scanned = await scan(node.route_port, *shown)
    finally:
        await cluster.stop()
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

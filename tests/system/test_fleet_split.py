"""A node of a cluster loses the others, but not its services: these must leave it by themselves."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.brokers import find_program
from tests.namespaces import Host, Network, network

pytestmark = [pytest.mark.system, pytest.mark.nightly]  # half a minute for one cut

TIMEOUT = 60.0
NODES = ("node1", "node2", "node3")
NODE = """
server_name: {name}
host: 127.0.0.1
port: -1
jetstream {{ store_dir: "{folder}" }}
mqtt {{ host: 0.0.0.0, port: 1883, max_ack_pending: 50, stream_replicas: 3 }}
cluster {{ name: nutbus, listen: "0.0.0.0:6222", routes: [{routes}] }}
"""
SERVICES = """
[bus]
broker = "{broker}"
subscription_qos = 0
keepalive = 3
[audit]
file = ""
[{section}]
id = "{id}"
{more}
"""
DEVICE = """
heartbeat = 1
poll_interval = 0.5
[devices.ups1]
driver = "dummy-ups"
port = "{dump}"
"""
GATEWAY = """
listen = ["0.0.0.0:3493"]
max_age = 3.0
"""


class Cluster:
    """Three nodes, a driver service that begins with the first and a gateway with the second."""

    def __init__(self, hosts: Network, folder: Path) -> None:
        self.hosts, self.folder = hosts, folder
        self.dump = folder / "ups1.dev"
        self.change("OL")

    def change(self, status: str) -> None:
        fresh = self.dump.with_suffix(".new")
        fresh.write_text(f"ups.status: {status}\n")
        fresh.rename(self.dump)

    def start(self) -> None:
        addresses = [self.hosts[name].address for name in NODES]
        routes = ", ".join(f'"nats://{address}:6222"' for address in addresses)
        for name in NODES:
            store = self.folder / name
            settings = self.folder / f"{name}.conf"
            settings.write_text(NODE.format(name=name, folder=store, routes=routes))
            program = find_program("nats-server", "nats-server")
            self.hosts[name].start(program, "-c", str(settings), log=store.with_suffix(".log"))
        device = DEVICE.format(dump=self.dump)
        self._nutbus(self.hosts["drivers"], addresses, "driver", device)
        turned = [*addresses[1:], addresses[0]]
        self._nutbus(self.hosts["clients"], turned, "gateway", GATEWAY)

    def _nutbus(self, host: Host, addresses: list[str], section: str, more: str) -> None:
        broker = ", ".join(f"mqtt://{address}" for address in addresses)
        settings = self.folder / f"{section}.toml"
        text = SERVICES.format(broker=broker, section=section, id=section, more=more)
        settings.write_text(text)
        host.nutbus(settings)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def nodes_of(self, service: str) -> list[str]:
        """Name the nodes that a service has been at, in their order."""
        names = {self.hosts[name].address: name for name in NODES}
        return [names[found] for found in re.findall(r"connected .*//([\d.]+):", self.log(service))]

    async def until(self, status: str) -> None:
        """Wait until a client sees the device so."""
        expected = f'VAR ups1 ups.status "{status}"' if status else "ERR DATA-STALE"
        answer = ""
        try:
            async with asyncio.timeout(TIMEOUT):
                while answer != expected:
                    answer = await self._ask("GET VAR ups1 ups.status")
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{answer!r}; {self.log('driver')}{self.log('gateway')}") from None

    async def _ask(self, question: str) -> str:
        try:
            line = await self.hosts["clients"].connect("127.0.0.1", 3493)
        except OSError as error:
            return str(error)
        reader, writer = await asyncio.open_connection(sock=line)
        writer.write(f"{question}\n".encode())
        async with asyncio.timeout(TIMEOUT):
            answer = await reader.readline()
        writer.close()
        return answer.decode().strip()


async def test_services_leave_a_node_that_lost_the_others(tmp_path: Path):
    with network(*NODES, "drivers", "clients") as hosts:
        cluster = Cluster(hosts, tmp_path)
        cluster.start()
        await cluster.until("OL")
        lost = cluster.nodes_of("driver")[-1]  # the cluster may have moved it as it began
        others = [name for name in NODES if name != lost]
        hosts.parted.update(frozenset((lost, other)) for other in others)
        cluster.change("OB")
        await cluster.until("OB")
        assert cluster.nodes_of("driver")[-1] in others
        hosts.parted.clear()
        cluster.change("OL")
        await cluster.until("OL")

"""Three NATS servers as one broker, with the files of deploy/fleet; nodes are killed at will."""

import asyncio
import json
import re
import ssl
import urllib.request
from pathlib import Path
from typing import Any, Final

from services.console.certs_authority import Authority, Issued, Use
from tests.brokers import REACHABLE_INTERVAL, find_program
from tests.ports import free_port
from tests.shipped import DEPLOY, PASSWORD, TESTER, ShippedNats

NODES: Final = ("node1", "node2", "node3")
RETAINED: Final = "$MQTT_rmsgs"  # the streams of NATS's MQTT listener
MESSAGES: Final = "$MQTT_msgs"
START_TIMEOUT: Final = 60.0  # the nodes have to elect who leads, while others use the processors


class Node(ShippedNats):
    """One node on ports of its own; `tls_port` is where services come in."""

    file = "nats-cluster.conf"

    def __init__(self, directory: Path, name: str, routes: dict[str, int]) -> None:
        super().__init__(directory)
        self.name = name
        self.tls_port = free_port()
        self.route_port = routes[name]
        self.watch_port = free_port()
        others = tuple((f"{node}:6222", f"127.0.0.1:{port}") for node, port in routes.items())
        self.places = (
            *self.places,
            *others,
            ("port: 6222", f"port: {routes[name]}"),
            ("8883", str(self.tls_port)),
            ("0.0.0.0", "127.0.0.1"),
            ("/etc/nats/", "{folder}/"),
            ("$NUTBUS_NODE", name),
        )

    def command(self) -> tuple[str, ...]:
        for file in ("nats-tls.conf", "nats-cluster.conf"):
            source = DEPLOY / ("fleet" if "cluster" in file else ".") / file
            (self.directory / file).write_text(self.moved(source.read_text()))
        self.file = "nats.conf"
        super().command()
        watched = ("-m", str(self.watch_port))
        return ("-c", str(self.directory / "nats-cluster.conf"), *watched)

    async def start(self) -> None:
        program = find_program(self.program, self.package)
        with self._log_path.open("ab") as log:
            self._process = await self._spawn(program, log)

    def leaders(self) -> dict[str, str]:
        """Say which node leads each stream, as far as this one knows."""
        url = f"http://127.0.0.1:{self.watch_port}/jsz?accounts=1&streams=1"
        with urllib.request.urlopen(url, timeout=START_TIMEOUT) as answer:
            accounts = json.load(answer).get("account_details", [])
        streams = [stream for account in accounts for stream in account.get("stream_detail", [])]
        return {stream["name"]: stream["cluster"].get("leader", "") for stream in streams}

    async def ask(self, subject: str, user: dict[str, Any]) -> None:
        """Send a request in NATS's own protocol, and wait for the answer."""
        listening = r"Listening for client connections on 127.0.0.1:(\d+)"
        port = re.findall(listening, self.log)[-1]
        context = ssl.create_default_context(cafile=user["ca_file"])
        context.load_cert_chain(user["certificate_file"], user["key_file"])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await reader.readline()  # it greets before TLS begins
            await writer.start_tls(context, server_hostname="127.0.0.1")
            login = json.dumps({"user": user["username"], "pass": user["password"]})
            request = f"SUB answer 1\r\nPUB {subject} answer 0\r\n\r\n"
            writer.write(f"CONNECT {login}\r\n{request}".encode())
            async with asyncio.timeout(START_TIMEOUT):
                while not (line := await reader.readline()).startswith(b"MSG"):
                    assert line, "the node hung up"
        finally:
            writer.close()


class Cluster:
    """Three nodes, and what a service needs to be let in."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "certs")
        self.authority.create("test")
        routes = {name: free_port() for name in NODES}
        self.nodes = []
        for name in NODES:
            directory = folder / name
            (directory / "certs").mkdir(parents=True)
            made = self.authority.sign(Use.NODE, [name, "127.0.0.1"])
            _copy(self.authority.pair.certificate, directory / "certs/ca.pem")
            _copy(made.pair.certificate, directory / "certs/server.pem")
            _copy(made.pair.key, directory / "certs/server-key.pem")
            self.nodes.append(Node(directory, name, routes))
        self._users: dict[str, Issued] = {}

    def bus(self, user: str, first: int = 0) -> dict[str, Any]:
        """The table [bus] of a service: all nodes, that of this number the first."""
        if user not in self._users:
            self._users[user] = self.authority.sign(Use.CLIENT, [user])
        ports = [node.tls_port for node in self.nodes]
        urls = [f"mqtts://127.0.0.1:{port}" for port in ports[first:] + ports[:first]]
        return {
            "broker": ", ".join(urls),
            "username": user,
            "password": PASSWORD,
            "ca_file": str(self.authority.pair.certificate),
            "certificate_file": str(self._users[user].pair.certificate),
            "key_file": str(self._users[user].pair.key),
            "keepalive": 5,
            "subscription_qos": 0,
        }

    async def start(self) -> None:
        for node in self.nodes:
            await node.start()
        for node in self.nodes:
            await self.until_open(node)

    async def stop(self) -> None:
        for node in self.nodes:
            await node.stop()

    async def leading_apart(self) -> Node:
        """Have what is retained led by another node than the messages, and return it."""
        node, tester = self.nodes[0], self.bus(TESTER)
        async with asyncio.timeout(START_TIMEOUT):
            while True:
                leaders = node.leaders()
                known = {leaders.get(RETAINED), leaders.get(MESSAGES)}
                if known <= set(NODES) and len(known) == 2:
                    return self.nodes[NODES.index(leaders[RETAINED])]
                if known <= set(NODES):
                    await node.ask(f"$JS.API.STREAM.LEADER.STEPDOWN.{RETAINED}", tester)
                await asyncio.sleep(REACHABLE_INTERVAL)

    async def until_open(self, node: Node) -> None:
        """Wait until the node listens for services."""
        async with asyncio.timeout(START_TIMEOUT):
            while True:
                node._check_alive()
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", node.tls_port)
                except OSError:
                    await asyncio.sleep(REACHABLE_INTERVAL)
                    continue
                writer.close()
                return


def _copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())

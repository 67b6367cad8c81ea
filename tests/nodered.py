"""A real Node-RED without a browser: flows go in, and what its boxes say comes out.

What it shows in the editor is heard on its websocket: debug messages, and the text below each box.
"""

import asyncio
import contextlib
import json
import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.brokers import find_program
from tests.ports import free_port

INSTALLER = Path(__file__).parents[1] / "tools" / "node-red"
START_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0
TIMEOUT = 30.0
CHECK_INTERVAL = 0.1

SETTINGS = """\
module.exports = {{
    uiHost: "127.0.0.1",
    uiPort: {port},
    flowFile: "flows.json",
    credentialSecret: false,
    mqttReconnectTime: 300,
    telemetry: {{ enabled: false, updateNotification: false }},
    externalModules: {{ palette: {{ allowInstall: false }}, modules: {{ allowInstall: false }} }},
    editorTheme: {{ tours: false }},
    logging: {{ console: {{ level: "info", metrics: false, audit: false }} }},
}}
"""

Node = dict[str, Any]


def documented_flows(page: Path) -> list[list[Node]]:
    """Return the flows of a page: its blocks of JSON, in their order."""
    blocks = re.findall(r"^```json\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [json.loads(block) for block in blocks]


def together(flows: Sequence[Sequence[Node]]) -> list[Node]:
    """Join flows as the editor does when the boxes that they share are imported once."""
    return list({node["id"]: node for flow in flows for node in flow}.values())


@dataclass(slots=True)
class Heard:
    """What was heard of Node-RED since it was connected.

    `debug` has (id of the box, payload as text), `statuses` the latest (colour, text) of each box.
    """

    debug: list[tuple[str, str]] = field(default_factory=list)
    statuses: dict[str, tuple[str, str]] = field(default_factory=dict)
    history: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def take(self, text: str | bytes) -> None:
        """Take one message of the websocket."""
        for item in json.loads(text):
            topic, data = item["topic"], item["data"]
            if topic == "debug":
                self.debug.append((data.get("id", ""), str(data.get("msg"))))
            elif topic.startswith("status/"):
                shown = (data.get("fill", ""), data.get("text", ""))
                box = topic.removeprefix("status/")
                self.statuses[box] = shown
                self.history.setdefault(box, []).append(shown)

    def said(self, box: str) -> list[str]:
        """Return what came into a debug box, the oldest first."""
        return [text for id, text in self.debug if id == box]


class NodeRed:
    """Node-RED on a free port of 127.0.0.1 with its data in `folder`; an async context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.heard = Heard()
        self._process: asyncio.subprocess.Process | None = None
        self._websocket: ClientConnection | None = None
        self._listening: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._client = httpx.AsyncClient(base_url=self.address, trust_env=False, timeout=TIMEOUT)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Everything that it said, for the text of a failure."""
        return (self.folder / "log").read_text(errors="replace")

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stop it; return when it has ended."""
        await self._client.aclose()
        if self._websocket is not None:
            await self._websocket.close()
        if self._listening is not None:
            await self._listening
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise

    async def deploy(self, flows: Sequence[Node]) -> None:
        """Replace all flows, as the button Deploy does."""
        reply = await self._client.post(
            "/flows", json=list(flows), headers={"Node-RED-Deployment-Type": "full"}
        )
        assert reply.status_code == 204, reply.text

    async def press(self, box: str) -> None:
        """Press the button of an inject box."""
        reply = await self._client.post(f"/inject/{box}", json={})
        assert reply.status_code == 200, reply.text

    async def page(self, path: str) -> str:
        """Get a page that a flow serves; one of Node-RED's own while the flow starts."""
        return (await self._client.get(path)).text

    async def until(self, condition: Callable[[Heard], Any]) -> None:
        """Wait for a condition, looked at after each message."""
        try:
            async with asyncio.timeout(TIMEOUT):
                while not condition(self.heard):
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"it never came; {self.heard}\n{self.log}") from None

    async def _start(self) -> None:
        program = await asyncio.to_thread(_installed)
        (self.folder / "settings.js").write_text(SETTINGS.format(port=self.port))
        with (self.folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(find_program("node", "nodejs"), str(program), "--userDir", str(self.folder)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "NODE_RED_HOME": str(self.folder), "NODE_OPTIONS": ""},
            )
        await self._until_served()
        self._websocket = await connect(
            f"ws://127.0.0.1:{self.port}/comms", proxy=None, max_size=None
        )
        await self._websocket.send(json.dumps({"subscribe": "status/#"}))
        self._listening = asyncio.create_task(self._listen(self._websocket))

    async def _until_served(self) -> None:
        assert self._process is not None
        async with asyncio.timeout(START_TIMEOUT):
            while True:
                assert self._process.returncode is None, self.log
                with contextlib.suppress(httpx.TransportError):
                    if (await self._client.get("/flows")).status_code == 200:
                        return
                await asyncio.sleep(CHECK_INTERVAL)

    async def _listen(self, websocket: ClientConnection) -> None:
        async for text in websocket:
            self.heard.take(text)
            self._news.set()
            self._news = asyncio.Event()


def _installed() -> Path:
    outcome = subprocess.run([INSTALLER], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    return Path(outcome.stdout.strip()) / "node_modules" / "node-red" / "red.js"

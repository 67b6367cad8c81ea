"""The web service on a broker, and a browser of sorts, for tests."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx

from services.web.app import run
from services.web.settings import WebSettings
from shared.latest import Latest
from tests.integration.schedulers import running
from tests.ports import free_port

TIMEOUT = 40.0


class Stream:
    """The event stream of a page: what each element of the page is now."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.page: dict[str, str] = {}
        self.hello: dict[str, Any] = {}
        self.beats = 0
        self._lines = answer.aiter_lines()

    async def until(self, id: str, text: str) -> str:
        """Read on until an element has a text in it."""
        async with asyncio.timeout(TIMEOUT):
            while text not in self.page.get(id, ""):
                await self.read()
        return self.page[id]

    async def read(self) -> None:
        """Take one event in."""
        kind, data = "", ""
        async for line in self._lines:
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                data = value
            elif not line:
                break
        else:
            raise EOFError
        self._take(kind, json.loads(data))

    def _take(self, kind: str, data: Any) -> None:
        match kind:
            case "put":
                self.page[data[0]] = data[1]
            case "hello":
                self.hello = data
            case "clock":
                self.beats += 1


class Web:
    """A web service of the test's own; its settings may be changed before it is started."""

    def __init__(self, broker: str, **section: Any) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.tables = {
            "bus": {"broker": broker, "keepalive": 10},
            "audit": {"file": ""},
            "web": {
                "id": "tested",
                "listen": [f"127.0.0.1:{self.port}"],
                "history": {"enabled": False},
                **section,
            },
        }

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncGenerator[httpx.AsyncClient]:
        """Serve inside the block; give a client that does not follow redirects."""
        settings = Latest(WebSettings.from_tables(self.tables, "test"))
        async with running(run(settings)) as task:
            client = httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=TIMEOUT)
            async with client, asyncio.timeout(TIMEOUT):
                while not task.done():
                    with contextlib.suppress(httpx.TransportError):
                        await client.get("/healthz")
                        break
                    await asyncio.sleep(0.02)
            async with httpx.AsyncClient(
                base_url=self.url, trust_env=False, timeout=TIMEOUT
            ) as client:
                yield client


@contextlib.asynccontextmanager
async def streamed(client: httpx.AsyncClient, query: str) -> AsyncGenerator[Stream]:
    """Look at a page inside the block."""
    async with client.stream("GET", f"/live?{query}") as answer:
        assert answer.status_code == 200, query
        yield Stream(answer)


async def shown(client: httpx.AsyncClient, path: str, text: str) -> str:
    """Wait until a page has a text."""
    async with asyncio.timeout(TIMEOUT):
        while text not in (page := (await client.get(path)).text):
            await asyncio.sleep(0.02)
    return page

"""Real Home Assistants for tests: installed by tools/home-assistant, on loopback, each its own.

One starts with an empty folder, an owner and a token. `states` follows what it says of its
entities; integrations are set up as a user does, through their forms.
"""

import asyncio
import base64
import contextlib
import functools
import hashlib
import hmac
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.ports import free_port

VERSIONS = ("2024.12.5", "2025.4.4", "2026.11.0")
NEWEST = VERSIONS[-1]
START_TIMEOUT = 120.0  # the first time it compiles itself
STOP_TIMEOUT = 60.0
ANSWER_TIMEOUT = 60.0
INTERVAL = 0.02
UNAVAILABLE = "unavailable"

_TOOL = Path(__file__).parents[1] / "tools" / "home-assistant"
_OWNER, _TOKEN, _KEY = "a" * 32, "b" * 32, "c" * 128
_LOGGED = re.compile(
    r"^(?:\x1b\[[0-9;]*m)?\S+ \S+ (?P<level>WARNING|ERROR|CRITICAL) \(.*?\) "
    r"\[(?P<logger>[^\]]*)\] (?P<text>.*)$",
    re.MULTILINE,
)


@functools.cache
def installed(version: str) -> Path:
    """Return the Python that has a version of Home Assistant; installing takes some minutes."""
    command = [sys.executable, str(_TOOL)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"tools/home-assistant: {done.stderr[-2000:]}"
    return Path(done.stdout.strip()) / version / "bin" / "python"


class HomeAssistant:
    """One installation in a folder of its own; what it has learned is kept over a restart."""

    def __init__(self, directory: Path, version: str = NEWEST) -> None:
        self.directory = directory
        self.version = version
        self.port = free_port()
        self.patience = ANSWER_TIMEOUT
        self.states: dict[str, dict[str, Any]] = {}
        self.changes: asyncio.Queue[tuple[float, dict[str, Any]]] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._line: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._prepare()

    async def start(self) -> None:
        """Start, and return when it has started all its integrations."""
        python = await asyncio.to_thread(installed, self.version)
        with self._log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(str(python), "-m", "homeassistant", "--skip-pip", "--log-no-color"),
                *("-c", str(self.directory)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(START_TIMEOUT):
            while not await self._is_running():
                assert self._process.returncode is None, f"it ended at its start:\n{self.log}"
                await asyncio.sleep(INTERVAL)
        await self._follow()

    async def stop(self) -> None:
        """Stop in good order; nothing happens if it is not running."""
        await self._end(lambda process: process.terminate())

    async def kill(self) -> None:
        """Let it die at once."""
        await self._end(lambda process: process.kill())

    async def ask(self, type_: str, **fields: Any) -> Any:
        """Ask something on the websocket and return the result; AssertionError for a refusal."""
        assert self._line is not None
        self._number += 1
        number = self._number
        self._asked[number] = asyncio.get_running_loop().create_future()
        await self._line.send(json.dumps({"id": number, "type": type_, **fields}))
        async with asyncio.timeout(self.patience):
            answer = await self._asked[number]
        assert answer["success"], f"{type_} {fields}: {answer.get('error')}"
        return answer["result"]

    async def act(self, service: str, entity: str, **data: Any) -> None:
        """Do something to an entity; `service` is such as switch.turn_on."""
        domain, _, name = service.partition(".")
        target = {"entity_id": entity}
        await self.ask(
            "call_service", domain=domain, service=name, service_data=data, target=target
        )

    async def set_up(self, integration: str, *forms: Mapping[str, Any]) -> str:
        """Add an integration by filling in its forms in their order; return its entry's id.

        What a form of this version does not ask for is left out.
        """
        flow = await self.post("/api/config/config_entries/flow", {"handler": integration})
        for form in forms:
            assert flow["type"] == "form", flow
            path = f"/api/config/config_entries/flow/{flow['flow_id']}"
            asked = {field["name"] for field in flow["data_schema"]}
            flow = await self.post(path, {name: form[name] for name in asked & form.keys()})
            assert not flow.get("errors"), flow
        assert flow["type"] == "create_entry", flow
        entry: str = flow["result"]["entry_id"]
        return entry

    async def set_up_mqtt(self, port: int) -> str:
        """Let it use a broker on loopback."""
        unsafe = {"set_client_cert": False, "set_ca_cert": "off"}
        form = {"broker": "127.0.0.1", "port": port, "other_settings": unsafe}
        return await self.set_up("mqtt", form)

    async def post(self, path: str, body: Any) -> Any:
        """Post to the REST interface and return what it answers."""
        async with self._http() as client:
            answer = await client.post(path, json=body)
            assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
            return answer.json()

    async def entities(self) -> dict[str, dict[str, Any]]:
        """Return what it has registered of entities, by their unique ids."""
        listed = await self.ask("config/entity_registry/list")
        return {each["unique_id"]: each for each in listed}

    async def until(self, condition: Callable[[], Any], what: str = "came true") -> Any:
        """Wait for a condition, mostly one of `states`, and return its value."""
        try:
            async with asyncio.timeout(self.patience):
                while not (value := condition()):
                    await asyncio.sleep(INTERVAL)
                return value
        except TimeoutError:
            raise AssertionError(f"never {what}; log: {self.complaints()}") from None

    async def until_state(self, entity: str, *wanted: str) -> None:
        """Wait until an entity has one of some states."""
        try:
            await self.until(lambda: self.state(entity) in wanted)
        except AssertionError as error:
            raise AssertionError(
                f"{entity} is {self.state(entity)}, not {wanted}: {error}"
            ) from None

    def state(self, entity: str) -> str | None:
        """Say the state of an entity; None if there is no such entity."""
        known = self.states.get(entity)
        return None if known is None else known["state"]

    def complaints(self, logger: str = "") -> list[str]:
        """List what it logged as warnings and errors, of loggers whose name has this text."""
        found = _LOGGED.finditer(self.log)
        return [f"{m['logger']}: {m['text']}" for m in found if logger in m["logger"]]

    @property
    def log(self) -> str:
        """Say all that it logged."""
        return self._log_path.read_text(errors="replace")

    @property
    def _log_path(self) -> Path:
        return self.directory / "hass.log"

    def _prepare(self) -> None:
        settings = {
            "http": {"server_host": "127.0.0.1", "server_port": self.port},
            **{name: {} for name in ("api", "auth", "config", "websocket_api")},
            "logger": {"default": "warning"},
            "homeassistant": {"time_zone": "Europe/London", "unit_system": "metric"},
        }
        storage = self.directory / ".storage"
        storage.mkdir(parents=True, exist_ok=True)
        # JSON is YAML too.
        (self.directory / "configuration.yaml").write_text(json.dumps(settings))
        (storage / "auth").write_text(json.dumps(_authentication()))

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {_token()}"},
            timeout=ANSWER_TIMEOUT,
            trust_env=False,
            verify=False,
        )

    async def _is_running(self) -> bool:
        async with self._http() as client:
            try:
                answer = await client.get("/api/config")
            except httpx.TransportError:
                return False
            if answer.status_code != httpx.codes.OK:
                return False
            is_running: bool = answer.json()["state"] == "RUNNING"
            return is_running

    async def _follow(self) -> None:
        address = f"ws://127.0.0.1:{self.port}/api/websocket"
        self._line = await connect(address, max_size=None, proxy=None)
        assert json.loads(await self._line.recv())["type"] == "auth_required"
        await self._line.send(json.dumps({"type": "auth", "access_token": _token()}))
        assert json.loads(await self._line.recv())["type"] == "auth_ok"
        self._reader = asyncio.create_task(self._read(self._line))
        await self.ask("subscribe_events", event_type="state_changed")
        for state in await self.ask("get_states"):
            self.states.setdefault(state["entity_id"], state)

    async def _read(self, line: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in line:
                message = json.loads(text)
                if message["type"] == "event":
                    self._take(message["event"]["data"])
                elif message["id"] in self._asked:
                    self._asked.pop(message["id"]).set_result(message)

    def _take(self, change: dict[str, Any]) -> None:
        if change["new_state"] is None:
            self.states.pop(change["entity_id"], None)
        else:
            self.states[change["entity_id"]] = change["new_state"]
        if self.changes is not None:
            self.changes.put_nowait((time.perf_counter(), change))

    async def _end(self, how: Callable[[asyncio.subprocess.Process], None]) -> None:
        process = self._process
        if process is None:
            return
        await self._unfollow()  # it waits for open lines
        with contextlib.suppress(ProcessLookupError):
            how(process)
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            self._process = None

    async def _unfollow(self) -> None:
        if self._line is not None and self._reader is not None:
            await self._line.close()
            await self._reader
        self._line = self._reader = None
        self.states.clear()
        self._asked.clear()


def _authentication() -> dict[str, Any]:
    """Write the store of users as Home Assistant does, with one owner and one token."""
    user = {
        "id": _OWNER,
        "group_ids": ["system-admin"],
        "is_owner": True,
        "is_active": True,
        "name": "Tester",
        "system_generated": False,
        "local_only": False,
    }
    token = {
        "id": _TOKEN,
        "user_id": _OWNER,
        "client_id": None,
        "client_name": "tests",
        "client_icon": None,
        "token_type": "long_lived_access_token",
        "created_at": "2024-01-01T00:00:00+00:00",
        "access_token_expiration": 1e9,
        "token": "d" * 128,
        "jwt_key": _KEY,
        "last_used_at": None,
        "last_used_ip": None,
        "expire_at": None,
        "credential_id": None,
        "version": None,
    }
    data = {"users": [user], "groups": [], "credentials": [], "refresh_tokens": [token]}
    return {"version": 1, "minor_version": 1, "key": "auth", "data": data}


def _token() -> str:
    """Sign an access token (RFC 7519, HS256)."""
    now = int(time.time())
    parts = ({"alg": "HS256", "typ": "JWT"}, {"iss": _TOKEN, "iat": now - 60, "exp": now + 86400})
    signed = ".".join(_url_safe(json.dumps(part).encode()) for part in parts)
    signature = hmac.new(_KEY.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_url_safe(signature)}"


def _url_safe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

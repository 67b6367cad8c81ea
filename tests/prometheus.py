"""Prometheus and promtool as Debian has them, and the web service that they read."""

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx

from services.web.app import run
from services.web.settings import WebSettings
from shared.latest import Latest
from tests.brokers import find_program
from tests.integration.power import background
from tests.ports import free_port

DEPLOY = Path(__file__).parents[1] / "deploy"
TIMEOUT = 30.0
INTERVAL = 0.05
LIMIT = 30.0
PACE = "500ms"


async def until(condition: Any, what: str) -> Any:
    """Wait for what an asynchronous condition gives to be true, and return it."""
    try:
        async with asyncio.timeout(TIMEOUT):
            while not (value := await condition()):
                await asyncio.sleep(INTERVAL)
            return value
    except TimeoutError:
        raise AssertionError(f"never {what}") from None


class Web:
    """A web service on a port of its own; `settings` may be set to others."""

    def __init__(self, settings: Latest[WebSettings], port: int) -> None:
        self.settings = settings
        self.target = f"127.0.0.1:{port}"

    async def get(self, path: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT) as client:
            return await client.get(f"http://{self.target}{path}", headers=named)

    async def said(self, path: str) -> str:
        """Give what is said there now, by a path that no rendering was kept for; "" if nothing."""
        try:
            answer = await self.get(path)
        except httpx.TransportError:
            return ""
        return answer.text if answer.status_code == 200 else ""

    async def says(self, line: str, path: str = "/metrics") -> None:
        async def is_there() -> bool:
            return line in (await self.said(path)).splitlines()

        await until(is_there, f"said {line} at {path}")


def web_settings(broker: str, port: int, **section: Any) -> WebSettings:
    tables = {
        "bus": {"broker": broker, "keepalive": 10},
        "audit": {"file": "/dev/null"},
        "web": {
            "id": "tested",
            "listen": [f"127.0.0.1:{port}"],
            "history": {"enabled": False},
            **section,
        },
    }
    return WebSettings.from_tables(tables, "test")


@contextlib.asynccontextmanager
async def web(broker: str, **section: Any) -> AsyncGenerator[Web]:
    """Run the web service."""
    port = free_port()
    latest = Latest(web_settings(broker, port, **section))
    async with background(run(latest)):
        served = Web(latest, port)

        async def is_up() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return bool(await served.get("/metrics"))
            return False

        await until(is_up, "served")
        yield served


def promtool(*arguments: str | Path, given: bytes = b"") -> str:
    """Run promtool; what it says, which has to be that all is well."""
    command = [find_program("promtool", "prometheus"), *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, timeout=TIMEOUT, check=False)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


class Prometheus:
    """A Prometheus on a port of its own that reads and judges every few moments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()

    @contextlib.asynccontextmanager
    async def up(self, target: str, rules: dict[str, Any]) -> AsyncGenerator[None]:
        """Run it on both of our endpoints at a target."""
        (self.folder / "rules.yml").write_text(json.dumps(rules))  # JSON is YAML
        targets = [{"targets": [target]}]
        jobs = [
            {"job_name": "nutbus", "static_configs": targets},
            {"job_name": "nut", "metrics_path": "/ups_metrics", "static_configs": targets},
        ]
        pace = {
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "evaluation_interval": "250ms",
        }
        settings = {"global": pace, "rule_files": ["rules.yml"], "scrape_configs": jobs}
        file = self.folder / "prometheus.yml"
        file.write_text(json.dumps(settings))
        with (self.folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                find_program("prometheus", "prometheus"),
                f"--config.file={file}",
                f"--storage.tsdb.path={self.folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--log.level=warn",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:

            async def is_ready() -> bool:
                assert process.returncode is None, (self.folder / "log").read_text()
                return await self._is_ready()

            await until(is_ready, "ready")
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(LIMIT):
                await process.wait()

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """Give the samples that an expression has now."""
        answer = await self._get("/api/v1/query", query=expression)
        assert answer["status"] == "success", answer
        data = answer["data"]
        return data["result"] if data["resultType"] == "vector" else [data]

    async def values_of(self, label: str, metric: str) -> list[str]:
        """Give what Grafana's label_values(metric, label) does."""
        answer = await self._get(f"/api/v1/label/{label}/values", **{"match[]": metric})
        return list(answer["data"])

    async def alerts(self) -> dict[tuple[str, str], str]:
        """Give the state of each alert by its name and device."""
        answer = await self._get("/api/v1/alerts")
        return {
            (each["labels"]["alertname"], each["labels"].get("device", "")): each["state"]
            for each in answer["data"]["alerts"]
        }

    async def targets(self) -> dict[str, str]:
        """Give the health of each job, or what is wrong with it."""
        answer = await self._get("/api/v1/targets")
        return {
            each["labels"]["job"]: each["lastError"] or each["health"]
            for each in answer["data"]["activeTargets"]
        }

    async def _is_ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT) as client:
                answer = await client.get(f"http://127.0.0.1:{self.port}/-/ready")
                return answer.status_code == 200
        return False

    async def _get(self, path: str, **parameters: str) -> dict[str, Any]:
        async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT) as client:
            answer = await client.get(f"http://127.0.0.1:{self.port}{path}", params=parameters)
        found = answer.json()
        assert isinstance(found, dict)
        return found

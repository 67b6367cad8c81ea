"""The HTTP API against its own OpenAPI document: whatever is asked, the answer is as it says."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.brokers import Mosquitto
from tests.integration.schedulers import Ups, running, until
from tests.integration.webs import TIMEOUT, Web, shown

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]
TOKEN = "a-token-of-twenty-characters"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def web(tmp_path_factory) -> AsyncGenerator[Web]:
    """A site with a device, and some history of it."""
    folder: Path = tmp_path_factory.mktemp("api")
    (folder / "broker").mkdir()
    broker = Mosquitto(folder / "broker")
    await broker.start()
    try:
        ups = Ups(broker.url, variables={"ups.status": "OL", "battery.charge": "100"})
        history = {"enabled": True, "file": str(folder / "history.sqlite")}
        web = Web(broker.url, history=history, tokens={"board": {"token": TOKEN}})
        async with running(ups.play()):
            await until(lambda: ups.bus)
            async with web.up() as client:
                await shown(client, "/api/v1/devices", "rack1")
                yield web
    finally:
        await broker.stop()


async def test_no_question_gets_an_answer_that_the_document_does_not_describe(web, tmp_path):
    await scan(web.url, tmp_path, "--max-examples=2", "--phases=examples,coverage,fuzzing")


@pytest.mark.nightly
async def test_nor_does_one_of_many_questions_with_a_token(web, tmp_path):
    await scan(web.url, tmp_path, "--max-examples=500", f"--header=Authorization: Bearer {TOKEN}")


async def scan(url: str, folder: Path, *options: str) -> None:
    """Have schemathesis ask for everything that the document describes, right and wrong."""
    command = (
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/api/openapi.json",
        "--no-color", "--checks=all", "--generation-deterministic", "--suppress-health-check=all",
        "--request-timeout=20",
        # No schema can say that begin is before end, or that a chart has one unit.
        "--exclude-checks=positive_data_acceptance",
        *options,
    )  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said = (await process.communicate())[0].decode(errors="replace")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said
    assert "No issues found" in said, said


async def test_the_document_describes_every_path_that_there_is(web):
    async with httpx.AsyncClient(base_url=web.url, trust_env=False, timeout=TIMEOUT) as client:
        document = (await client.get("/api/openapi.json")).json()
        described = set(document["paths"])
        assert {"/api/v1/devices", "/api/v1/devices/{name}", "/api/v1/history"} <= described
        for path in described:
            answer = await client.get(path.replace("{name}", "rack1"))
            assert answer.status_code == 200, path
        assert (await client.get("/api/v1/nothing")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        f"/api/v1/devices?limit=000000000001{'9' * 5000}",
        "/api/v1/devices?limit=0000000000019999",
        "/api/v1/devices?offset=-1",
        "/api/v1/devices?limit=%D9%A3",
        f"/api/v1/history/rack1/series?points=000000000099{'9' * 5000}",
        "/api/v1/history/rack1/series?begin=nan",
        "/api/v1/history/rack1/series?begin=-inf&end=inf",
        "/api/v1/history/rack1/export.csv?step=1e1",
        "/api/v1/history/..%5C..%5Cetc/export.csv",
        f"/api/v1/history/rack1/export.csv?variable={'x' * 129}",
        "/api/v1/outages?device=a%0d%0ab",
    ],
)
async def test_a_parameter_that_is_wrong_is_named(web, path):
    async with httpx.AsyncClient(base_url=web.url, trust_env=False, timeout=TIMEOUT) as client:
        answer = await client.get(path)
        assert answer.status_code == 400
        assert set(answer.json()) == {"error"}

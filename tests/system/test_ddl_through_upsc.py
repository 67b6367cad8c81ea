"""Dumps of 718 real devices: file, dummy driver, bus, gateway, and Debian's upsc shows the file."""

import asyncio
from collections.abc import Generator
from pathlib import Path

import pytest

from shared.nutwire import join, spell
from tests.integration.test_ddl import DUMPS, expected, without_driver
from tests.ournut import OurNut
from tests.realnut import find_nut_program

AT_ONCE = 4

pytestmark = pytest.mark.system


@pytest.fixture(name="files", scope="module")
def all_dumps() -> list[Path]:
    files = sorted(DUMPS.resolve().glob("**/*.dev"))
    if not files:
        pytest.skip("the dumps are not here: ../shared/ddl beside the checkout")
    return files


@pytest.fixture(name="nut", scope="module")
def one_server_with_all(
    files: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Generator[OurNut]:
    folder = tmp_path_factory.mktemp("nut")
    sections = (
        f"[d{number}]\ndriver = dummy-ups\nport = {join([str(file)])}\ndesc = {join([file.stem])}\n"
        for number, file in enumerate(files)
    )
    (folder / "ups.conf").write_text("".join(sections))
    driver = {"heartbeat": 60.0, "poll_interval": 60.0, "publish_variables": False}
    with OurNut(folder, driver=driver) as nut:
        for number in range(len(files)):
            nut.await_readable(f"d{number}")
        yield nut


async def upsc(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        find_nut_program("upsc"),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return output.decode("ascii")


async def test_upsc_shows_every_dump_as_it_is(nut: OurNut, files: list[Path]):
    assert len(files) > 700
    turns = asyncio.Semaphore(AT_ONCE)

    async def shown(number: int) -> dict[str, str]:
        async with turns:
            rows = (await upsc(f"d{number}@{nut.address}")).splitlines()
        return without_driver(dict(row.split(": ", 1) for row in rows))

    found = await asyncio.gather(*(shown(number) for number in range(len(files))))
    for file, variables in zip(files, found, strict=True):
        said = expected(file.read_text(encoding="utf-8", errors="replace"))
        assert variables == {name: spell(value) for name, value in said.items()}, file.name


async def test_upsc_lists_them_all_in_their_order(nut: OurNut, files: list[Path]):
    listed = (await upsc("-L", nut.address)).splitlines()
    assert listed == [f"d{number}: {file.stem}" for number, file in enumerate(files)]

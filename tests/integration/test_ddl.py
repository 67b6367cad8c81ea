"""Dumps of 718 real devices: each goes file, dummy driver, bus and comes back unchanged."""

from pathlib import Path

import pytest

from tests.integration.watcher import driver_settings, driving, watching

pytestmark = pytest.mark.integration

DUMPS = Path(__file__).parents[2] / "../shared/ddl"
DEFAULTS = {"ups.mfr": "Dummy Manufacturer", "ups.model": "Dummy UPS", "ups.status": "OL"}
COPIES = {"device.mfr": "ups.mfr", "device.model": "ups.model", "device.serial": "ups.serial"}


def dumped(text: str) -> dict[str, str]:
    """Read a dump as upsc prints it, with the remarks that DDL adds after a `#`."""
    found = {}
    for line in text.splitlines():
        name, _, value = line.partition("#")[0].partition(":")
        if name.strip():
            found[name.strip()] = value.strip()
    return found


def expected(text: str) -> dict[str, str]:
    """What a client must see of a dump: all of it, and what every dummy device has."""
    said = {name: value for name, value in dumped(text).items() if not name.startswith("driver.")}
    shown = {**DEFAULTS, "device.type": "ups", **said}
    shown = {name: value for name, value in shown.items() if value or name == "ups.status"}
    for copy, original in COPIES.items():
        if original in shown:
            shown.setdefault(copy, shown[original])
    return shown


def without_driver(variables: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if not name.startswith("driver.")}


async def test_every_dump_comes_back_unchanged(broker, tmp_path):
    files = sorted(DUMPS.glob("**/*.dev"))
    if not files:
        pytest.skip("the dumps are not here: ../shared/ddl beside the checkout")
    assert len(files) > 700
    devices = {
        f"d{number}": {"driver": "dummy-ups", "port": str(file.resolve())}
        for number, file in enumerate(files)
    }
    settings = driver_settings(
        broker.url, tmp_path, devices, heartbeat=60.0, poll_interval=60.0, publish_variables=False
    )
    async with driving(settings), watching(broker.url) as watcher:
        for device in devices:
            await watcher.available(device)
        shown = {device: without_driver(watcher.variables(device)) for device in devices}
    for device, file in zip(devices, files, strict=True):
        text = file.read_text(encoding="utf-8", errors="replace")
        assert shown[device] == expected(text), file.name

"""Fixtures that every test may use."""

import os
import shutil
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.brokers import Embedded, Mosquitto, Nats, TestBroker
from tests.ports import free_port

# How long an example takes is a matter of what else the machine does.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

LONG_FIRST = ("system", "integration", "unit")  # folders: whose files take longest begins
# These take whole processors, so they run beside the tests that wait for nobody.
GREEDY = ("test_container.py", "test_soak.py")

BROKERS: dict[str, type[TestBroker]] = {"amqtt": Embedded, "mosquitto": Mosquitto, "nats": Nats}


def pytest_configure(config: pytest.Config) -> None:
    """Keep the folders of the tests near the root: the path of a socket has 107 bytes at most.

    What services keep is in a folder of the run, not in that of this machine.
    """
    if config.option.basetemp is None:
        config.option.basetemp = tempfile.mkdtemp(prefix="nutbus-", dir="/tmp")
        config.add_cleanup(lambda: shutil.rmtree(config.option.basetemp, ignore_errors=True))
    state = tempfile.mkdtemp(prefix="nutbus-state-", dir="/tmp")
    os.environ["STATE_DIRECTORY"] = state
    config.add_cleanup(lambda: shutil.rmtree(state, ignore_errors=True))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no process works on while others wait."""
    items.sort(key=lambda item: _place(item.path))


def _place(file: Path) -> float:
    folder = file.relative_to(Path(__file__).parent).parts[0]
    if file.name in GREEDY:
        return LONG_FIRST.index("unit") - 0.5
    return LONG_FIRST.index(folder) if folder in LONG_FIRST else 0


@pytest.fixture(name="free_port")
def a_free_port() -> int:
    return free_port()


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncGenerator[Mosquitto]:
    mosquitto = Mosquitto(_data_folder(tmp_path))
    await mosquitto.start()
    yield mosquitto
    await mosquitto.stop()


@pytest.fixture(params=BROKERS)
async def any_broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[TestBroker]:
    broker = BROKERS[request.param](_data_folder(tmp_path))
    await broker.start()
    yield broker
    await broker.stop()


def _data_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "broker"
    folder.mkdir()
    return folder

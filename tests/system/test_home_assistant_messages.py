"""Home Assistant's own code takes every discovery message, and what our templates make."""

import functools
import json
import subprocess
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from services.homeassistant.discovery import discovery, encoded
from services.homeassistant.settings import HomeAssistantSection
from shared.commands import COMMANDS
from shared.fleet import Device
from shared.messages import Availability, DeviceMeta, DeviceState, Writable
from shared.topics import DeviceTopic, DiscoveryTopics, Topics
from tests.homeassistants import VERSIONS, installed
from tests.integration.test_ddl import DUMPS, dumped

pytestmark = pytest.mark.system

TOPICS = Topics()
PROGRAM = Path(__file__).parents[1] / "homeassistant_validator.py"
TIMEOUT = 300.0
EVERYTHING = HomeAssistantSection(
    id="ha", leave_out=[], commands=["*"], allow_set=["*"], allow_power_off=["*"]
).rules
USUAL = HomeAssistantSection(id="ha").rules
WRITABLE = (
    Writable(),
    Writable(max_length=8),
    Writable(type="number"),
    Writable(type="number", ranges=[(0.0, 10.5), (20.0, 99999.0)]),
    Writable(enum=["yes", "no"]),
    Writable(enum=["on", "off", "a b"]),
)


def devices() -> Iterator[Device]:
    """Make a device of each dump, that takes any command and lets any variable be written."""
    for number, file in enumerate(sorted(DUMPS.glob("**/*.dev"))):
        variables = dumped(file.read_text(encoding="utf-8", errors="replace"))
        variables.setdefault("ups.status", "OL")
        kinds = cycle(WRITABLE[number % len(WRITABLE) :] + WRITABLE)
        outlets = {name.rpartition(".")[0] for name in variables if name.startswith("outlet.")}
        switching = [f"{head}.load.{way}" for head in outlets for way in ("on", "off", "cycle")]
        yield Device(
            f"d{number}",
            meta=DeviceMeta(
                driver="dummy-ups",
                service="host",
                desc=f"{file.parent.name} {file.stem}",
                commands=[*COMMANDS, *sorted(switching)],
                writable={name: next(kinds) for name in sorted(variables)},
            ),
            state=DeviceState(seq=1, at=0.0, vars=variables),
            availability=Availability.ONLINE,
            service_online=True,
        )


@functools.cache
def lines() -> tuple[list[str], int]:
    """Write all messages of all dumps, with and without controls; say of how many devices."""
    found, count = [], 0
    for count, device in enumerate(devices(), 1):  # noqa: B007 -- it is used below
        values = {
            TOPICS.device(device.name, DeviceTopic.VARIABLE, name): value
            for name, value in device.variables.items()
        }
        for rules in (USUAL, EVERYTHING):
            for id, message in discovery(device, TOPICS, rules).items():
                line = {
                    "topic": DiscoveryTopics().device(id),
                    "payload": encoded(message).decode(),
                    "values": values,
                }
                found.append(json.dumps(line))
    return found, count


def judgements(version: str, asked: list[str]) -> list[dict[str, Any]]:
    """Ask a version of Home Assistant what it thinks of messages."""
    done = subprocess.run(
        [str(installed(version)), str(PROGRAM)],
        input="\n".join(asked),
        capture_output=True,
        check=False,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


OLDEST, *BETWEEN, NEWEST = VERSIONS
RARELY = [pytest.param(version, marks=pytest.mark.nightly) for version in BETWEEN]


@pytest.mark.parametrize("version", [OLDEST, *RARELY, NEWEST])
def test_it_takes_the_messages_of_every_dump(version: str):
    asked, count = lines()
    if not asked:
        pytest.skip("the dumps are not here: ../shared/ddl beside the checkout")
    assert count > 700
    found = judgements(version, asked)
    assert len(found) == len(asked)
    errors = {
        f"{json.loads(line)['topic']}: {error}"
        for line, judged in zip(asked, found, strict=True)
        for error in judged["errors"]
    }
    assert not errors, f"{len(errors)}: " + "\n".join(sorted(errors)[:20])
    assert sum(judged["entities"] for judged in found) > 50 * count


GOOD: dict[str, Any] = {
    "dev": {"ids": ["a"], "name": "A"},
    "o": {"name": "nutbus"},
    "avty": [{"t": "a/b", "val_tpl": "{{ 'online' if value == 'online' else 'offline' }}"}],
    "cmps": {
        "load": {
            "p": "sensor",
            "uniq_id": "a_load",
            "name": "Load",
            "stat_t": "t/load",
            "unit_of_meas": "%",
            "val_tpl": "{{ value if value|is_number else None }}",
        },
    },
}
BROKEN = {
    "a key that it does not know": ("extra", 1),
    "no origin": ("o", {}),
    "a template that does not end": ("val_tpl", "{{ value"),
    "a template that cannot be rendered": ("val_tpl", "{{ value|float }}"),
    "a value that is none": ("val_tpl", "{{ value }}"),
    "a key of a component that it does not know": ("nonsense", 1),
    "a unit that does not fit": ("dev_cla", "nonsense"),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_it_would_say_so_if_a_message_were_wrong(version: str):
    asked = [json.dumps(_asked(GOOD))]
    for key, value in BROKEN.values():
        message = json.loads(json.dumps(GOOD))
        place = message if key in ("extra", "o") else message["cmps"]["load"]
        place[key] = value
        asked.append(json.dumps(_asked(message)))
    good, *others = judgements(version, asked)
    assert (good["errors"], good["states"]) == ([], {"load": ["30"]})
    for what, judged in zip(BROKEN, others, strict=True):
        assert judged["errors"], what


def _asked(message: dict[str, Any]) -> dict[str, Any]:
    topic = DiscoveryTopics().device("a")
    return {"topic": topic, "payload": json.dumps(message), "values": {"t/load": "30"}}

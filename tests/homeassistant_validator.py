"""Let Home Assistant's own schemas and templates judge discovery messages; runs in its Python.

Takes JSON lines, `{"topic", "payload", "values"}`, from standard input: `values` has what is sent
on the topics that the message names. Writes a line for each: `errors`, what is wrong with it, how
many `entities` it has, and `states`, what became of the values by the key of a component.
"""

import asyncio
import importlib
import inspect
import json
import logging
import math
import re
import sys
import tempfile
from typing import Any

from homeassistant.components.mqtt import discovery
from homeassistant.components.mqtt.models import MqttValueTemplate
from homeassistant.components.mqtt.util import valid_publish_topic
from homeassistant.core import HomeAssistant
from homeassistant.helpers.template import Template

PREFIX = "homeassistant/"
NONSENSE = [
    *(
        "",
        " ",
        "None",
        "null",
        "nan",
        "inf",
        "-",
        "1e400",
        "12 V",
        "0x10",
        "1,5",
        "{}",
        "[]",
        "[1]",
    ),
    *("{", '"x"', "true", "\n", "\x00", "\ufffd", "é" * 300, "{{ 1 }}", '{"event_type": 1}'),
    *(
        '{"power": "x", "energy": {}}',
        '{"type": [], "status": null}',
        '{"availability": 3}',
        '{"type": "NEW"}',
    ),
]


class Complaints(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage()[:600])


# What makes components different that are of one kind for its schemas and our templates.
PLACES = ("state_topic", "command_topic")
OWN = {"name", "unique_id", *PLACES}


class Judge:
    """Judges messages, one after the other; each kind of component once."""

    def __init__(self, hass: HomeAssistant, complaints: Complaints) -> None:
        self.hass = hass
        self.complaints = complaints
        self.kinds: dict[str, dict[str, Any]] = {}  # what its schemas make of them
        self.templates: dict[str, MqttValueTemplate] = {}
        self.said: dict[tuple[str, str], str] = {}

    def judge(self, topic: str, payload: str, values: dict[str, str]) -> dict[str, Any]:
        """Judge one message."""
        self.complaints.lines.clear()
        match = discovery.TOPIC_MATCHER.match(topic.removeprefix(PREFIX))
        if not match or match["component"] != "device" or not topic.startswith(PREFIX):
            return {"errors": [f"no topic of a device: {topic}"], "entities": 0, "states": {}}
        parsed = self.parsed(topic, payload, match["object_id"], match["node_id"])
        components = parsed.get("components", {}) if parsed else {}
        errors = [] if components else ["no entities"]
        unique: set[tuple[str, str]] = set()
        states = {}
        for key, described in components.items():
            platform = described.pop("platform")
            try:
                identity = (platform, described["unique_id"])
                assert identity not in unique, f"the unique_id of another: {identity}"
                unique.add(identity)
                states[key] = self.states(parsed, platform, described, values)
            except Exception as error:  # whatever its code and ours find wrong
                errors.append(f"{key}: {platform}: {error}")
        errors += self.complaints.lines
        return {"errors": errors, "entities": len(components), "states": states}

    def parsed(self, topic: str, payload: str, object_id: str, node_id: str | None) -> Any:
        """Let it read a message; its versions want to know more or less for that."""
        known = {"hass": self.hass, "payload": payload, "topic": topic}
        known |= {"object_id": object_id, "node_id": node_id}
        parse = discovery._parse_device_payload
        return parse(**{name: known[name] for name in inspect.signature(parse).parameters})

    def states(
        self, parsed: Any, platform: str, described: dict[str, Any], values: dict[str, str]
    ) -> list[str]:
        """Let it read a component, and render what becomes of the value that is sent to it."""
        for place in PLACES:
            if place in described:
                valid_publish_topic(described[place])
        assert isinstance(described["name"], str), "a name is a text"
        assert described["name"], "no name"
        rest = {key: value for key, value in described.items() if key not in OWN}
        shared = {key: value for key, value in parsed.items() if key.startswith("availability")}
        has = [place for place in PLACES if place in described]
        kind = json.dumps([platform, has, rest, len(described["name"]) > 255, shared])
        kind = re.sub(r"nut/(device|service)/[^\"]*", "", kind)
        if kind not in self.kinds:
            self.kinds[kind] = self.made(parsed, platform, described)
            self.try_nonsense(platform, self.kinds[kind])
        topic = described.get("state_topic")
        if topic not in values:
            return []
        if (kind, values[topic]) not in self.said:
            made = self.kinds[kind]
            said = self.rendered(made["value_template"], values[topic])
            check(platform, made, said, values[topic])
            self.said[kind, values[topic]] = said
        return [self.said[kind, values[topic]]]

    def made(self, parsed: Any, platform: str, described: dict[str, Any]) -> dict[str, Any]:
        """Let it read one component; whatever it does not know is an error."""
        full = discovery.MQTTDiscoveryPayload(described)
        full["device"], full["origin"] = parsed["device"], parsed["origin"]
        discovery._merge_common_device_options(full, parsed)
        module = importlib.import_module(f"homeassistant.components.mqtt.{platform}")
        made: dict[str, Any] = module.DISCOVERY_SCHEMA(dict(full))
        unknown = full.keys() - made.keys()
        assert not unknown, f"not known to it: {', '.join(sorted(unknown))}"
        return made

    def try_nonsense(self, platform: str, made: dict[str, Any]) -> None:
        """Render what becomes of values that no device has."""
        for availability in made["availability"]:
            template = availability["value_template"]
            for value in ("online", "offline", "stale", *NONSENSE):
                said = self.rendered(template, value)
                expected = "online" if value == "online" else "offline"
                assert said == expected, f"availability {value!r} is {said!r}"
        if "state_topic" in made:
            assert "value_template" in made, "no value_template"
            for value in NONSENSE:
                check(platform, made, self.rendered(made["value_template"], value), value)

    def rendered(self, template: Template, value: str) -> str:
        """Render a template as it does when a message has come."""
        if template.template not in self.templates:
            template.hass = self.hass
            self.templates[template.template] = MqttValueTemplate(template)
        return str(self.templates[template.template].async_render_with_possible_json_value(value))


STATES = {
    "binary_sensor": ("payload_on", "payload_off"),
    "switch": ("state_on", "state_off"),
}


def check(platform: str, made: dict[str, Any], said: str, value: str) -> None:
    """Check that a state is one that this kind of entity takes without a word; None is unknown."""
    about = f"{value!r} becomes {said!r}"
    if platform == "text":
        assert len(said) <= made["max"], about
        return
    if platform == "event":
        assert said in ("", "None", "{}") or json.loads(said)["event_type"] in made["event_types"]
        return
    if said == "None":
        return
    if platform in STATES:
        allowed = [
            made.get(key) or made[key.replace("state", "payload")] for key in STATES[platform]
        ]
        assert said in allowed, about
    elif "options" in made and made["options"] is not None:
        assert said in made["options"], about
    elif platform == "number":
        assert made["min"] <= float(said) <= made["max"], about
    elif made.get("unit_of_measurement") or made.get("state_class"):
        assert math.isfinite(float(said)), about
    else:
        assert 0 < len(said) <= 255, about


async def main() -> None:
    """Judge all lines."""
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    with tempfile.TemporaryDirectory() as folder:
        hass = HomeAssistant(folder)
        judge = Judge(hass, complaints)
        for line in sys.stdin:
            sys.stdout.write(json.dumps(judge.judge(**json.loads(line))) + "\n")
        await hass.async_stop(force=True)


asyncio.run(main())

"""The flows of docs/node-red.md in a real Node-RED, with a real broker and a simulated UPS."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shared.topics import DeviceTopic
from tests.brokers import Mosquitto, TestBroker
from tests.integration.watcher import Watcher, driver_settings, driving, watching
from tests.nodered import Heard, Node, NodeRed, documented_flows, together

pytestmark = pytest.mark.system

PAGE = Path(__file__).parents[2] / "docs" / "node-red.md"
FLOWS = documented_flows(PAGE)
SET = DeviceTopic.SET
TIMEOUT = 30.0
CORE = {
    *("mqtt in", "mqtt out", "inject", "debug", "function", "switch", "change", "rbe"),
    *("status", "template", "http in", "http response"),
}
UPS = {"driver": "simulated", "speed": 20, "load": 60, "battery_wh": 100}
DEVICES = {"ups1": UPS, "other": UPS}

LIGHT, LAMP = "nutbus-light-judge", "nutbus-light-lamp"
ANNOUNCEMENT = "nutbus-say-said"
BUTTON, TESTED = "nutbus-test-button", "nutbus-test-shown"
ORDERED = "nutbus-shed-told"


@pytest.fixture
async def driver(broker: Mosquitto, tmp_path: Path) -> AsyncGenerator[None]:
    """A driver service that has the device of the flows and another one."""
    async with driving(driver_settings(broker.url, tmp_path, DEVICES)):
        yield


@pytest.fixture
async def watcher(broker: Mosquitto, driver: None) -> AsyncGenerator[Watcher]:
    async with watching(broker.url) as watcher:
        await watcher.online()
        yield watcher


@pytest.fixture
async def node_red(broker: Mosquitto, tmp_path: Path) -> AsyncGenerator[NodeRed]:
    async with importing(broker, tmp_path) as node_red:
        yield node_red


@asynccontextmanager
async def importing(broker: TestBroker, tmp_path: Path) -> AsyncGenerator[NodeRed]:
    """Run Node-RED with all flows of the page; only the broker's port is another."""
    folder = tmp_path / "node-red"
    folder.mkdir()
    async with NodeRed(folder) as node_red:
        flows = together(documented_flows(PAGE))
        for node in flows:
            if node["type"] == "mqtt-broker":
                node["port"] = str(broker.port)
        await node_red.deploy(flows)
        yield node_red


def shows(box: str, colour: str, text: str = "") -> Callable[[Heard], bool]:
    return lambda heard: (
        heard.statuses.get(box, ("", ""))[0] == colour and text in heard.statuses[box][1]
    )


def said(box: str, *texts: str) -> Callable[[Heard], bool]:
    """Tell whether these came into a debug box, in this order, whatever came between."""

    def is_so(heard: Heard) -> bool:
        remaining = iter(heard.said(box))
        return all(text in remaining for text in texts)

    return is_so


async def test_a_flow_sees_the_power_cut_and_its_end(any_broker: TestBroker, tmp_path: Path):
    async with (
        driving(driver_settings(any_broker.url, tmp_path, DEVICES)),
        watching(any_broker.url) as watcher,
        importing(any_broker, tmp_path) as node_red,
    ):
        await node_red.until(shows(LIGHT, "green", "OL"))
        await watcher.ask("other", SET, "input.voltage", value="0")
        await watcher.ask("ups1", SET, "input.voltage", value="0")
        await node_red.until(shows(LIGHT, "yellow", "OB"))
        await watcher.ask("ups1", SET, "input.voltage", value="230")
        await node_red.until(shows(LIGHT, "green", "OL"))
        await node_red.until(said(LAMP, "green", "yellow", "green"))
        sentences = ("UPS ups1 on battery", "UPS ups1 on line power")
        await node_red.until(said(ANNOUNCEMENT, "UPS other on battery", *sentences))


async def test_the_button_tests_the_battery(watcher: Watcher, node_red: NodeRed):
    await node_red.until(said(TESTED, "ups1: last battery test: No test initiated"))
    await node_red.press(BUTTON)
    begun, passed = "ups1: the battery test has begun", "ups1: battery test: Done and passed"
    await node_red.until(lambda heard: {begun, passed} <= set(heard.said(TESTED)))
    await watcher.variable("ups1", "ups.test.result", "Done and passed")
    assert watcher.variables("other")["ups.test.result"] == "No test initiated"


async def test_the_button_says_why_there_is_no_test(watcher: Watcher, node_red: NodeRed):
    await watcher.ask("ups1", SET, "input.voltage", value="0")
    await node_red.until(shows(LIGHT, "yellow", "OB"))
    await node_red.press(BUTTON)
    await node_red.until(lambda heard: any("no battery test" in x for x in heard.said(TESTED)))


async def test_a_load_is_shed_when_the_battery_runs_down_and_comes_back(
    watcher: Watcher, node_red: NodeRed
):
    await node_red.until(shows(LIGHT, "green"))
    await watcher.ask("ups1", SET, "battery.charge", value="60")
    await watcher.ask("ups1", SET, "input.voltage", value="0")
    await watcher.variable("ups1", "outlet.2.status", "off")
    assert watcher.variables("ups1")["outlet.1.status"] == "on"
    await watcher.ask("ups1", SET, "input.voltage", value="230")
    await watcher.variable("ups1", "outlet.2.status", "on")
    off, on = (f"nut/device/ups1/command/outlet/2/load/{order}" for order in ("off", "on"))
    await node_red.until(said(ORDERED, off, on))


async def test_the_table_has_every_device(watcher: Watcher, node_red: NodeRed):
    await node_red.until(shows(LIGHT, "green"))
    await watcher.ask("other", SET, "input.voltage", value="0")
    await node_red.until(said(ANNOUNCEMENT, "UPS other on battery"))
    page = await until_page(node_red, "<td>other</td><td>OB DISCHRG</td>")
    rows = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>", page)
    assert [row[:2] for row in rows] == [("other", "OB DISCHRG"), ("ups1", "OL")]
    assert all(0 < float(charge) <= 100 for _, _, charge in rows)


async def test_a_forced_shutdown_is_red_whatever_else_is_known(
    broker: Mosquitto, driver: None, node_red: NodeRed
):
    await node_red.until(shows(LIGHT, "green"))
    async with watching(broker.url) as bus:
        fsd = bus.topic("ups1", DeviceTopic.FSD)
        await bus.say(fsd, b'{"by":"test","at":1.0,"reason":"a test"}', retain=True)
        await node_red.until(shows(LIGHT, "red", "FSD OL"))
        await until_page(node_red, "<td>FSD OL</td>")
        await bus.say(fsd, b"", retain=True)
        await node_red.until(shows(LIGHT, "green", "OL"))


async def test_it_comes_back_after_the_broker_does(
    broker: Mosquitto, driver: None, node_red: NodeRed
):
    await node_red.until(shows(LIGHT, "green", "OL"))
    await broker.stop()
    await node_red.until(shows(LIGHT, "grey", "not known"))
    await until_page(node_red, "<td>ups1</td>", there=False)
    await broker.start()
    await node_red.until(shows(LIGHT, "green", "OL"))
    async with watching(broker.url) as bus:
        await bus.online()
        await bus.ask("ups1", SET, "input.voltage", value="0")
    await node_red.until(shows(LIGHT, "yellow", "OB"))
    await node_red.until(said(ANNOUNCEMENT, "UPS ups1 on battery"))


async def test_what_a_dead_driver_left_behind_is_not_shown(broker: Mosquitto, tmp_path: Path):
    async with watching(broker.url) as bus:
        left = {"availability": b"online", "var/ups/status": b"OL", "state": b"old"}
        for part, payload in left.items():
            await bus.say(f"nut/device/ups1/{part}", payload, retain=True)
        async with importing(broker, tmp_path) as node_red:
            await until_page(node_red, "<td>ups1</td><td>no news</td>")
            await node_red.until(shows(LIGHT, "grey"))
            async with asyncio.timeout(TIMEOUT):
                while not shows(LIGHT, "green")(node_red.heard):
                    await bus.say("nut/device/ups1/state", b"new", retain=True)
                    await asyncio.sleep(0.1)
            await node_red.until(said(LAMP, "grey", "green", "grey"))  # nothing came for 15 s
            assert "<td>no news</td>" in await node_red.page("/power")


async def until_page(node_red: NodeRed, text: str, there: bool = True) -> str:
    """Wait until a text is on the page, or is not."""
    async with asyncio.timeout(TIMEOUT):
        while (text in (page := await node_red.page("/power"))) != there:
            await asyncio.sleep(0.1)
    return page


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow[0]["label"])
def test_each_flow_of_the_page_is_complete_and_needs_only_what_node_red_has(flow: list[Node]):
    ids = {node["id"] for node in flow}
    tab, *nodes, broker = flow
    assert (tab["type"], broker["type"]) == ("tab", "mqtt-broker")
    assert (broker["broker"], broker["port"]) == ("127.0.0.1", "1883")
    assert len(ids) == len(flow)
    for node in nodes:
        assert node["z"] == tab["id"]
        assert node["type"] in CORE
        assert {wired for output in node["wires"] for wired in output} <= ids
        assert node.get("broker", broker["id"]) == broker["id"]
        assert node.get("retain", "false") == "false"
    assert "credentials" not in str(flow)


def test_the_flows_read_only_text():
    topics = {node["topic"]: node for flow in FLOWS for node in flow if node["type"] == "mqtt in"}
    assert len(topics) >= 6
    for topic, node in topics.items():
        assert ("/state" in topic) == (node["datatype"] == "buffer")  # not looked into
        assert "/meta" not in topic
    shared_boxes = [node for flow in FLOWS for node in flow if node["type"] == "mqtt-broker"]
    assert all(box == shared_boxes[0] for box in shared_boxes)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.topics import (
    DeviceTopic,
    DiscoveryTopics,
    OfDevice,
    OfService,
    ServiceKind,
    ServiceTopic,
    Topics,
    is_dotted_name,
    is_name,
)

NAMED = (DeviceTopic.VARIABLE, DeviceTopic.COMMAND, DeviceTopic.SET)
PLAIN = tuple(part for part in DeviceTopic if part not in NAMED)
ABOUT_DEVICES = (ServiceTopic.ENERGY, ServiceTopic.STANDING)
OF_SERVICE = tuple(
    part for part in ServiceTopic if part not in (*ABOUT_DEVICES, ServiceTopic.SWITCH)
)

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", fullmatch=True)
levels = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="+#/."), min_size=1
)
dotted_names = st.lists(levels, min_size=1, max_size=5).map(".".join)
prefixes = st.lists(names, min_size=1, max_size=4).map("/".join).map(Topics)


@given(prefixes, names, st.sampled_from(PLAIN))
def test_a_topic_of_a_device_is_parsed_as_it_was_built(topics, device, part):
    assert topics.parse(topics.device(device, part)) == OfDevice(device, part)


@given(prefixes, names, st.sampled_from(NAMED), dotted_names)
def test_a_dotted_name_comes_back_from_its_topic(topics, device, part, name):
    topic = topics.device(device, part, name)
    assert is_dotted_name(name)
    assert "." not in topic.removeprefix(topics.prefix)
    assert topics.parse(topic) == OfDevice(device, part, name)


@given(prefixes, st.sampled_from(ServiceKind), names, st.sampled_from(OF_SERVICE))
def test_a_topic_of_a_service_is_parsed_as_it_was_built(topics, kind, id, part):
    assert topics.parse(topics.service(kind, id, part)) == OfService(kind, id, part)


@given(prefixes, names, st.sampled_from(ABOUT_DEVICES), names)
def test_a_topic_of_a_service_about_a_device_is_parsed_as_it_was_built(topics, id, part, device):
    topic = topics.about_device("homeassistant", id, part, device)
    assert topics.parse(topic) == OfService("homeassistant", id, part, device)


@given(prefixes, names, names, dotted_names)
def test_a_topic_that_switches_is_parsed_as_it_was_built(topics, id, device, name):
    topic = topics.about_device("homeassistant", id, ServiceTopic.SWITCH, device, name)
    assert "." not in topic.removeprefix(topics.prefix)
    about = OfService("homeassistant", id, ServiceTopic.SWITCH, device, name)
    assert topics.parse(topic) == about


@pytest.mark.parametrize("part", ["energy", "standing", "switch", "switch/ups", "energy/ups/x"])
def test_a_topic_about_a_device_is_whole_or_none_of_ours(part):
    assert Topics().parse(f"nut/service/homeassistant/ha/{part}") is None


def test_ids_of_discovery_are_told_from_other_topics():
    topics = DiscoveryTopics("home/assistant")
    assert topics.parse(topics.device("nutbus_rack-1")) == "nutbus_rack-1"
    for topic in (
        topics.every_device,
        "home/assistant/device/a/b/config",
        "homeassistant/device/a/config",
        "home/assistant/device//config",
        "home/assistant/sensor/a/config",
    ):
        assert topics.parse(topic) is None


# What is nearly a topic of ours finds more than noise does.
heads = st.sampled_from(["nut", "site/nut", "nut/nut", ""])
kinds = st.sampled_from(["device/ups1", "device/a b", "service/driver/x", "service/driver", "x"])
parts = st.sampled_from([*DeviceTopic, *ServiceTopic, "States", ""])
tails = st.lists(st.sampled_from(["input", "a.b", "", "+", "é", " "]), max_size=3).map("/".join)
near_misses = st.tuples(heads, kinds, parts, tails).map("/".join) | st.tuples(
    heads, kinds, parts
).map("/".join)


@given(st.sampled_from(["nut", "site/nut"]).map(Topics), near_misses | st.text(max_size=30))
def test_each_topic_has_one_spelling_so_what_is_parsed_builds_the_same_topic(topics, topic):
    match topics.parse(topic):
        case OfDevice(device, part, name):
            assert topics.device(device, part, name) == topic
        case OfService(kind, id, part, device, name) if device:
            assert topics.about_device(kind, id, part, device, name) == topic
        case OfService(kind, id, part):
            assert topics.service(kind, id, part) == topic


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "nut",
        "nut/device",
        "nut/device/ups1",
        "nut/device/ups1/",
        "nut/device/ups1/state/",
        "nut/device/ups1/state/x",
        "nut/device/ups1/nothing",
        "nut/device//state",
        "nut/device/-ups/state",
        "nut/device/ups 1/state",
        "nut/device/ups\n1/state",
        f"nut/device/{'x' * 64}/state",
        "/nut/device/ups1/state",
        "nuts/device/ups1/state",
        "nut/Device/ups1/state",
        "nut/device/ups1/STATE",
        "nut/device/ups1/var",
        "nut/device/ups1/var/",
        "nut/device/ups1/var/input//voltage",
        "nut/device/ups1/var//input",
        "nut/device/ups1/var/input/",
        "nut/device/ups1/command/load.off",
        "nut/device/ups1/command/load/off\n",
        "nut/device/ups1/command/load/off now",
        "nut/device/ups1/set/späti",
        "nut/device/ups1/set/+",
        "nut/device/ups1/set/#",
        "nut/service/driver/x",
        "nut/service/driver/x/info/",
        "nut/service/driver//info",
        "nut/service/driver/x/y/info",
        "$SYS/broker/version",
    ],
)
def test_what_is_none_of_ours_is_none(topic):
    assert Topics("nut").parse(topic) is None


def test_a_prefix_of_several_levels_is_matched_whole():
    topics = Topics("site/hall/nut")
    assert topics.parse("site/hall/nut/device/a/state") == OfDevice("a", DeviceTopic.STATE)
    for foreign in ("site/hall", "site/device/a/state", "hall/nut/device/a/state", "site/hall/nut"):
        assert topics.parse(foreign) is None


def test_filters_are_what_the_contract_says():
    topics = Topics("nut")
    assert topics.every_device(DeviceTopic.STATE) == "nut/device/+/state"
    assert topics.every_device(DeviceTopic.VARIABLE) == "nut/device/+/var/#"
    assert topics.requests() == ("nut/device/+/command/#", "nut/device/+/set/#")
    assert topics.variables("a") == "nut/device/a/var/#"
    assert topics.all_of_device("a") == "nut/device/a/#"
    assert topics.every_service(ServiceTopic.LOGINS, "gateway") == "nut/service/gateway/+/logins"
    assert topics.every_service(ServiceTopic.INFO) == "nut/service/+/+/info"


@pytest.mark.parametrize(
    ("path", "stands"),
    [
        ("nut/device/a/fsd", True),
        ("nut/device/+/fsd", True),
        ("nut/service/monitor/+/stage", True),
        ("nut/device/+/state", False),
        ("nut/service/monitor/+/power", False),
        ("nut/device/a/command/fsd/now", False),
    ],
)
def test_orders_that_stand_until_they_are_taken_back_are_told_by_their_topic(path, stands):
    assert Topics().stands(path) is stands


@pytest.mark.parametrize("name", ["a", "7", "A-b_c", "x" * 63])
def test_a_name_of_a_device_keeps_the_rule(name):
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "_a", "-a", "a.b", "a b", "a/b", "é", "a\n", "x" * 64, "+"])
def test_what_breaks_the_rule_is_no_name(name):
    assert not is_name(name)


@pytest.mark.parametrize("name", ["", ".", "a.", ".a", "a..b", "a b", "a+", "#", "a/b", "ä", "a\n"])
def test_what_cannot_be_spelt_as_a_topic_is_no_dotted_name(name):
    assert not is_dotted_name(name)

"""What Home Assistant is told of a device."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.homeassistant.discovery import discovery, encoded
from services.homeassistant.rules import Rules
from services.homeassistant.settings import HomeAssistantSection
from shared.messages import Writable
from shared.payloads import MAX_PAYLOAD
from shared.topics import Topics
from tests.unit.homeassistant.devices import PDU, SWITCHING, UPS, device

TOPICS = Topics()
ID = re.compile(r"[a-zA-Z0-9_-]+\Z")
TOP_KEYS = {"dev", "o", "avty", "avty_mode", "cmps"}
DEVICE_KEYS = {"ids", "name", "mf", "mdl", "mdl_id", "hw", "sw", "sn", "sa", "cu", "via_device"}
DUMPS = Path(__file__).parents[3] / "../shared/ddl"
EVERYTHING = HomeAssistantSection(id="ha", allow_set=["*"], allow_power_off=["*"]).rules
USUAL = HomeAssistantSection(id="ha").rules


def components(found, id="nutbus_rack1"):
    return found[id]["cmps"]


def test_a_ups_is_one_message():
    found = discovery(device(UPS, desc="Rack 1"), TOPICS, USUAL)
    [message] = found.values()
    assert message["dev"] == {
        "ids": ["nutbus_rack1"],
        "name": "Rack 1",
        "mf": "EATON",
        "mdl": "5P 1550",
        "sn": "G202E45678",
    }
    assert [each["t"] for each in message["avty"]] == [
        "nut/device/rack1/availability",
        "nut/service/driver/host/availability",
    ]
    assert message["avty_mode"] == "all"
    assert message.keys() == TOP_KEYS


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        (
            "battery_charge",
            {
                "p": "sensor",
                "uniq_id": "nutbus_rack1_battery_charge",
                "name": "Battery charge",
                "stat_t": "nut/device/rack1/var/battery/charge",
                "dev_cla": "battery",
                "unit_of_meas": "%",
                "stat_cla": "measurement",
            },
        ),
        ("battery_runtime", {"dev_cla": "duration", "unit_of_meas": "s"}),
        ("ups_realpower", {"name": "Power", "dev_cla": "power", "unit_of_meas": "W"}),
        ("ups_status", {"name": "Status words"}),
        ("is-on-battery", {"p": "binary_sensor", "stat_t": "nut/device/rack1/var/ups/status"}),
        ("is-communicating", {"dev_cla": "connectivity"}),
        ("is-fsd", {"dev_cla": "problem"}),
        ("event", {"p": "event", "stat_t": "nut/device/rack1/event"}),
        ("energy", {"dev_cla": "energy", "stat_cla": "total_increasing", "name": "Energy"}),
    ],
)
def test_a_ups_has_what_people_look_for(key, fields):
    made = components(discovery(device(UPS), TOPICS, USUAL))[key]
    assert fields.items() <= made.items()
    assert "en" not in made


def test_nothing_ever_expires_or_is_retained():
    text = encoded(discovery(device(UPS), TOPICS, EVERYTHING)["nutbus_rack1"]).decode()
    for key in ('"exp_aft"', '"expire_after"', '"ret"', '"retain"', "message_expiry"):
        assert key not in text


def test_what_is_rarely_wanted_is_there_but_switched_off():
    made = components(discovery(device({**UPS, "input.transfer.low": "180"}), TOPICS, USUAL))
    assert made["input_transfer_low"]["en"] is False
    assert made["input_transfer_low"]["ent_cat"] == "diagnostic"


def test_what_nobody_knows_or_wants_has_no_entity():
    variables = {**UPS, "ups.frobnication": "1", "driver.parameter.port": "auto"}
    made = components(discovery(device(variables), TOPICS, USUAL))
    assert not {"ups_frobnication", "driver_parameter_port", "device_model"} & made.keys()


def test_alarms_have_an_entity_also_while_there_is_none():
    assert "ups_alarm" in components(discovery(device(UPS), TOPICS, USUAL))


def test_a_ups_without_measured_power_gets_an_estimate_that_says_so():
    variables = {name: value for name, value in UPS.items() if name != "ups.realpower"}
    made = components(
        discovery(device({**variables, "ups.realpower.nominal": "900"}), TOPICS, USUAL)
    )
    assert made["power"]["name"] == "Power (estimated)"
    assert made["energy"]["name"] == "Energy (estimated)"
    assert made["energy"]["uniq_id"] == "nutbus_rack1_energy"


def test_the_outlets_of_a_pdu_are_devices_behind_it():
    found = discovery(device(PDU, SWITCHING, name="pdu1"), TOPICS, EVERYTHING)
    assert list(found) == ["nutbus_pdu1", "nutbus-outlet-1_pdu1", "nutbus-outlet-2_pdu1"]
    first, second = found["nutbus-outlet-1_pdu1"], found["nutbus-outlet-2_pdu1"]
    assert first["dev"]["via_device"] == "nutbus_pdu1"
    assert first["dev"]["name"] == "pdu1 Switch room"
    assert second["dev"]["name"] == "pdu1 outlet 2"
    switch = first["cmps"]["switch-power"]
    assert switch["cmd_t"] == "nut/service/homeassistant/ha/switch/pdu1/outlet/1"
    assert switch["stat_t"] == "nut/device/pdu1/var/outlet/1/status"
    assert "switch-power" not in second["cmps"]  # it is not switchable
    assert second["cmps"]["is-powered"]["p"] == "binary_sensor"


def test_a_pdu_has_no_battery():
    made = components(discovery(device(PDU), TOPICS, USUAL))
    assert not {"is-on-battery", "is-low-battery", "is-charging"} & made.keys()


def test_a_daisy_chain_is_devices_behind_the_first():
    variables = {**PDU, "device.1.ups.load": "9", "device.1.outlet.3.current": "1"}
    found = discovery(device(variables, name="pdu1"), TOPICS, USUAL)
    assert list(found)[:2] == ["nutbus_pdu1", "nutbus-device-1_pdu1"]
    assert found["nutbus-device-1-outlet-3_pdu1"]["dev"]["via_device"] == "nutbus-device-1_pdu1"


def test_an_outlet_of_a_chain_without_anything_else_is_behind_the_first_device():
    found = discovery(device({"device.1.outlet.3.current": "1"}, name="pdu1"), TOPICS, USUAL)
    assert found["nutbus-device-1-outlet-3_pdu1"]["dev"]["via_device"] == "nutbus_pdu1"


COMMANDS = [
    *("beeper.enable", "beeper.disable", "beeper.mute", "load.off", "load.on", "shutdown.return"),
    *("test.battery.start.quick", "test.battery.start.deep", "driver.killpower", "strange.thing"),
    *SWITCHING,
]


def orders(rules):
    found = discovery(device({**UPS, **PDU}, COMMANDS), TOPICS, rules)
    return {
        key
        for message in found.values()
        for key in message["cmps"]
        if key.startswith(("command-", "switch-"))
    }


def test_by_default_nothing_can_cut_the_power():
    assert orders(USUAL) == {
        *("switch-beeper", "command-beeper_mute", "command-test_battery_start_quick"),
    }


def test_dangerous_commands_are_there_once_they_are_allowed():
    rules = HomeAssistantSection(id="ha", allow_power_off=["load.*", "outlet.*"]).rules
    assert orders(rules) - orders(USUAL) == {
        *("command-load_off", "command-load_on"),
        "switch-power",  # of outlet 1; outlet 2 says that it cannot be switched
    }


def test_a_command_that_nobody_knows_counts_as_dangerous():
    assert not Rules(commands=("*",)).may_send("strange.thing")
    assert Rules(allow_power_off=("strange.*",)).may_send("strange.thing")


def test_what_is_left_out_cannot_be_allowed():
    rules = Rules(commands=("*",), allow_power_off=("*",), allow_set=("*",), leave_out=("*.off",))
    assert not rules.may_send("load.off")
    assert not rules.may_set("outlet.1.off")


def test_nothing_is_written_unless_it_is_allowed():
    writable = {"battery.charge.low": Writable(type="number", ranges=[(10, 50)])}
    variables = {**UPS, "battery.charge.low": "20"}
    usual = components(discovery(device(variables, writable=writable), TOPICS, USUAL))
    allowed = components(discovery(device(variables, writable=writable), TOPICS, EVERYTHING))
    assert "battery_charge_low" in usual
    assert "set-number-battery_charge_low" not in usual
    assert "battery_charge_low" not in allowed
    number = allowed["set-number-battery_charge_low"]
    assert (number["min"], number["max"], number["step"], number["mode"]) == (10, 50, 1, "box")
    assert number["cmd_t"] == "nut/device/rack1/set/battery/charge/low"


def test_newer_keys_are_an_option_and_only_on_orders():
    rules = HomeAssistantSection(id="ha", command_expiry=10).rules
    message = discovery(device(UPS, COMMANDS), TOPICS, rules)["nutbus_rack1"]
    assert message.keys() == TOP_KEYS
    marked = {key for key, each in message["cmps"].items() if "message_expiry_interval" in each}
    assert marked == orders(USUAL)


hostile = st.text(max_size=60) | st.sampled_from(
    ["\0", "x" * 2000, "{{ 1/0 }}", '"', "\ud7ff", "é"]
)
variables = st.dictionaries(
    st.sampled_from([*UPS, *PDU, "device.location", "ups.firmware", "driver.parameter.port"])
    | st.text(min_size=1, max_size=40),
    hostile,
    max_size=40,
)
finite = st.floats(allow_nan=False, allow_infinity=False)
writables = st.dictionaries(
    st.sampled_from([*UPS, *PDU]),
    st.builds(
        Writable,
        type=st.sampled_from(["string", "number"]),
        max_length=st.none() | st.integers(0, 2**31),
        enum=st.lists(hostile, max_size=4),
        ranges=st.lists(st.tuples(finite, finite), max_size=3),
    ),
    max_size=5,
)


@given(variables, st.lists(st.sampled_from(COMMANDS) | st.text(max_size=30)), writables, hostile)
def test_whatever_a_device_says_the_messages_are_sound(said, commands, writable, desc):
    found = discovery(device(said, commands, writable, desc=desc), TOPICS, EVERYTHING)
    check(found)


def check(found):
    ids = set()
    for id, message in found.items():
        assert ID.match(id)
        assert message.keys() == TOP_KEYS
        assert message["dev"].keys() <= DEVICE_KEYS
        body = encoded(message)
        assert len(body) < MAX_PAYLOAD
        assert json.loads(body) == message
        assert "NaN" not in body.decode()
        assert "Infinity" not in body.decode()
        for key, each in message["cmps"].items():
            assert ID.match(key)
            assert each["uniq_id"] not in ids
            ids.add(each["uniq_id"])
            assert each["p"] == "button" or each["stat_t"]
            if each["p"] == "number":
                assert each["min"] < each["max"]


def test_a_message_that_would_be_too_big_loses_what_is_switched_off():
    variables = {f"input.{n}.L1.voltage.{end}": "1" for n in range(1, 400) for end in ("nominal",)}
    found = discovery(device({**UPS, **variables}), TOPICS, USUAL)
    check(found)
    made = components(found)
    assert {"battery_charge", "is-on-battery", "energy"} <= made.keys()
    assert len(made) < len(variables)


def test_every_dump_becomes_sound_messages():
    files = sorted(DUMPS.glob("**/*.dev"))
    if not files:
        pytest.skip("the dumps are not here: ../shared/ddl beside the checkout")
    assert len(files) > 700
    for file in files:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        pairs = (line.partition("#")[0].partition(":") for line in lines)
        dumped = {name.strip(): value.strip() for name, _, value in pairs if name.strip()}
        writable = dict.fromkeys(dumped, Writable())
        found = discovery(device(dumped, COMMANDS, writable), TOPICS, EVERYTHING)
        check(found)
        assert max(len(encoded(message)) for message in found.values()) < 64 * 1024, file.name


def test_a_device_that_driver_services_take_turns_with_is_told_the_same_whoever_works():
    found = [
        discovery(device(UPS, standby=True), TOPICS, USUAL),
        discovery(device(PDU, SWITCHING, standby=True), TOPICS, EVERYTHING),
    ]
    for messages in found:
        for message in messages.values():
            assert "nut/service/driver" not in json.dumps(message)
            topics = [each["t"] for each in message["avty"]]
            assert topics == [
                "nut/device/rack1/availability",
                "nut/service/homeassistant/ha/standing/rack1",
                "nut/service/homeassistant/ha/availability",
            ]

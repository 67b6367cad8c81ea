"""The plan of an SNMP device: chains, parts, alarms, orders, and what is learned on the way."""

import pytest

from services.driver.protocols.snmp import finding
from services.driver.protocols.snmp.plan import Walk, Wishes
from services.driver.protocols.snmp.registry import by_name
from services.driver.protocols.snmpwire.values import Kind, Value
from shared.errors import DeviceError, RefusedError, ResultStatus
from tests.unit.driver.snmp.walks import Player

APC = "1.3.6.1.4.1.318.1.1.1"
XUPS = "1.3.6.1.4.1.534.1"
EPDU = "1.3.6.1.4.1.534.6.6.7"
PULIZZI = "1.3.6.1.4.1.20677.2"
IETF = "1.3.6.1.2.1.33.1"


def whole(number):
    return Value(Kind.INTEGER, number)


def ticks(seconds):
    return Value(Kind.TICKS, seconds * 100)


def words(text):
    return Value(Kind.OCTETS, text.encode())


def started(mapping, objects, **wishes):
    """Make the plan of a device that has some objects; give it with its player and reading."""
    agent = Player(objects)
    plan = agent.plan(by_name(mapping)[0], Wishes(**wishes))
    return plan, agent, agent.poll(plan)


UPS = {
    f"{APC}.1.1.1.0": words("Smart-UPS 1500"),
    f"{APC}.2.2.1.0": whole(100),
    f"{APC}.2.2.3.0": ticks(1800),
    f"{APC}.4.1.1.0": whole(2),
    f"{APC}.5.2.3.0": whole(208),
    f"{APC}.5.2.2.0": whole(253),
    f"{APC}.5.2.9.0": ticks(60),
    f"{APC}.5.2.10.0": ticks(20),
    f"{APC}.6.2.1.0": whole(1),
    f"{APC}.7.2.2.0": whole(1),
}


def test_a_ups_is_read_and_ordered_about():
    plan, _, reading = started("apcc", UPS)
    assert reading.status == "OL"
    assert reading.variables["battery.runtime"] == "1800"
    assert set(reading.commands) >= {"load.off", "test.battery.start", "shutdown.stayoff"}
    assert "bypass.start" not in reading.commands
    assert plan.command("load.off", None) == {f"{APC}.6.2.1.0": whole(2)}
    assert plan.command("test.battery.start", None) == {f"{APC}.7.2.2.0": whole(2)}
    assert plan.command("shutdown.default", None) == plan.command("shutdown.stayoff", None)


def test_a_value_is_written_in_the_type_in_which_the_device_answers():
    plan, _, reading = started("apcc", UPS)
    assert reading.variables["ups.delay.shutdown"] == "20"
    assert plan.set("ups.delay.shutdown", "45") == {f"{APC}.5.2.10.0": ticks(45)}
    assert plan.set("input.transfer.low", "196") == {f"{APC}.5.2.3.0": whole(196)}
    with pytest.raises(RefusedError) as refused:
        plan.set("input.transfer.low", "low")
    assert refused.value.status is ResultStatus.INVALID


@pytest.mark.parametrize("name", ["ups.model", "input.sensitivity", "no.such"])
def test_what_cannot_be_written_is_refused(name):
    plan, _, _ = started("apcc", UPS)
    with pytest.raises(RefusedError) as refused:
        plan.set(name, "1")
    assert refused.value.status is ResultStatus.READ_ONLY


def test_an_unknown_command_is_refused():
    plan, _, _ = started("apcc", UPS)
    with pytest.raises(RefusedError) as refused:
        plan.command("bypass.start", None)
    assert refused.value.status is ResultStatus.UNKNOWN


def test_transfer_voltages_may_be_left_out_or_turned_into_those_to_neutral():
    _, _, reading = started("apcc", UPS, leaves_transfers=True)
    assert "input.transfer.low" not in reading.variables
    _, _, reading = started("apcc", UPS, is_line_to_line=True)
    assert reading.variables["input.transfer.low"] == "147.06"


def test_a_fast_poll_asks_for_the_status_and_the_charge_only():
    plan, agent, _ = started("apcc", UPS)
    assert set(plan.due(Walk.FAST)) == {
        f"{APC}.{each}" for each in ("2.2.1.0", "2.2.3.0", "4.1.1.0")
    }
    agent.walk = {**agent.walk, f"{APC}.4.1.1.0": whole(3), f"{APC}.5.2.3.0": whole(100)}
    reading = agent.poll(plan, Walk.FAST)
    assert reading.status == "OB"
    assert reading.variables["input.transfer.low"] == "208"


def test_what_a_device_tells_no_more_goes_and_is_asked_for_now_and_then():
    plan, agent, _ = started("apcc", UPS)
    gone = f"{APC}.2.2.1.0"
    agent.walk = {oid: value for oid, value in agent.walk.items() if oid != gone}
    assert "battery.charge" not in agent.poll(plan).variables
    asked = []
    for _ in range(10):
        asked.append(gone in plan.due(Walk.FULL))
        agent.poll(plan)
    assert asked.count(True) == 1
    agent.walk[gone] = whole(80)
    assert [agent.poll(plan) for _ in range(10)][-1].variables["battery.charge"] == "80"


def test_a_device_without_its_status_is_lost():
    plan, agent, _ = started("apcc", UPS)
    del agent.walk[f"{APC}.4.1.1.0"]
    with pytest.raises(DeviceError, match="tells its status no more"):
        agent.poll(plan, Walk.FAST)


def test_a_part_of_the_status_is_no_status():
    battery = f"{APC}.2.1.1.0"
    objects = {**UPS, f"{APC}.4.1.1.0": whole(3), battery: whole(3)}
    plan, agent, reading = started("apcc", objects)
    assert set(reading.status.split()) == {"OB", "LB"}
    answers = agent.get(set(plan.due(Walk.FAST)) - {battery})
    with pytest.raises(DeviceError, match="tells its status no more"):
        plan.take(Walk.FAST, answers, unsure={battery})


def test_the_status_of_a_card_that_was_still_starting_is_found():
    late = f"{APC}.4.1.1.0"
    plan, agent, reading = started("apcc", {oid: UPS[oid] for oid in UPS if oid != late})
    assert reading.status is None
    agent.walk = UPS
    assert [agent.poll(plan) for _ in range(10)][-1].status == "OL"


def test_what_is_read_once_is_asked_for_until_it_is_not_refused():
    agent = Player(UPS)
    plan = agent.plan(by_name("apcc")[0])
    model = f"{APC}.1.1.1.0"
    answers = agent.get(set(plan.due(Walk.FULL)) - {model})
    assert "ups.model" not in plan.take(Walk.FULL, answers, unsure={model}).variables
    assert agent.poll(plan).variables["ups.model"] == "Smart-UPS 1500"
    assert model not in plan.due(Walk.FULL)


@pytest.mark.parametrize("text", ["9" * 400, "0x" + "F" * 400])
def test_a_number_beyond_all_is_none(text):
    plan, _, reading = started("apcc", UPS | {f"{APC}.2.2.1.0": words(text)})
    assert "battery.charge" not in reading.variables
    with pytest.raises(RefusedError):
        plan.set("input.transfer.low", text)


def test_a_status_without_a_word_is_none():
    plan, agent, _ = started("apcc", UPS)
    agent.walk = {**UPS, f"{APC}.4.1.1.0": whole(99)}
    assert agent.poll(plan, Walk.FAST).status == ""
    agent.walk = UPS
    assert agent.poll(plan, Walk.FAST).status == "OL"


def test_the_same_reading_is_the_same_object():
    plan, agent, first = started("apcc", UPS)
    assert agent.poll(plan, Walk.FAST) is agent.poll(plan)
    agent.walk = {**UPS, f"{APC}.2.2.1.0": whole(99)}
    assert agent.poll(plan, Walk.FAST) is not first
    agent.walk = {oid: value for oid, value in UPS.items() if oid != f"{APC}.2.2.1.0"}
    assert "battery.charge" not in agent.poll(plan, Walk.FAST).variables


def test_a_device_that_answers_nothing_is_lost():
    with pytest.raises(DeviceError, match="answers nothing"):
        started("apcc", {})


def test_what_was_refused_at_first_is_asked_again():
    agent = Player(UPS)
    plan = agent.plan(by_name("apcc")[0])
    charge = f"{APC}.2.2.1.0"
    answers = agent.get(set(plan.due(Walk.FULL)) - {charge})
    assert "battery.charge" not in plan.take(Walk.FULL, answers, unsure={charge}).variables
    assert [agent.poll(plan) for _ in range(10)][-1].variables["battery.charge"] == "100"


def test_alarms_of_a_table_become_words_and_texts():
    objects = {
        f"{XUPS}.1.2.0": words("9PX"),
        f"{XUPS}.4.5.0": whole(3),
        f"{XUPS}.7.1.0": whole(2),
        f"{XUPS}.7.2.1.1.4": whole(4),
        f"{XUPS}.7.2.1.2.4": Value(Kind.OID, f"{XUPS}.7.4"),
        f"{XUPS}.7.2.1.2.5": Value(Kind.OID, f"{XUPS}.7.7"),
        f"{XUPS}.7.2.1.3.4": words("01/01/2020"),
    }
    plan, agent, reading = started("eaton_pw_nm2", objects)
    assert reading.status.split() == ["OL", "LB", "OVER"]
    assert reading.alarms == ("Output overload!",)
    agent.walk = {**objects, f"{XUPS}.7.1.0": whole(0)}
    reading = agent.poll(plan, Walk.FAST)
    assert (reading.status, reading.alarms) == ("OL", ())


def pdu(device):
    """List the objects of one PDU of a chain: two outlets, and a sensor at the first."""
    return {
        f"{EPDU}.1.2.1.2.{device}": words(f"PDU {device}"),
        f"{EPDU}.1.2.1.22.{device}": whole(2),
        f"{EPDU}.1.2.1.21.{device}": whole(0),
        f"{EPDU}.6.1.1.3.{device}.1": words("left"),
        f"{EPDU}.6.1.1.3.{device}.2": words("right"),
        f"{EPDU}.6.6.1.2.{device}.1": whole(1),
        f"{EPDU}.6.6.1.2.{device}.2": whole(0),
    }


@pytest.mark.parametrize("base", [0, 1])
def test_each_device_of_a_chain_has_its_number(base):
    objects = {f"{EPDU}.1.1.0": words(f"{base},{base + 1}"), **pdu(base), **pdu(base + 1)}
    plan, _, reading = started("eaton_epdu", objects)
    told = reading.variables
    assert told["device.count"] == "2"
    assert told["device.model"] == "daisychain pdu (1+1)"
    assert told["device.1.model"] == f"PDU {base}"
    assert told["device.2.outlet.2.desc"] == "right"
    assert told["device.2.outlet.1.status"] == "on"
    assert not any(name.startswith("outlet.") for name in told)
    off = plan.command("device.2.outlet.1.load.off", None)
    assert off == {f"{EPDU}.6.6.1.3.{base + 1}.1": whole(0)}


def test_a_chain_of_one_is_a_device_like_others():
    plan, _, reading = started("eaton_epdu", {f"{EPDU}.1.1.0": words("0"), **pdu(0)})
    assert reading.variables["device.count"] == "1"
    assert reading.variables["device.model"] == "PDU 0"
    assert reading.variables["outlet.2.desc"] == "right"
    cycle = plan.command("outlet.2.load.cycle", None)
    assert cycle == {f"{EPDU}.6.6.1.5.0.2": whole(0)}


def test_commands_of_outlets_may_count_from_two():
    objects = {f"{PULIZZI}.1.1.0": words("T2000")}
    objects |= {f"{PULIZZI}.6.1.{outlet}.1.0": words(f"o{outlet}") for outlet in range(1, 5)}
    plan, _, reading = started("pulizzi_switched1", objects)
    assert reading.variables["outlet.count"] == "4"
    assert plan.command("outlet.3.load.off", None) == {f"{PULIZZI}.6.2.4.0": whole(2)}


def test_a_device_with_gaps_between_its_outlets_has_them_all():
    sysoid = "1.3.6.1.4.1.13742.6"
    objects = {f"{sysoid}.3.2.1.1.3.1": words("PX2")}
    objects |= {f"{sysoid}.3.5.3.1.3.1.{outlet}": words(f"o{outlet}") for outlet in (1, 2, 7)}
    _, _, reading = started("raritan-px2", objects)
    assert reading.variables["outlet.7.desc"] == "o7"
    assert reading.variables["outlet.count"] == "3"
    assert "outlet.3.desc" not in reading.variables


THREE = {f"{IETF}.3.3.1.3.{phase}": whole(230 + phase) for phase in (1, 2, 3)}


@pytest.mark.parametrize("told", [{}, {f"{IETF}.3.2.0": whole(3)}])
def test_three_phases_are_shown_whether_they_are_counted_or_not(told):
    _, _, reading = started("ietf", {f"{IETF}.1.2.0": words("UPS"), **THREE, **told})
    assert reading.variables["input.L3-N.voltage"] == "233"
    assert ("input.voltage" in reading.variables) == (not told)


def test_one_phase_has_no_names_of_phases():
    one = {f"{IETF}.1.2.0": words("UPS"), f"{IETF}.3.3.1.3.1": whole(230)}
    for told in ({}, {f"{IETF}.3.2.0": whole(1)}):
        _, _, reading = started("ietf", {**one, **told})
        assert reading.variables["input.voltage"] == "230"
        assert "input.L1-N.voltage" not in reading.variables


def test_commands_with_a_delay_can_be_given_at_once_too():
    mge = "1.3.6.1.4.1.705.1"
    objects = {f"{mge}.1.1.0": words("Evolution"), f"{IETF}.8.2.0": whole(-1)}
    plan, _, reading = started("mge", objects)
    assert set(reading.commands) == {"load.off", "load.off.delay", "shutdown.default"}
    assert plan.command("load.off", None) == {f"{IETF}.8.2.0": whole(0)}
    assert plan.command("load.off.delay", "90") == {f"{IETF}.8.2.0": whole(90)}
    assert plan.command("shutdown.default", None) == {f"{IETF}.8.2.0": whole(20)}
    with pytest.raises(RefusedError) as refused:
        plan.command("load.off.delay", "soon")
    assert refused.value.status is ResultStatus.INVALID


def test_static_values_are_asked_once_and_others_now_and_then():
    plan, agent, _ = started("apcc", UPS, semistatic=3)
    model = f"{APC}.1.1.1.0"
    seen = []
    for _ in range(6):
        seen.append(model in plan.due(Walk.FULL))
        agent.poll(plan)
    assert not any(seen)


def test_a_mapping_is_found_in_one_round_if_the_agent_names_its_system():
    search = finding.Search(finding.candidates(["auto"]))
    agent = Player(
        {
            finding.SYSTEM: Value(Kind.OID, "1.3.6.1.4.1.850.1"),
            f"{IETF}.1.2.0": words("SMART500RT1U"),
        }
    )
    asked = []
    while oids := search.ask():
        asked.append(len(oids))
        search.take(agent.get(oids))
    assert search.found
    assert (search.found.id, asked) == ("tripplite_ietf", [1, 1])


def test_a_careful_search_does_not_ask_for_everything():
    search = finding.Search(finding.candidates(["auto"]), is_thorough=False)
    asked: list[str] = []
    while oids := search.ask():
        asked += oids
        search.take({})
    assert search.found is None
    assert len(asked) < 100

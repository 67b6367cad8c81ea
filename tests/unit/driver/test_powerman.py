"""What powermand says, as outlets."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.contract import Site
from services.driver.drivers import DRIVERS
from services.driver.drivers.powerman import PowermanDriver, PowermanOptions
from services.driver.protocols.powerman import (
    PROMPT,
    action,
    answer,
    check_done,
    nodes,
    reachable,
    reading,
    states,
)
from shared.errors import DeviceError, RefusedError, ResultStatus, SettingsError
from shared.variables import variable

RECORDED = Path(__file__).parents[3] / "../shared/fixtures/powerman/powermand-2.3.27-sessions.json"
DONE = "103 Query complete"
DEVICE = "304 {}: state={} reconnects=000 actions=001 type=vpc hosts={}"


def said(*lines: str):
    return answer("\r\n".join(lines).encode() + PROMPT)


def test_an_answer_is_taken_apart():
    told = said("303 t0: on", "308 pdu: connect timeout", "211 Query completed with errors")
    assert told.parts == (("303", "t0: on"), ("308", "pdu: connect timeout"))
    assert told.code == "211"
    assert told.trouble == "pdu: connect timeout"
    assert said("209 No such nodes: x").trouble == "No such nodes: x"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        b"\xff\xfe",
        b"303 t0: on",
        b"103 Query complete\r\n103 Query complete",
        b"303 t0: on\r\n\r\n103 Query complete",
        b"HTTP/1.1 400 Bad Request",
        b"103Query complete",
        b"powerman> 103 Query complete",
    ],
)
def test_what_is_not_one_whole_answer_is_named(data):
    with pytest.raises(DeviceError, match="unexpected answer from powermand: b'"):
        answer(data + PROMPT)


def test_nodes_keep_their_order():
    assert nodes(said("307 web", "307 db2", "307 db1", DONE)) == ("web", "db2", "db1")


@pytest.mark.parametrize(
    "lines", [["307 a", "307 a", DONE], ["307 a b", DONE], ["307 t[0-1]", DONE]]
)
def test_nodes_that_cannot_be_told_apart_are_refused(lines):
    with pytest.raises(DeviceError, match="cannot be told apart"):
        nodes(said(*lines))


def test_nodes_that_are_not_listed_are_a_device_error():
    with pytest.raises(DeviceError, match="does not list its nodes: Internal powermand error"):
        nodes(said("204 Internal powermand error: client.c::12"))


def test_nodes_of_devices_that_are_there_can_be_asked():
    there, gone = DEVICE.format("p", "connected", "t[0-1]"), DEVICE.format("q", "disconnected", "u")
    spare = DEVICE.format("r", "connecting", "")
    assert reachable(said(there, DONE)) == (True, "t[0-1]")
    assert reachable(said(there, gone, DONE)) == (False, "t[0-1]")
    assert reachable(said(there, spare, DONE)) == (True, "t[0-1]")
    assert reachable(said(gone, DONE)) == (False, "")
    assert reachable(said(DONE)) == (True, "")


@pytest.mark.parametrize("line", ["304 ", "304 p: connected", "304 p: state= hosts=t"])
def test_a_device_that_is_not_told_whole_is_named(line):
    with pytest.raises(DeviceError, match="unexpected list of devices"):
        reachable(said(line, DONE))


def test_states_are_read_and_those_not_told_are_unknown():
    told = said("303 t0: on", "303 t1: off", "303 t2: unknown", DONE)
    found = states(told, ("t0", "t1", "t2", "t3"))
    assert found == {"t0": "on", "t1": "off", "t2": "unknown"}
    shown = reading(("t0", "t1", "t2", "t3"), found).variables
    assert [shown[f"outlet.{number}.status"] for number in (1, 2, 3, 4)] == [
        "on",
        "off",
        "unknown",
        "unknown",
    ]


@pytest.mark.parametrize("line", ["303 t0: ON", "303 t9: on", "303 t0", "303 t0: "])
def test_a_state_of_another_shape_is_named(line):
    with pytest.raises(DeviceError, match="unexpected state from powermand"):
        states(said(line, DONE), ("t0",))


def test_states_that_are_not_told_are_a_device_error():
    with pytest.raises(DeviceError, match="does not tell the state of its nodes: No such nodes"):
        states(said("209 No such nodes: t0"), ("t0",))


def test_outlets_are_shown_as_nut_names_them():
    shown = reading(("web",), {"web": "on"})
    assert shown.variables == {
        "device.type": "pdu",
        "ups.mfr": "Powerman",
        "ups.model": "unknown PDU",
        "outlet.count": "1",
        "outlet.1.id": "1",
        "outlet.1.desc": "web",
        "outlet.1.status": "on",
        "outlet.1.switchable": "yes",
    }
    assert shown.status is None
    assert shown.commands == ("outlet.1.load.on", "outlet.1.load.off", "outlet.1.load.cycle")
    assert all(variable(name) for name in shown.variables)


@pytest.mark.parametrize(
    ("command", "request_"),
    [
        ("outlet.1.load.on", "on web"),
        ("outlet.2.load.off", "off db"),
        ("outlet.2.load.cycle", "cycle db"),
        ("outlet.3.load.on", None),
        ("outlet.0.load.on", None),
        ("outlet.01.load.on", None),
        ("outlet.1.load.on.delay", None),
        ("outlet.1.load.", None),
        ("load.off", None),
    ],
)
def test_commands_are_told_to_powermand(command, request_):
    assert action(command, ("web", "db")) == request_


@pytest.mark.parametrize(
    ("lines", "status", "words"),
    [
        (["308 p: login timeout", "210 Command completed with errors"], "failed", "login timeout"),
        (["209 No such nodes: t0"], "failed", "No such nodes: t0"),
        (["213 Command cannot be handled by power control device(s)"], "unknown", "cannot be"),
        (["103 Query complete"], "failed", "Query complete"),
    ],
)
def test_what_was_not_done_is_refused_in_powermands_words(lines, status, words):
    check_done("on t0", said("102 Command completed successfully"))
    with pytest.raises(RefusedError, match=f"powermand, on t0: .*{words}") as refused:
        check_done("on t0", said(*lines))
    assert refused.value.status is ResultStatus(status)


@given(st.binary(max_size=80))
def test_any_bytes_make_an_answer_or_a_device_error(data):
    for use in (nodes, reachable, lambda told: states(told, ("t0",))):
        try:
            use(answer(data + PROMPT))
        except DeviceError:
            pass


def exchanges() -> list[tuple[str, str]]:
    """List what was asked with host ranges expanded, and the answers."""
    if not RECORDED.exists():
        return []
    found = []
    for session in json.loads(RECORDED.read_text())["sessions"]:
        expanded = False
        for part in session["exchange"]:
            sent, came = part.get("send", "").strip(), part.get("recv", "")
            if "\n" not in sent and came.encode().endswith(PROMPT):
                expanded = (came.startswith("105") and "ON" in came) or (
                    expanded and came[:3] != "105"
                )
                found.append((sent if expanded else "", came))
    return found


def test_every_recorded_answer_is_taken_apart():
    if not RECORDED.exists():
        pytest.skip("the shared recordings are not beside this checkout")
    read = 0
    for sent, came in exchanges():
        if came.startswith("001"):
            continue
        told = answer(came.encode())
        read += 1
        if sent == "nodes":
            assert nodes(told)[:3] == ("t0", "t1", "t2")
            assert len(nodes(told)) == 32
        elif sent == "status t[0-3]":
            assert set(states(told, ("t0", "t1", "t2", "t3")).values()) == {"off"}
    assert read > 80


def test_the_recorded_devices_are_there():
    if not RECORDED.exists():
        pytest.skip("the shared recordings are not beside this checkout")
    lists = [came for _, came in exchanges() if came.startswith("304")]
    assert {reachable(answer(came.encode()))[0] for came in lists} == {True}


@pytest.mark.parametrize("name", ["powerman", "powerman-pdu"])
def test_it_is_known_by_both_names(name):
    assert DRIVERS[name].create is PowermanDriver


def test_a_port_that_is_no_address_is_refused():
    with pytest.raises(SettingsError, match=r"port: .* is not an address"):
        PowermanDriver(Site("pdu", "host:port"), PowermanOptions())

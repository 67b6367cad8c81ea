"""Further names of devices: what is seen under each, and what the settings take."""

import logging
from typing import Any

import pytest

from services.gateway.aliases import Aliases
from services.gateway.announcement import announcements
from services.gateway.risks import risks
from services.gateway.sections import AliasSettings
from services.gateway.settings import GatewaySection, GatewaySettings
from shared.errors import SettingsError
from shared.fleet import Device
from shared.listening import Address
from shared.messages import Availability, DeviceMeta, DeviceState, ForcedShutdown, Writable
from tests.unit.gateway.test_mirror import Rig

PDU = Device(
    "pdu",
    meta=DeviceMeta(
        desc="Rack",
        driver="snmp",
        service="host",
        commands=["load.off", "outlet.1.load.off", "outlet.10.load.off"],
        writable={"ups.id": Writable(), "outlet.1.desc": Writable()},
    ),
    state=DeviceState(
        seq=1,
        at=0.0,
        vars={
            "device.model": "x",
            "outlet.1.desc": "a",
            "outlet.10.desc": "b",
            "ups.id": "y",
            "ups.status": "OL",
        },
    ),
    availability=Availability.ONLINE,
    service_online=True,
)


def seen(**alias: Any) -> Device:
    aliases = Aliases({"part": AliasSettings(device="PDU", **alias)})
    found = aliases.device("PART", {"PDU": PDU}.get)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("show", "hide", "variables", "commands", "writable"),
    [
        ([], [], None, None, None),
        (
            ["device.*", "Outlet.1.*"],
            [],
            {"device.model", "outlet.1.desc", "ups.status"},
            ["outlet.1.load.off"],
            {"outlet.1.desc"},
        ),
        ([], ["outlet.*"], {"device.model", "ups.id", "ups.status"}, ["load.off"], {"ups.id"}),
        (
            ["outlet.*"],
            ["outlet.1.*"],
            {"outlet.10.desc", "ups.status"},
            ["outlet.10.load.off"],
            {},
        ),
        ([], ["*"], {"ups.status"}, [], {}),
        (["outlet.1?.desc"], [], {"outlet.10.desc", "ups.status"}, [], {}),
    ],
)
def test_a_part_shows_what_its_patterns_say_and_always_the_status(
    show: list[str], hide: list[str], variables: Any, commands: Any, writable: Any
):
    part = seen(show=show, hide=hide)
    assert PDU.meta
    assert PDU.state
    assert part.meta
    assert set(part.variables) == (set(PDU.state.vars) if variables is None else variables)
    assert part.meta.commands == (PDU.meta.commands if commands is None else commands)
    assert set(part.meta.writable) == set(PDU.meta.writable if writable is None else writable)
    assert part.name == "pdu"


def test_a_part_may_have_a_description_of_its_own():
    described, plain = seen(desc="Row A").meta, seen().meta
    assert described
    assert plain
    assert (described.desc, plain.desc) == ("Row A", "Rack")


def test_a_name_counts_in_any_case_and_stands_for_the_device_as_it_is_now():
    aliases = Aliases({"Ups": AliasSettings(device="pdu")})
    assert aliases.has("UPS")
    assert not aliases.has("pdu")
    assert aliases.device("uPS", lambda _: None) is None
    first = aliases.device("ups", {"pdu": PDU}.get)
    assert aliases.device("ups", {"pdu": PDU}.get) is first
    forced = Device("pdu", meta=PDU.meta, state=PDU.state, fsd=ForcedShutdown(by="x", at=0.0))
    now = aliases.device("ups", {"pdu": forced}.get)
    assert now
    assert now.status == "FSD OL"


@pytest.mark.parametrize(
    ("aliases", "listed"),
    [
        ({}, ["pdu", "ups"]),
        ({"other": {"device": "pdu"}}, ["pdu", "ups"]),
        ({"other": {"device": "PDU", "listed": True}}, ["pdu", "other", "ups"]),
        ({"b": {"device": "pdu", "show": ["x"]}}, ["pdu", "b", "ups"]),
        ({"b": {"device": "pdu", "show": ["x"], "listed": False}}, ["pdu", "ups"]),
        ({"pdu": {"device": "pdu", "hide": ["x"]}}, ["pdu", "ups"]),
        ({"pdu": {"device": "pdu", "listed": False}}, ["ups"]),
        ({"b": {"device": "gone", "show": ["x"]}}, ["pdu", "ups"]),
    ],
)
def test_parts_are_listed_behind_their_device_and_mere_names_are_not(
    aliases: dict[str, Any], listed: list[str]
):
    settings = {name: AliasSettings(**alias) for name, alias in aliases.items()}
    assert Aliases(settings).listed(["pdu", "ups"]) == listed


def test_the_name_of_the_settings_goes_before_that_of_a_device(caplog: pytest.LogCaptureFixture):
    """A NAS must not follow another UPS because somebody calls it `ups` later."""
    rig = Rig()
    rig.describe("rack1")
    with caplog.at_level(logging.WARNING):
        rig.mirror.use_aliases({"ups": AliasSettings(device="rack1")})
        rig.describe("ups2")
    found = rig.mirror.device("ups")
    assert found
    assert found.name == "rack1"
    assert [record.message for record in caplog.records] == [
        "no client sees the device ups: an alias has its name"
    ]


def test_ready_replies_are_dropped_when_the_names_change():
    rig = Rig()
    rig.keep()
    rig.mirror.use_aliases({"other": AliasSettings(device="ups")})
    assert rig.kept == []


def section(**gateway: Any) -> GatewaySection:
    return GatewaySettings.from_tables({"gateway": gateway}, "test").gateway


NAS = {"device": "rack1", "allow_from": ["192.0.2.7"]}


def test_an_alias_is_a_device_or_a_table():
    aliases = section(aliases={"a": "rack1", "b": {"device": "rack1", "hide": ["x"]}}).every_alias
    assert aliases["a"] == AliasSettings(device="rack1")
    assert aliases["b"].is_part


def test_a_nas_brings_its_name_and_a_user_who_may_only_log_in():
    settings = section(nas={"synology": NAS, "qnap": NAS}, users={"root": {"password": "x"}})
    assert {name: alias.device for name, alias in settings.every_alias.items()} == {
        "ups": "rack1",
        "qnapups": "rack1",
    }
    assert list(settings.every_user) == ["root", "monuser", "admin"]
    for name, password in (("monuser", "secret"), ("admin", "123456")):
        user = settings.every_user[name]
        assert user.password
        assert user.password.get_secret_value() == password
        assert (user.actions, user.instcmds, user.upsmon) == ([], [], "secondary")
        assert user.devices == ["rack1"]
        assert [str(network) for network in user.allow_from] == ["192.0.2.7/32"]


def test_no_nas_is_let_in_by_default():
    assert section().every_user == {}
    assert section().every_alias == {}


@pytest.mark.parametrize(
    ("gateway", "complaint"),
    [
        ({"nas": {"synology": {"device": "rack1"}}}, "allow_from: Field required"),
        ({"nas": {"synology": {**NAS, "allow_from": []}}}, "at least 1 item"),
        ({"nas": {"qnap": {**NAS, "allow_from": ["0.0.0.0/0"]}}}, "may not come from everywhere"),
        ({"nas": {"qnap": {**NAS, "allow_from": ["::/0"]}}}, "may not come from everywhere"),
        ({"nas": {"other": NAS}}, "synology"),
        ({"nas": {"qnap": NAS}, "users": {"admin": {"password": "x"}}}, "brings a user 'admin'"),
        ({"nas": {"synology": NAS}, "aliases": {"UPS": "rack1"}}, "'ups' is there twice"),
        ({"aliases": {"a": "rack1", "A": "rack1"}}, "'a' is there twice"),
        ({"aliases": {"a b": "rack1"}}, "is no name"),
        ({"aliases": {"a": "b c"}}, "is no name"),
        ({"aliases": {"a": {"device": "x", "shows": []}}}, "did you mean 'show'"),
        ({"aliases": {"a": 5}}, "has to be a table"),
        ({"announce_as": "a.b"}, "without a dot"),
        ({"announce_as": ""}, "without a dot"),
        ({"announce_as": "x" * 59}, "at most 58 bytes"),
    ],
)
def test_wrong_names_are_told(gateway: dict[str, Any], complaint: str):
    with pytest.raises(SettingsError, match=complaint):
        section(**gateway)


@pytest.mark.parametrize(
    ("gateway", "said"),
    [
        ({}, []),
        ({"announce": True}, ["announce is of no use"]),
        ({"announce": True, "listen": ["0.0.0.0"]}, []),
        ({"nas": {"synology": NAS}}, ["the password of the user monuser is public"]),
        (
            {"nas": {"synology": NAS}, "certificate_file": "/x", "require_tls": "passwords"},
            ["the password of the user monuser is public", "the NAS of nas.synology is turned"],
        ),
        ({"listen": ["[::]"], "users": {"x": {"password": "y"}}}, ["other machines can connect"]),
    ],
)
def test_risks_are_told(gateway: dict[str, Any], said: list[str]):
    told = risks(section(**gateway))
    assert len(told) == len(said)
    assert all(line.startswith(begin) for line, begin in zip(told, said, strict=True))


OWN = ["127.0.0.1", "192.0.2.1", "198.51.100.1", "::1", "2001:db8::1", "fe80::1"]


@pytest.mark.parametrize(
    ("bound", "announced"),
    [
        ([("127.0.0.1", 3493), ("::1", 3493)], []),
        ([("192.0.2.1", 3493)], [("box", 3493, ("192.0.2.1",))]),
        ([("0.0.0.0", 3493)], [("box", 3493, ("192.0.2.1", "198.51.100.1"))]),
        ([("::", 4000)], [("box", 4000, ("2001:db8::1",))]),
        ([("fe80::1", 3493)], []),
        (
            [("192.0.2.1", 3493), ("0.0.0.0", 3493), ("::", 4000)],
            [
                ("box", 3493, ("192.0.2.1", "198.51.100.1")),
                ("box 4000", 4000, ("2001:db8::1",)),
            ],
        ),
    ],
)
def test_what_others_reach_is_announced_once_for_each_port(bound: Any, announced: Any):
    settings = section(id="box", announce=True)
    addresses = [Address(*address) for address in bound]
    found = announcements(settings, addresses, OWN)
    assert [(each.name, each.port, each.addresses) for each in found] == announced
    assert announcements(section(id="box"), addresses, OWN) == ()


def test_an_announcement_names_a_host_that_no_other_has():
    (found,) = announcements(
        section(id="box", announce=True, announce_as="Büro 1"), [Address("192.0.2.1", 3493)], OWN
    )
    assert found.named(1) == ("Büro 1._nut._tcp.local.", "nutbus-b-ro-1.local.")
    assert found.named(2) == ("Büro 1-2._nut._tcp.local.", "nutbus-b-ro-1-2.local.")

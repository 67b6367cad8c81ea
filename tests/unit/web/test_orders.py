"""Who may order what, what is dangerous, and what is offered."""

import pytest

from services.web.control.offers import offers
from services.web.control.orders import (
    Action,
    Order,
    consequence,
    is_dangerous,
    may,
    objection,
)
from services.web.mirror import Mirror
from shared.fleet import Device
from shared.messages import Availability, DeviceMeta, DeviceState, ForcedShutdown, Message, Writable
from shared.service_messages import Logins, MonitorPower, Phase, Role, service_availability
from shared.topics import Topics
from shared.users import Users, UserSettings

OPERATOR = {"password": "x", "actions": ["SET"], "instcmds": ["beeper.mute", "load.off"]}
SETTINGS = {
    "operator": UserSettings.model_validate(OPERATOR),
    "chief": UserSettings(password="x", instcmds=["ALL"], actions=["FSD", "SET"]),
    "elsewhere": UserSettings(password="x", instcmds=["ALL"], actions=["SET"], devices=["pdu*"]),
    "reader": UserSettings(password="x"),
}
USERS = {name: Users(SETTINGS).verified(name, "x", "127.0.0.1") for name in SETTINGS}
DEVICE = Device(
    "ups1",
    DeviceMeta(
        driver="dummy",
        service="s",
        commands=[
            "beeper.mute",
            "load.off",
            "shutdown.stop",
            "outlet.2.load.off",
            "outlet.10.load.on",
            "outlet.group.1.load.cycle",
            "strange.thing",
        ],
        writable={
            "battery.charge.low": Writable(type="number", ranges=[(10, 90)]),
            "ups.id": Writable(max_length=8),
            "input.sensitivity": Writable(enum=["low", "high"]),
        },
    ),
    DeviceState(seq=1, at=0.0, vars={"ups.status": "OL", "ups.id": "<b>", "outlet.2.status": "on"}),
)
COMMAND = Order(Action.COMMAND, "ups1", "load.off")
SET = Order(Action.SET, "ups1", "ups.id", "new")
FSD = Order(Action.FSD, "ups1")


@pytest.mark.parametrize(
    ("user", "allowed"),
    [
        ("operator", (True, True, False)),
        ("chief", (True, True, True)),
        ("elsewhere", (False, False, False)),
        ("reader", (False, False, False)),
    ],
)
def test_rights_are_those_of_the_gateway(user: str, allowed: tuple[bool, bool, bool]) -> None:
    assert tuple(may(USERS[user], order) for order in (COMMAND, SET, FSD)) == allowed


def test_who_is_not_logged_in_may_nothing() -> None:
    assert not any(may(None, order) for order in (COMMAND, SET, FSD))
    assert not offers(None, DEVICE)


@pytest.mark.parametrize(
    ("order", "is_so"),
    [
        (COMMAND, True),
        (FSD, True),
        (Order(Action.COMMAND, "ups1", "beeper.mute"), False),
        (Order(Action.COMMAND, "ups1", "strange.thing"), True),
        (Order(Action.COMMAND, "ups1", "outlet.2.load.off"), True),
        (SET, False),
        (Order(Action.SET, "ups1", "outlet.2.switch", "off"), True),
        (Order(Action.SET, "ups1", "outlet.group.1.switch"), True),
        (Order(Action.SET, "ups1", "device.2.outlet.1.switch", "OFF"), True),
        (Order(Action.SET, "ups1", "outlet.2.switch", "on"), False),
        (Order(Action.CLEAR_FSD, "ups1"), False),
    ],
)
def test_what_may_cut_the_power_has_to_be_confirmed(order: Order, is_so: bool) -> None:
    assert is_dangerous(order) == is_so


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (COMMAND, None),
        (Order(Action.COMMAND, "ups1", "load.on"), "ups1 has no command load.on"),
        (SET, None),
        (Order(Action.SET, "ups1", "ups.id", "much too long"), "at most 8 characters"),
        (Order(Action.SET, "ups1", "battery.charge.low", "95"), "from 10 to 90"),
        (Order(Action.SET, "ups1", "ups.status", "OL"), "cannot be written"),
        (Order(Action.SET, "ups1", "ups.id"), "needs a value"),
        (Order(Action.CLEAR_FSD, "ups1"), "no forced shutdown is ordered"),
    ],
)
def test_what_a_device_cannot_do_is_refused_before_it_is_sent(
    order: Order, words: str | None
) -> None:
    found = objection(order, DEVICE)
    assert found is None if words is None else words in (found or "")


def test_a_user_is_offered_what_they_may_do() -> None:
    found = offers(USERS["operator"], DEVICE)
    assert [button.name for button in found.buttons] == ["beeper.mute", "load.off"]
    assert not found.outlets
    assert not found.may_force
    kinds = {entry.name: (entry.kind, entry.value) for entry in found.entries}
    assert kinds == {
        "battery.charge.low": ("number", ""),
        "input.sensitivity": ("choice", ""),
        "ups.id": ("text", "<b>"),
    }


def test_outlets_are_offered_in_the_order_of_their_numbers() -> None:
    found = offers(USERS["chief"], DEVICE)
    places = [(outlet.place, outlet.status) for outlet in found.outlets]
    assert places == [("outlet.2", "on"), ("outlet.10", ""), ("outlet.group.1", "")]
    assert found.may_force
    assert not found.may_clear


def test_a_forced_shutdown_can_be_called_off() -> None:
    forced = Device(DEVICE.name, DEVICE.meta, DEVICE.state, fsd=ForcedShutdown(by="x", at=0.0))
    assert offers(USERS["chief"], forced).may_clear
    assert objection(Order(Action.CLEAR_FSD, "ups1"), forced) is None


def test_the_consequence_names_who_hangs_on_the_device() -> None:
    topics, mirror = Topics(), Mirror()
    power = MonitorPower(
        host="server1", roles={"ups1": Role.PRIMARY}, present=1, needed=1, phase=Phase.WATCHING
    )
    for kind, id, message in (
        ("monitor", "m", power.publication(topics, "m")),
        ("gateway", "g", Logins(logins={"ups1": ["192.0.2.9"]}).publication(topics, "g")),
    ):
        online = service_availability(topics, kind, id, Availability.ONLINE)
        for each in (message, online):
            mirror.take(Message(each.topic, each.payload, False), 0.0)
    assert "hosts with a monitor: server1" in consequence(COMMAND, mirror)
    assert "192.0.2.9" in consequence(FSD, mirror)
    switched = consequence(Order(Action.SET, "ups1", "outlet.2.switch", "off"), mirror)
    assert "outlet 2" in switched
    assert "server1" in switched
    assert "No known host" in consequence(Order(Action.FSD, "other"), mirror)

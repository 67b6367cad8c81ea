"""What a person may have done to a device, and what would follow. No input or output."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.web.mirror import Mirror
from shared.commands import command
from shared.errors import RefusedError
from shared.fleet import Device
from shared.messages import Writable
from shared.service_messages import MonitorPower
from shared.topics import is_dotted_name
from shared.users import Right, User
from shared.variables import variable


class Action(StrEnum):
    """The kinds of orders."""

    COMMAND = "command"
    SET = "set"
    FSD = "fsd"
    CLEAR_FSD = "clear-fsd"


@dataclass(frozen=True, slots=True)
class Order:
    """One thing to be done: `name` is the command or variable, `value` its parameter or value."""

    action: Action
    device: str
    name: str = ""
    value: str | None = None

    @property
    def in_words(self) -> str:
        """Say the order in a few words, without its value."""
        match self.action:
            case Action.COMMAND:
                return f"command {self.name} for {self.device}"
            case Action.SET:
                return f"set {self.name} of {self.device}"
            case Action.FSD:
                return f"forced shutdown of all that {self.device} feeds"
        return f"calling off the forced shutdown of {self.device}"


def may(user: User | None, order: Order) -> bool:
    """Tell whether a user may give an order; nobody may who is not logged in."""
    if user is None:
        return False
    match order.action:
        case Action.COMMAND:
            return user.may_command(order.name, order.device)
        case Action.SET:
            return user.may(Right.SET, order.device)
    return user.may(Right.FSD, order.device)


def objection(order: Order, device: Device) -> str | None:
    """Say why the device will not take an order, as far as can be known before; None: it may."""
    meta = device.meta
    if meta is None:
        return "there is no such device"
    is_named = order.action in (Action.COMMAND, Action.SET)
    if is_named and not is_dotted_name(order.name):
        return f"{order.name!r} is no name of a command or a variable"
    if order.action is Action.COMMAND and order.name not in meta.commands:
        return f"{device.name} has no command {order.name}"
    if order.action is Action.SET:
        return _objection_to_value(order, meta.writable)
    if order.action is Action.CLEAR_FSD and device.fsd is None:
        return f"no forced shutdown is ordered for {device.name}"
    return None


def _objection_to_value(order: Order, writable: Mapping[str, Writable]) -> str | None:
    rule = writable.get(order.name)
    if rule is None:
        return f"{order.name} of {order.device} cannot be written"
    if order.value is None:
        return f"{order.name} of {order.device} needs a value"
    try:
        rule.check(order.value)
    except RefusedError as error:
        return f"{order.name} of {order.device}: {error}"
    return None


def is_dangerous(order: Order) -> bool:
    """Tell whether the load may lose its power, so that a person has to confirm."""
    if order.action is Action.FSD:
        return True
    if order.action is Action.SET:
        return _is_switch(order.name) and order.value != "on"
    known = command(order.name)
    return order.action is Action.COMMAND and (known is None or known.dangerous)


def _is_switch(name: str) -> bool:
    """Tell whether a variable is the switch of an outlet, of a group of them or of all."""
    levels = name.split(".")
    return levels[-1] == "switch" and "outlet" in levels


def consequence(order: Order, mirror: Mirror) -> str:
    """Say what a dangerous order does, naming who hangs on the device."""
    if order.action is Action.FSD:
        what = "Every computer that this device feeds is told to shut down now."
    elif order.action is Action.SET:
        known_variable = variable(order.name)
        said = f"{known_variable.description}. " if known_variable else ""
        what = f"{said}What hangs on it loses its power, unless it is set to on."
    else:
        known = command(order.name)
        said = f"{known.description}." if known else "Nobody knows what this command does."
        what = f"{said} What hangs on the device may lose its power."
    fed = hosts(order.device, mirror.powers())
    clients = mirror.clients(order.device)
    who = [f"hosts with a monitor: {', '.join(fed)}"] if fed else []
    who += [f"clients logged in: {', '.join(clients)}"] if clients else []
    return (
        f"{what} Concerned are {'; '.join(who)}." if who else f"{what} No known host hangs on it."
    )


def hosts(device: str, powers: Mapping[str, MonitorPower]) -> list[str]:
    """List the hosts whose monitors count a device among their supplies."""
    return sorted({power.host for power in powers.values() if device in power.roles})

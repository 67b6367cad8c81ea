"""GET and LIST: what anybody may ask. Replies echo names in the client's spelling, as upsd does."""

from collections.abc import Callable, Iterable, Sequence

from services.gateway.answers import (
    DATA_STALE,
    DRIVER_NOT_CONNECTED,
    UNKNOWN_UPS,
    VAR_NOT_SUPPORTED,
    Function,
    Session,
    View,
)
from shared.commands import command
from shared.fleet import Device
from shared.messages import Availability, Writable
from shared.nutwire import LENGTH_LIMIT, quote, spell
from shared.variables import variable

COMPATIBLE = "2.8.4"  # the version of NUT's server whose behaviour clients may expect

# NUT's own clients read a line into 512 bytes, and take the rest for another line.
LONGEST_LINE = 510

# upsd has two texts for the same thing.
_NO_DEVICE_DESCRIPTION = "Unavailable"
_NO_DESCRIPTION = "Description unavailable"

# These make the answer for a device, named as the client did, and the words that follow.
Reader = Callable[[Device, str, Sequence[str]], str]


def server_info(view: View) -> str:
    """Say who serves, in the form that clients take apart at the spaces."""
    return f"Network UPS Tools upsd {COMPATIBLE} - nutbus {view.version}"


def reachable(view: View, name: str) -> Device | str:
    """Find a device whose data can be relied on, or say the error."""
    device = view.device(name)
    if device is None:
        return UNKNOWN_UPS
    standing = view.standing(device)
    if standing is Availability.OFFLINE or device.state is None:
        return DRIVER_NOT_CONNECTED
    return DATA_STALE if standing is Availability.STALE else device


def variable_name(device: Device, name: str) -> str | None:
    """Find how the device spells a variable that is asked for in any case."""
    variables = device.variables
    if name in variables:
        return name
    wanted = name.lower()
    return next((known for known in variables if known.lower() == wanted), None)


def get_variable(view: View, _session: Session, words: Sequence[str]) -> str:
    """GET VAR; what begins with `server.` is about this server, whatever the device."""
    name, asked = words[0], words[1]
    if asked.lower().startswith("server."):
        return _server_variable(view, name, asked)
    device = reachable(view, name)
    if isinstance(device, str):
        return device
    known = variable_name(device, asked)
    if known is None:
        return VAR_NOT_SUPPORTED
    return _line(f"VAR {name} {asked}", device.variables[known])


def _server_variable(view: View, name: str, asked: str) -> str:
    values = {"server.info": server_info(view), "server.version": COMPATIBLE}
    key = asked.lower()
    return f"VAR {name} {key} {quote(values[key])}" if key in values else VAR_NOT_SUPPORTED


def get_logins(word: str) -> Function:
    """Make GET NUMLOGINS, or the same under another word."""

    def logins(view: View, _session: Session, words: Sequence[str]) -> str:
        device = reachable(view, words[0])
        if isinstance(device, str):
            return device
        return f"{word} {words[0]} {len(view.clients(device.name))}"

    return logins


def get_device_description(view: View, _session: Session, words: Sequence[str]) -> str:
    """GET UPSDESC."""
    device = view.device(words[0])
    if device is None:
        return UNKNOWN_UPS
    return _line(f"UPSDESC {words[0]}", _described(device, _NO_DEVICE_DESCRIPTION))


def get_description(view: View, _session: Session, words: Sequence[str]) -> str:
    """GET DESC; whether the device has the variable does not matter."""
    device = reachable(view, words[0])
    if isinstance(device, str):
        return device
    known = variable(words[1]) or variable(words[1].lower())
    return f"DESC {words[0]} {words[1]} {quote(known.description if known else _NO_DESCRIPTION)}"


def get_command_description(view: View, _session: Session, words: Sequence[str]) -> str:
    """GET CMDDESC; whether the device has the command does not matter."""
    device = reachable(view, words[0])
    if isinstance(device, str):
        return device
    known = command(words[1]) or command(words[1].lower())
    return f"CMDDESC {words[0]} {words[1]} {quote(known.description if known else _NO_DESCRIPTION)}"


def list_devices(view: View, _session: Session, _words: Sequence[str]) -> str:
    """LIST UPS."""
    rows = []
    for name in view.names():
        device = view.device(name)
        if device is not None:
            rows.append(_line(f"UPS {name}", _described(device, _NO_DESCRIPTION)))
    return _list("UPS", rows)


def list_clients(view: View, _session: Session, words: Sequence[str]) -> str:
    """LIST CLIENT."""
    device = view.device(words[0])
    if device is None:
        return UNKNOWN_UPS
    # upsd has its own spelling here; a further name is a client's word for the device.
    name = device.name if device.name.lower() == words[0].lower() else words[0]
    rows = (f"CLIENT {name} {address}" for address in view.clients(device.name))
    return _list(f"CLIENT {words[0]}", rows)


def _of_device(read: Reader) -> Function:
    """Make a function that answers only for a device whose data can be relied on."""

    def function(view: View, _session: Session, words: Sequence[str]) -> str:
        device = reachable(view, words[0])
        return device if isinstance(device, str) else read(device, words[0], words[1:])

    return function


def _type(device: Device, name: str, words: Sequence[str]) -> str:
    known = variable_name(device, words[0])
    if known is None:
        return VAR_NOT_SUPPORTED
    writable = _writable(device).get(known)
    return " ".join(("TYPE", name, words[0], *(_kind(writable) if writable else ("NUMBER",))))


def _kind(writable: Writable) -> Iterable[str]:
    yield "RW"
    if writable.enum:
        yield "ENUM"
    if writable.ranges:
        yield "RANGE"
    if writable.type == "number":
        yield "NUMBER"
    else:
        most = LENGTH_LIMIT if writable.max_length is None else writable.max_length
        yield f"STRING:{most}"


def _variables(device: Device, name: str, _words: Sequence[str]) -> str:
    rows = (_line(f"VAR {name} {key}", value) for key, value in _sorted(device))
    return _list(f"VAR {name}", rows)


def _writable_variables(device: Device, name: str, _words: Sequence[str]) -> str:
    writable = _writable(device)
    shown = ((key, value) for key, value in _sorted(device) if key in writable)
    rows = (_line(f"RW {name} {key}", value) for key, value in shown)
    return _list(f"RW {name}", rows)


def _commands(device: Device, name: str, _words: Sequence[str]) -> str:
    commands = device.meta.commands if device.meta else []
    return _list(f"CMD {name}", (f"CMD {name} {key}" for key in sorted(commands, key=str.lower)))


def _enumeration(device: Device, name: str, words: Sequence[str]) -> str:
    known = variable_name(device, words[0])
    if known is None:
        return VAR_NOT_SUPPORTED
    writable = _writable(device).get(known)
    values = writable.enum if writable else []
    subject = f"ENUM {name} {words[0]}"
    return _list(subject, (_line(subject, value) for value in values))


def _ranges(device: Device, name: str, words: Sequence[str]) -> str:
    known = variable_name(device, words[0])
    if known is None:
        return VAR_NOT_SUPPORTED
    writable = _writable(device).get(known)
    ranges = writable.ranges if writable else []
    subject = f"RANGE {name} {words[0]}"
    rows = (f'{subject} "{_number(low)}" "{_number(high)}"' for low, high in ranges)
    return _list(subject, rows)


get_type = _of_device(_type)
list_variables = _of_device(_variables)
list_writable = _of_device(_writable_variables)
list_commands = _of_device(_commands)
list_enumeration = _of_device(_enumeration)
list_ranges = _of_device(_ranges)


def _line(head: str, value: str) -> str:
    """End a line with a value, cut where it would not fit."""
    line = f"{head} {quote(value)}"
    if len(line) <= LONGEST_LINE:
        return line
    spelt = spell(value)[:LONGEST_LINE]
    while spelt and (surplus := len(line := f"{head} {quote(spelt)}") - LONGEST_LINE) > 0:
        spelt = spelt[: -max(surplus // 2, 1)]  # a character may be two in quotes
    return line


def _list(subject: str, rows: Iterable[str]) -> str:
    return "\n".join((f"BEGIN LIST {subject}", *rows, f"END LIST {subject}"))


def _sorted(device: Device) -> list[tuple[str, str]]:
    return sorted(device.variables.items(), key=lambda item: item[0].lower())


def _writable(device: Device) -> dict[str, Writable]:
    return device.meta.writable if device.meta else {}


def _described(device: Device, otherwise: str) -> str:
    text = device.meta.desc if device.meta else None
    return otherwise if text is None else text


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else str(value)

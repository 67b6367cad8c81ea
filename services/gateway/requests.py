"""The verbs of the NUT network protocol 1.3, as a table. No network, no bus, no clock.

Facts are those of docs/net-protocol.txt and of upsd 2.8 as it behaves; the order of the checks is
upsd's. `ATTACH`, `DETACH` and `NUMATTACH` are what RFC 9271 calls LOGIN, LOGOUT and NUMLOGINS.
"""

from collections.abc import Sequence

from services.gateway import reading
from services.gateway.answers import (
    ACCESS_DENIED,
    INVALID_ARGUMENT,
    UNKNOWN_COMMAND,
    UNKNOWN_UPS,
    VAR_NOT_SUPPORTED,
    Answer,
    Fsd,
    Function,
    Login,
    Logout,
    Needs,
    Order,
    Scope,
    Session,
    StartTls,
    Verb,
    View,
)
from services.gateway.sections import Demand
from shared.errors import RefusedError, ResultStatus
from shared.fleet import Device
from shared.users import Right

PROTOCOL = "1.3"
SECRETS = frozenset({"USERNAME", "PASSWORD"})
HARMLESS = frozenset({"STARTTLS", "HELP", "VER", "NETVER", "PROTVER", "LOGOUT", "DETACH"})
HELP = "Commands: HELP VER PROTVER GET LIST SET INSTCMD LOGIN LOGOUT USERNAME PASSWORD STARTTLS"


def verb(words: Sequence[str]) -> Verb | str:
    """Find the row for a request, or say the error that it deserves."""
    name = words[0].upper() if words else ""
    if name in SUBVERBS:
        needs, subverbs = SUBVERBS[name]
        found = subverbs.get(words[1].upper()) if len(words) > 1 else None
        return found or Verb(_refuse_arguments, needs=needs)
    return VERBS.get(name) or UNKNOWN_COMMAND


def is_too_open(row: Verb, words: Sequence[str], session: Session, demand: Demand) -> bool:
    """Tell whether a request is not to be answered before TLS has begun."""
    if session.is_private:
        return False
    name = words[0].upper()
    match demand:
        case Demand.NOTHING:
            return False
        case Demand.PASSWORDS:
            return name in SECRETS or row.needs is not Needs.NOTHING
        case Demand.EVERYTHING:
            return name not in HARMLESS


def lacks(row: Verb, session: Session) -> str | None:
    """Say what the client must send before the request, if anything."""
    if row.needs is not Needs.NOTHING:
        if session.username is None:
            return "ERR USERNAME-REQUIRED"
        if session.password is None:
            return "ERR PASSWORD-REQUIRED"
    return None


def answer(row: Verb, view: View, session: Session, words: Sequence[str]) -> Answer:
    """Answer a request of this row."""
    given = words[2:] if words[0].upper() in SUBVERBS else words[1:]
    if len(given) < row.least or (row.most is not None and len(given) > row.most):
        return INVALID_ARGUMENT
    return row.function(view, session, given)


def _refuse_arguments(_view: View, _session: Session, _words: Sequence[str]) -> str:
    return INVALID_ARGUMENT


def _say(text: str) -> Function:
    return lambda _view, _session, _words: text


def _version(view: View, _session: Session, _words: Sequence[str]) -> str:
    return reading.server_info(view)


def _username(_view: View, session: Session, words: Sequence[str]) -> str:
    if session.username is not None:
        return "ERR ALREADY-SET-USERNAME"
    session.username = words[0]
    return "OK"


def _password(_view: View, session: Session, words: Sequence[str]) -> str:
    if session.password is not None:
        return "ERR ALREADY-SET-PASSWORD"
    session.password = words[0]
    return "OK"


def _login(already: str) -> Function:
    def login(view: View, session: Session, words: Sequence[str]) -> Answer:
        if session.device is not None:
            return already
        device = view.device(words[0])
        if device is None:
            return UNKNOWN_UPS
        if not _may(session, Right.LOGIN, device):
            return ACCESS_DENIED
        return Login(device.name)

    return login


def _primary(granted: str) -> Function:
    def primary(view: View, session: Session, words: Sequence[str]) -> str:
        device = view.device(words[0])
        if device is None:
            return UNKNOWN_UPS
        return granted if _may(session, Right.PRIMARY, device) else ACCESS_DENIED

    return primary


def _fsd(view: View, session: Session, words: Sequence[str]) -> Answer:
    device = view.device(words[0])
    if device is None:
        return UNKNOWN_UPS
    return Fsd(device.name) if _may(session, Right.FSD, device) else ACCESS_DENIED


def _set_tracking(_view: View, session: Session, words: Sequence[str]) -> str:
    switch = {"ON": True, "OFF": False}.get(words[0].upper())
    if switch is None:
        return INVALID_ARGUMENT
    session.tracking = switch
    return "OK"


def _get_tracking(view: View, session: Session, words: Sequence[str]) -> str:
    if not words:
        return "ON" if session.tracking else "OFF"
    return view.result(words[0]) if session.tracking else "ERR FEATURE-NOT-CONFIGURED"


def _set_variable(view: View, session: Session, words: Sequence[str]) -> Answer:
    device = reading.reachable(view, words[0])
    if isinstance(device, str):
        return device
    if not _may(session, Right.SET, device):
        return ACCESS_DENIED
    name = reading.variable_name(device, words[1])
    if name is None:
        return VAR_NOT_SUPPORTED
    writable = device.meta.writable.get(name) if device.meta else None
    if writable is None:
        return "ERR READONLY"
    try:
        writable.check(words[2])
    except RefusedError as refusal:
        return "ERR TOO-LONG" if refusal.status is ResultStatus.TOO_LONG else "ERR INVALID-VALUE"
    return Order(device.name, name, words[2], is_command=False)


def _command(view: View, session: Session, words: Sequence[str]) -> Answer:
    device = reading.reachable(view, words[0])
    if isinstance(device, str):
        return device
    wanted = words[1].lower()
    commands = device.meta.commands if device.meta else []
    name = next((command for command in commands if command.lower() == wanted), None)
    if name is None:
        return "ERR CMD-NOT-SUPPORTED"
    if session.user is None or not session.user.may_command(name, device.name):
        return ACCESS_DENIED
    # upscmd sends a parameter of several words without quotes.
    value = " ".join(words[2:]) if len(words) > 2 else None
    return Order(device.name, name, value, is_command=True)


def _may(session: Session, right: Right, device: Device) -> bool:
    return session.user is not None and session.user.may(right, device.name)


_RIGHT = Needs.RIGHT

VERBS: dict[str, Verb] = {
    "VER": Verb(_version, most=0, scope=Scope.FLEET),
    "NETVER": Verb(_say(PROTOCOL), most=0, scope=Scope.FLEET),
    "PROTVER": Verb(_say(PROTOCOL), most=0, scope=Scope.FLEET),
    "HELP": Verb(_say(HELP), most=0, scope=Scope.FLEET),
    "STARTTLS": Verb(lambda _view, _session, _words: StartTls()),
    "USERNAME": Verb(_username, least=1, most=1),
    "PASSWORD": Verb(_password, least=1, most=1),
    "LOGIN": Verb(_login("ERR ALREADY-LOGGED-IN"), least=1, most=1, needs=_RIGHT),
    "ATTACH": Verb(_login("ERR ALREADY-ATTACHED"), least=1, most=1, needs=_RIGHT),
    "LOGOUT": Verb(lambda _view, _session, _words: Logout(), most=0),
    "DETACH": Verb(lambda _view, _session, _words: Logout(), most=0),
    "PRIMARY": Verb(_primary("OK PRIMARY-GRANTED"), least=1, most=1, needs=_RIGHT),
    "MASTER": Verb(_primary("OK MASTER-GRANTED"), least=1, most=1, needs=_RIGHT),
    "FSD": Verb(_fsd, least=1, most=1, needs=_RIGHT),
    "INSTCMD": Verb(_command, least=2, needs=_RIGHT),
}
"""The verbs that stand alone; `most` is only there where upsd is strict about it."""

_OF_DEVICE = Scope.DEVICE

SUBVERBS: dict[str, tuple[Needs, dict[str, Verb]]] = {
    "GET": (
        Needs.NOTHING,
        {
            "TRACKING": Verb(_get_tracking),
            "NUMLOGINS": Verb(reading.get_logins("NUMLOGINS"), least=1),
            "NUMATTACH": Verb(reading.get_logins("NUMATTACH"), least=1),
            "UPSDESC": Verb(reading.get_device_description, least=1, scope=_OF_DEVICE),
            "VAR": Verb(reading.get_variable, least=2, scope=_OF_DEVICE),
            "TYPE": Verb(reading.get_type, least=2, scope=_OF_DEVICE),
            "DESC": Verb(reading.get_description, least=2, scope=_OF_DEVICE),
            "CMDDESC": Verb(reading.get_command_description, least=2, scope=_OF_DEVICE),
        },
    ),
    "LIST": (
        Needs.NOTHING,
        {
            "UPS": Verb(reading.list_devices, scope=Scope.FLEET),
            "VAR": Verb(reading.list_variables, least=1, scope=_OF_DEVICE),
            "RW": Verb(reading.list_writable, least=1, scope=_OF_DEVICE),
            "CMD": Verb(reading.list_commands, least=1, scope=_OF_DEVICE),
            "CLIENT": Verb(reading.list_clients, least=1),
            "ENUM": Verb(reading.list_enumeration, least=2, scope=_OF_DEVICE),
            "RANGE": Verb(reading.list_ranges, least=2, scope=_OF_DEVICE),
        },
    ),
    "SET": (
        Needs.CREDENTIALS,
        {
            "VAR": Verb(_set_variable, least=3, needs=_RIGHT),
            "TRACKING": Verb(_set_tracking, least=1, needs=Needs.CREDENTIALS),
        },
    ),
}
"""The verbs with a sub-word, and what is needed even if the sub-word is wrong."""

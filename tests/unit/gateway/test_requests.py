"""What the verb table answers, without any network; the real upsd is asked in tests/system."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from services.gateway import requests
from services.gateway.answers import (
    Answer,
    Fsd,
    Login,
    Logout,
    Needs,
    Order,
    Scope,
    Session,
    StartTls,
)
from shared.fleet import Device
from shared.messages import Availability, DeviceMeta, DeviceState, ForcedShutdown, Writable
from shared.nutwire import split
from shared.users import Users, UserSettings

VARIABLES = {
    "ups.status": "OL",
    "ups.id": "rack",
    "Vendor.Upper": "y",
    "battery.charge.low": "20",
    "input.sensitivity": "low",
    "ups.location": "Gerät",
}
META = DeviceMeta(
    desc='A "nice" one',
    driver="dummy",
    service="host",
    commands=["load.off", "beeper.mute", "Test.Start"],
    writable={
        "ups.id": Writable(max_length=8),
        "battery.charge.low": Writable(type="number", ranges=[(10, 50), (60.5, 70)]),
        "input.sensitivity": Writable(max_length=9, enum=["low", 'a "b" \\#']),
        "vendor.gone": Writable(),
    },
)


def device(name: str = "ups", **changes: object) -> Device:
    known = {
        "meta": META,
        "state": DeviceState(seq=1, at=0.0, vars=VARIABLES),
        "availability": Availability.ONLINE,
        "service_online": True,
    }
    return Device(name, **{**known, **changes})  # type: ignore[arg-type]


@dataclass
class Fleet:
    """A view of devices that are given."""

    devices: dict[str, Device] = field(default_factory=dict)
    version: str = "9.9"

    def names(self) -> Sequence[str]:
        return list(self.devices)

    def device(self, name: str) -> Device | None:
        return {known.lower(): device for known, device in self.devices.items()}.get(name.lower())

    def standing(self, device: Device) -> Availability:
        return device.standing

    def clients(self, device: str) -> Sequence[str]:
        return ["10.0.0.1", "10.0.0.2"] if device == "ups" else []

    def result(self, id: str) -> str:
        return "SUCCESS" if id == "known" else "ERR UNKNOWN"


FLEET = Fleet(
    {
        "ups": device(),
        "stale": device("stale", availability=Availability.STALE),
        "gone": device("gone", service_online=False),
        "mute": device("mute", state=None),
        "forced": device("forced", fsd=ForcedShutdown(by="x", at=0.0)),
        "plain": device("plain", meta=DeviceMeta(driver="dummy", service="host")),
    }
)
USERS = Users(
    {
        "admin": UserSettings(
            password="x", actions=["SET", "FSD"], instcmds=["ALL"], upsmon="primary"
        ),
        "guest": UserSettings(password="x", instcmds=["Beeper.MUTE"]),
        "limited": UserSettings(
            password="x", actions=["SET"], instcmds=["ALL"], upsmon="primary", devices=["P*"]
        ),
    }
)


def session(user: str | None = None) -> Session:
    if user is None:
        return Session("10.1.1.1")
    verified = USERS.verified(user, "x", "10.1.1.1")
    assert verified is not None
    return Session("10.1.1.1", username=user, password="x", user=verified)


def ask(line: str, who: Session | None = None) -> Answer:
    who = who or session()
    words = split(line)
    row = requests.verb(words)
    if isinstance(row, str):
        return row
    return requests.lacks(row, who) or requests.answer(row, FLEET, who, words)


READING = [
    ("VER", "Network UPS Tools upsd 2.8.4 - nutbus 9.9"),
    ("GET VAR ups server.info", 'VAR ups server.info "Network UPS Tools upsd 2.8.4 - nutbus 9.9"'),
    ("GET VAR nosuch Server.Version", 'VAR nosuch server.version "2.8.4"'),
    ("GET VAR UPS vendor.upper", 'VAR UPS vendor.upper "y"'),
    ("GET VAR ups ups.location", 'VAR ups ups.location "Gerat"'),
    ("GET VAR forced ups.status", 'VAR forced ups.status "FSD OL"'),
    ("GET VAR mute ups.status", "ERR DRIVER-NOT-CONNECTED"),
    ("GET VAR gone ups.status", "ERR DRIVER-NOT-CONNECTED"),
    ("GET VAR stale ups.status", "ERR DATA-STALE"),
    ("GET VAR stale server.version", 'VAR stale server.version "2.8.4"'),
    ("GET TYPE ups battery.charge.low", "TYPE ups battery.charge.low RW RANGE NUMBER"),
    ("GET TYPE ups input.sensitivity", "TYPE ups input.sensitivity RW ENUM STRING:9"),
    ("GET TYPE ups vendor.upper", "TYPE ups vendor.upper NUMBER"),
    ("GET TYPE ups vendor.gone", "ERR VAR-NOT-SUPPORTED"),
    ("GET UPSDESC ups", 'UPSDESC ups "A \\"nice\\" one"'),
    ("GET UPSDESC plain", 'UPSDESC plain "Unavailable"'),
    ("GET NUMLOGINS ups", "NUMLOGINS ups 2"),
    ("GET NUMATTACH ups", "NUMATTACH ups 2"),
    ("GET NUMLOGINS stale", "ERR DATA-STALE"),
    (
        "LIST CLIENT UPS",
        "BEGIN LIST CLIENT UPS\nCLIENT ups 10.0.0.1\nCLIENT ups 10.0.0.2\nEND LIST CLIENT UPS",
    ),
    ("LIST CLIENT gone", "BEGIN LIST CLIENT gone\nEND LIST CLIENT gone"),
    (
        "LIST RANGE ups battery.charge.low",
        "BEGIN LIST RANGE ups battery.charge.low\n"
        'RANGE ups battery.charge.low "10" "50"\n'
        'RANGE ups battery.charge.low "60.5" "70"\n'
        "END LIST RANGE ups battery.charge.low",
    ),
    (
        "LIST ENUM ups input.sensitivity",
        "BEGIN LIST ENUM ups input.sensitivity\n"
        'ENUM ups input.sensitivity "low"\n'
        'ENUM ups input.sensitivity "a \\"b\\" \\\\\\#"\n'
        "END LIST ENUM ups input.sensitivity",
    ),
    (
        "LIST CMD ups",
        "BEGIN LIST CMD ups\nCMD ups beeper.mute\nCMD ups load.off\nCMD ups Test.Start\n"
        "END LIST CMD ups",
    ),
    (
        "LIST RW ups",
        'BEGIN LIST RW ups\nRW ups battery.charge.low "20"\nRW ups input.sensitivity "low"\n'
        'RW ups ups.id "rack"\nEND LIST RW ups',
    ),
    ("LIST VAR nosuch", "ERR UNKNOWN-UPS"),
]


@pytest.mark.parametrize(("line", "expected"), READING)
def test_what_anybody_may_ask(line: str, expected: str):
    assert ask(line) == expected


def test_the_list_of_devices_has_the_dead_ones_too():
    rows = str(ask("LIST UPS")).split("\n")
    assert (rows[0], rows[-1]) == ("BEGIN LIST UPS", "END LIST UPS")
    assert [row.split(" ")[1] for row in rows[1:-1]] == list(FLEET.devices)
    assert rows[-2] == 'UPS plain "Description unavailable"'


@pytest.mark.parametrize("letter", ["x", "\u00e9", '"', "\\"])
@pytest.mark.parametrize("ask", ["LIST VAR ups", "LIST RW ups", "GET VAR ups ups.id", "LIST UPS"])
def test_no_line_is_longer_than_what_clients_read_at_once(ask, letter):
    text = letter * 5000
    state = DeviceState(seq=1, at=0.0, vars={**VARIABLES, "ups.id": text})
    known = device(state=state, meta=META.model_copy(update={"desc": text}))
    words = split(ask)
    fleet = Fleet({"ups": known})
    row = requests.verb(words)
    assert not isinstance(row, str)
    answer = requests.answer(row, fleet, Session("127.0.0.1"), words)
    assert isinstance(answer, str)
    lines = answer.split("\n")
    assert max(map(len, lines)) in (509, 510)
    for line in lines:
        assert len(split(line)) >= 2  # the quote at the end was not cut off


def test_variables_are_listed_in_the_order_of_their_letters_in_any_case():
    rows = str(ask("LIST VAR ups")).split("\n")[1:-1]
    names = [row.split(" ")[2] for row in rows]
    assert names == sorted(VARIABLES, key=str.lower)
    assert names[-1] == "Vendor.Upper"


ORDERS = [
    ("admin", "SET VAR UPS UPS.id new", Order("ups", "ups.id", "new", is_command=False)),
    ("admin", 'SET VAR ups ups.id ""', Order("ups", "ups.id", "", is_command=False)),
    ("admin", "SET VAR ups ups.id a b", Order("ups", "ups.id", "a", is_command=False)),
    (
        "admin",
        r'SET VAR ups input.sensitivity "a \"b\" \\\#"',
        Order("ups", "input.sensitivity", 'a "b" \\#', is_command=False),
    ),
    (
        "admin",
        "SET VAR ups battery.charge.low 60.5",
        Order("ups", "battery.charge.low", "60.5", is_command=False),
    ),
    ("admin", "INSTCMD UPS LOAD.off", Order("ups", "load.off", None, is_command=True)),
    ("admin", "INSTCMD ups load.off 1 2  3", Order("ups", "load.off", "1 2 3", is_command=True)),
    ("guest", "INSTCMD ups beeper.mute", Order("ups", "beeper.mute", None, is_command=True)),
    ("admin", "LOGIN STALE", Login("stale")),
    ("admin", "ATTACH gone", Login("gone")),
    ("admin", "FSD Gone", Fsd("gone")),
    ("limited", "FSD plain", Fsd("plain")),
    (None, "LOGOUT", Logout()),
    (None, "DETACH", Logout()),
    (None, "STARTTLS now", StartTls()),
]


@pytest.mark.parametrize(("user", "line", "expected"), ORDERS)
def test_what_the_connection_has_to_carry_out(user: str | None, line: str, expected: Answer):
    assert ask(line, session(user)) == expected


REFUSALS = [
    ("admin", "SET VAR ups ups.status x", "ERR READONLY"),
    ("admin", "SET VAR ups vendor.gone x", "ERR VAR-NOT-SUPPORTED"),
    ("admin", "SET VAR ups ups.id 123456789", "ERR TOO-LONG"),
    ("admin", "SET VAR ups input.sensitivity LOW", "ERR INVALID-VALUE"),
    ("admin", "SET VAR ups battery.charge.low 12abc", "ERR INVALID-VALUE"),
    ("admin", "SET VAR ups battery.charge.low 50.5", "ERR INVALID-VALUE"),
    ("admin", "SET VAR gone ups.id x", "ERR DRIVER-NOT-CONNECTED"),
    ("admin", "SET VAR stale ups.id x", "ERR DATA-STALE"),
    ("guest", "SET VAR stale ups.id x", "ERR DATA-STALE"),
    ("guest", "SET VAR ups nosuch x", "ERR ACCESS-DENIED"),
    ("guest", "INSTCMD ups nosuch", "ERR CMD-NOT-SUPPORTED"),
    ("guest", "INSTCMD ups load.off", "ERR ACCESS-DENIED"),
    ("guest", "LOGIN nosuch", "ERR UNKNOWN-UPS"),
    ("guest", "LOGIN ups", "ERR ACCESS-DENIED"),
    ("limited", "SET VAR ups ups.id x", "ERR ACCESS-DENIED"),
    ("limited", "INSTCMD ups load.off", "ERR ACCESS-DENIED"),
    ("limited", "PRIMARY ups", "ERR ACCESS-DENIED"),
    ("limited", "PRIMARY Plain", "OK PRIMARY-GRANTED"),
    ("limited", "MASTER plain", "OK MASTER-GRANTED"),
    ("limited", "FSD ups", "ERR ACCESS-DENIED"),
    (None, "SET", "ERR USERNAME-REQUIRED"),
    (None, "SET FOO", "ERR USERNAME-REQUIRED"),
    (None, "INSTCMD", "ERR USERNAME-REQUIRED"),
    (None, "LOGOUT now", "ERR INVALID-ARGUMENT"),
    (None, "GET TRACKING known", "ERR FEATURE-NOT-CONFIGURED"),
]


@pytest.mark.parametrize(("user", "line", "expected"), REFUSALS)
def test_what_is_refused_and_in_which_words(user: str | None, line: str, expected: str):
    assert ask(line, session(user)) == expected


def test_nobody_has_rights_before_the_password_was_verified():
    unverified = Session("10.1.1.1", username="admin", password="x")
    for line in ("SET VAR ups ups.id x", "INSTCMD ups load.off", "LOGIN ups", "FSD ups"):
        assert ask(line, unverified) == "ERR ACCESS-DENIED"


def test_one_connection_logs_in_once():
    who = session("admin")
    who.device = "ups"
    assert ask("LOGIN nosuch", who) == "ERR ALREADY-LOGGED-IN"
    assert ask("ATTACH ups", who) == "ERR ALREADY-ATTACHED"


def test_name_and_password_are_taken_once_each_and_never_judged():
    who = session()
    assert ask("PASSWORD secret", who) == "OK"
    assert ask("LOGIN ups", who) == "ERR USERNAME-REQUIRED"
    assert ask('USERNAME ""', who) == "OK"
    assert ask("USERNAME again", who) == "ERR ALREADY-SET-USERNAME"
    assert ask("PASSWORD again", who) == "ERR ALREADY-SET-PASSWORD"
    assert (who.username, who.password) == ("", "secret")


def test_tracking_is_a_switch_of_the_connection():
    who = Session("10.1.1.1", username="x", password="y")
    assert ask("GET TRACKING", who) == "OFF"
    assert ask("SET TRACKING on", who) == "OK"
    assert ask("GET TRACKING", who) == "ON"
    assert ask("GET TRACKING known", who) == "SUCCESS"
    assert ask("GET TRACKING nosuch", who) == "ERR UNKNOWN"
    assert ask("SET TRACKING perhaps", who) == "ERR INVALID-ARGUMENT"
    assert ask("GET TRACKING", who) == "ON"


def test_no_row_is_kept_whose_answer_depends_on_the_connection():
    with_subwords = (row for _, rows in requests.SUBVERBS.values() for row in rows.values())
    rows = [*requests.VERBS.values(), *with_subwords]
    assert all(row.scope is Scope.NEVER for row in rows if row.needs is not Needs.NOTHING)
    for line in ("GET TRACKING", "GET NUMLOGINS ups", "LIST CLIENT ups", "USERNAME x", "STARTTLS"):
        row = requests.verb(split(line))
        assert not isinstance(row, str)
        assert row.scope is Scope.NEVER

"""What holds for every row of every dialect, and for any bytes that may come over a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols.qx import detection
from services.driver.protocols.qx.decoding import decode
from services.driver.protocols.qx.numbers import FORM
from services.driver.protocols.qx.orders import command_requests
from services.driver.protocols.qx.picture import Picture, Walk
from services.driver.protocols.qx.registry import DIALECTS
from services.driver.protocols.qx.table import Knowledge
from shared.commands import command
from shared.errors import DeviceError, RefusedError
from shared.variables import variable
from tests.simulators.qx import MEGATEC, examples, recorded

BY_NAME = {dialect.name: dialect for dialect in DIALECTS}
QUERIES = [
    pytest.param(dialect, query, id=f"{dialect.name} {query.request!r} {query.length}")
    for dialect in DIALECTS
    for query in dialect.queries
]
NUT_ORDER = [
    "omron",
    "voltronic",
    "voltronic-axpert",
    "voltronic-qs",
    "voltronic-qs-hex",
    "mustek",
    "megatec/old",
    "bestups",
    "mecer",
    "megatec",
    "zinto",
    "masterguard",
    "hunnox",
    "ablerex",
    "innovart31",
    "innovart33",
    "innovatae",
    "q2",
    "q6",
    "gtec",
    "q1",
]
# Names that NUT's tables have and its list of names has not.
NUTS_OWN = {f"device.firmware.{part}" for part in ("main", "scc1", "scc2", "scc3")} | {"load.high"}
A_MODEL = Knowledge(
    variables={
        "ups.id": "00",
        "battery.voltage.nominal": "24.0",
        "input.voltage": "230.0",
        "output.voltage": "230.0",
        "input.voltage.nominal": "230",
    },
    private={"series": "A"},
)


def places(query):
    return range(len(query.fields))


def test_all_protocols_of_nut_are_there_in_its_order():
    assert [dialect.name for dialect in DIALECTS] == NUT_ORDER


@pytest.mark.parametrize(("dialect", "query"), QUERIES)
def test_an_example_is_a_reply_to_its_query(dialect, query):
    decode(query, dialect, query.example, A_MODEL, ())


@pytest.mark.parametrize(("dialect", "query"), QUERIES)
def test_the_rows_are_well_formed(dialect, query):
    assert query.request.endswith("\r")
    assert query.length <= len(query.repair(query.example) if query.repair else query.example)
    for field in query.fields:
        assert field.end is None or field.start < field.end
        assert not field.form or FORM.search(field.form)
        assert field.private or field.variable in NUTS_OWN or variable(field.variable)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_the_commands_are_in_the_catalogue(dialect):
    assert [row.name for row in dialect.commands if command(row.name) is None] == []


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_device_that_answers_as_its_table_shows_is_found(dialect):
    replies = examples(dialect)
    asked: dict[bytes, bytes | None] = {}
    while missing := detection.next_request(dialect, asked, {}):
        request, query = missing
        asked[request] = replies.get(request, query.example)
    assert detection.is_spoken(dialect, asked, {})


def found_among_all(replies, unknown):
    """Name the dialect that a search finds with these replies."""
    asked: dict[bytes, bytes | None] = {}
    for dialect in detection.in_order(DIALECTS, None, None):
        while missing := detection.next_request(dialect, asked, {}):
            request, _ = missing
            asked[request] = replies.get(request, request if unknown == "echo" else unknown)
        if detection.is_spoken(dialect, asked, {}):
            return dialect.name
    return None


# Dialects that another one finds first, as in NUT: what tells them apart is not in their probes.
SHADOWED = {
    "ablerex": "megatec",
    "hunnox": "zinto",
}


@pytest.mark.parametrize("unknown", [None, "echo", b"(NAK\r"])
@pytest.mark.parametrize("name", [name for name in NUT_ORDER if not BY_NAME[name].by_name], ids=str)
def test_a_probe_is_not_misread_by_another_dialect(name, unknown):
    found = found_among_all(examples(BY_NAME[name]), unknown)
    assert found in acceptable(name, unknown)


def acceptable(name, unknown):
    if unknown == b"(NAK\r" and name in NAK_MEANS_MECER:
        return {"mecer", name}
    return {SHADOWED.get(name, name)}


NAK_MEANS_MECER = {"megatec", "zinto", "hunnox", "ablerex", "innovart31", "gtec", "q1", "q2", "q6"}


def test_a_silent_line_has_no_dialect_and_few_questions():
    asked: dict[bytes, bytes | None] = {}
    for dialect in detection.in_order(DIALECTS, None, None):
        while missing := detection.next_request(dialect, asked, {}):
            asked[missing[0]] = None
        assert not detection.is_spoken(dialect, asked, {})
    assert len(asked) <= 15


@given(st.sampled_from(QUERIES), st.binary(max_size=140), st.booleans())
def test_any_bytes_are_a_result_or_a_device_error(parameters, noise, ends):
    dialect, query = parameters.values
    reply = noise + b"\r" if ends else noise
    try:
        decoded = decode(query, dialect, reply, A_MODEL, places(query))
    except DeviceError:
        return
    assert set(decoded.found) | set(decoded.unreadable) == set(places(query))


@given(st.sampled_from(QUERIES), st.data())
def test_one_wrong_byte_is_a_result_or_a_device_error(parameters, data):
    dialect, query = parameters.values
    place = data.draw(st.integers(0, len(query.example) - 1))
    wrong = data.draw(st.integers(0, 255))
    reply = query.example[:place] + bytes([wrong]) + query.example[place + 1 :]
    try:
        decode(query, dialect, reply, A_MODEL, places(query))
    except DeviceError:
        return


@given(place=st.integers(0, 46), count=st.integers(1, 3))
def test_a_status_that_lost_bytes_is_never_read(place, count):
    reply = MEGATEC[b"Q1\r"]
    shorter = reply[:place] + reply[place + count :]
    picture = Picture(BY_NAME["q1"], {})
    with pytest.raises(DeviceError):
        picture.take(next(picture.due(Walk.FIRST)), shorter, Walk.FIRST)


@given(place=st.integers(0, 45))
def test_a_status_with_a_byte_twice_is_never_read_wrong(place):
    reply = MEGATEC[b"Q1\r"]
    longer = reply[: place + 1] + reply[place:]
    picture = Picture(BY_NAME["q1"], {})
    with pytest.raises(DeviceError):
        picture.take(next(picture.due(Walk.FIRST)), longer, Walk.FIRST)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@given(value=st.text(max_size=8))
def test_any_value_of_a_command_makes_a_request_or_is_refused(dialect, value):
    known = Knowledge(variables={**A_MODEL.variables, "ups.delay.start": "180"})
    for row in dialect.commands:
        try:
            asked = command_requests(row, value, known)
        except RefusedError:
            continue
        assert all(line.isascii() for line in asked.requests)


def logged():
    for entry in recorded("device_logs.json"):
        for request, reply in entry["pairs"]:
            yield pytest.param(entry, request, reply, id=f"{entry['device']} {request!r}")


def protocol_of(entry, request):
    if "crc_omitted" in entry:
        return None
    return {"QGS\r": "voltronic", "BPS\r": "innovart31"}.get(request, "megatec")


def test_logged_replies_are_read_or_refused_as_nut_did():
    read: list[tuple[str, str]] = []
    refused: list[tuple[str, str]] = []
    for parameters in logged():
        entry, request, reply = parameters.values
        dialect = BY_NAME.get(protocol_of(entry, request) or "")
        if dialect is None or not request.endswith("\r"):
            continue
        raw = reply.encode("latin-1")
        taken = [query for query in dialect.queries if query.request == request]
        fits = any(is_read(query, dialect, raw) for query in taken)
        (read if fits else refused).append((entry["device"], request))
    # What NUT cannot read either: no \r, cut short, blanks lost in the report, a device's refusal.
    assert {device for device, _ in refused} <= {
        "Powersa RT3000",
        "Vultech V2000",
        "MEC0003 family",
        "Fideltronik Viper 1200",
        "MEC0003 clone",
    }
    assert len(read) >= 12


def is_read(query, dialect, raw):
    try:
        decoded = decode(query, dialect, raw, A_MODEL, places(query))
    except DeviceError:
        return False
    return bool(decoded.found)

import json
import math

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared import messages, service_messages
from shared.errors import PayloadError, ResultStatus
from shared.messages import (
    Availability,
    DeviceEvent,
    DeviceMeta,
    DeviceState,
    ForcedShutdown,
    Message,
    Request,
    Result,
    Writable,
    availability_of,
    read,
)
from shared.payloads import MAX_PAYLOAD, Packed, Payload, Written, text_of
from shared.service_messages import Logins, ServiceInfo
from shared.topics import DeviceTopic, Topics

TOPICS = Topics("nut")
TOPIC = "nut/device/ups1/state"
PACKED: tuple[type[Packed], ...] = (DeviceState, DeviceMeta, ServiceInfo, Logins)
WRITTEN: tuple[type[Written], ...] = (DeviceEvent, ForcedShutdown, Result)
KINDS = (*PACKED, *WRITTEN, Request)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text("abc.", max_size=8)
times = st.floats(allow_nan=False, allow_infinity=False)

STATES = st.builds(
    DeviceState,
    seq=st.integers(0, 2**64 - 1),
    at=times,
    vars=st.dictionaries(texts, texts, max_size=5),
)
WRITABLES = st.builds(
    Writable,
    type=st.sampled_from(["string", "number"]),
    max_length=st.none() | st.integers(0, 999),
    enum=st.lists(texts, max_size=3),
    ranges=st.lists(st.tuples(times, times), max_size=2),
)
METAS = st.builds(
    DeviceMeta,
    desc=st.none() | texts,
    driver=texts,
    service=texts,
    commands=st.lists(texts, max_size=3),
    writable=st.dictionaries(texts, WRITABLES, max_size=2),
    heartbeat=st.floats(0, 86400, exclude_min=True),
)
PAYLOADS = st.one_of(
    STATES,
    METAS,
    st.builds(DeviceEvent, type=texts, at=times, status=texts, text=texts),
    st.builds(ForcedShutdown, by=texts, at=times, reason=texts),
    st.builds(Request, value=st.none() | texts, id=st.none() | texts, expires=st.none() | times),
    st.builds(
        Result,
        id=st.none() | texts,
        request=texts,
        name=texts,
        status=st.sampled_from(ResultStatus),
        detail=texts,
        by=st.none() | texts,
        at=times,
    ),
    st.builds(ServiceInfo, version=texts, host=texts, started=times, devices=st.lists(texts)),
    st.builds(Logins, logins=st.dictionaries(texts, st.lists(texts, max_size=2), max_size=2)),
)


@given(PAYLOADS)
def test_every_payload_comes_back_as_it_was_sent(payload):
    assert type(payload).decode(payload.encode()) == payload


# What is nearly a payload finds more than noise does.
MODELS: tuple[type[Payload], ...] = (*PACKED, *WRITTEN, Request)
KEYS = sorted({key for model in MODELS for key in model.model_fields})
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["ok", "nan", "inf", "1", ""])
)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
likely = st.dictionaries(st.sampled_from(KEYS), trees, max_size=8).map(lambda d: {"v": 1, **d})
packed = likely.map(lambda d: bytes(msgpack.packb(d, unicode_errors="surrogatepass")))
written = likely.map(lambda d: json.dumps(d).encode())
hostile = st.binary(max_size=200) | packed | written


@pytest.mark.parametrize("kind", KINDS)
@given(payload=hostile)
@example(payload=b"")
@example(payload=b"\xc1")
@example(payload=b"\x91" * 60_000 + b"\x90")  # nested 60 000 deep
@example(payload=b"[" * 100_000)
@example(payload=b'{"value":' * 10_000)
@example(payload=b'{"expires":' + b"9" * 5000 + b"}")
@example(payload=b"\xc7\x0c\xff" + b"\xff" * 12)  # a msgpack time that is none
@example(payload=b"\xdd\xff\xff\xff\xff")  # says that it holds 4 294 967 295 items
@example(payload=b"\xdf\xff\xff\xff\xff\xa1v")
@example(payload=b"\x81\x90\x01")  # a list as a key
@example(payload=b"\x81\xa1v\xa3\xed\xa0\x80")  # half a surrogate pair
@example(payload=b'{"value": "\\ud800"}')
@example(payload=b"\xff\xfe{")
@example(payload=b"x" * (MAX_PAYLOAD + 1))
def test_any_bytes_are_a_payload_or_one_error_that_names_topic_and_reason(kind, payload):
    error = ""
    try:
        message = read(kind, Message(TOPIC, payload, retained=False))
    except PayloadError as caught:
        error = str(caught)
    else:
        assert isinstance(message, kind)
        assert all_finite(message.model_dump())
    topic, _, reason = error.partition(": ")
    assert not error or (topic == TOPIC and reason.strip() and len(error) < 300)
    assert error.isprintable()


def all_finite(value: object) -> bool:
    match value:
        case dict():
            return all_finite(list(value.values()))
        case list() | tuple():
            return all(all_finite(item) for item in value)
    return not isinstance(value, float) or math.isfinite(value)


@given(st.binary(max_size=40))
def test_any_bytes_are_an_availability_or_one_error(payload):
    error = ""
    try:
        assert availability_of(payload).encode() == payload
    except PayloadError as caught:
        error = str(caught)
    assert error.isprintable()


def state(**changes: object) -> bytes:
    return bytes(msgpack.packb({"v": 1, "seq": 1, "at": 1.5, "vars": {}} | changes))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (state(v=2), "v: Input should be 1"),
        (state(seq=-1), "seq: Input should be greater than or equal to 0"),
        (state(seq="1"), "seq: Input should be a valid integer"),
        (state(at=math.nan), "at: Input should be a finite number"),
        (state(at=-math.inf), "at: Input should be a finite number"),
        (state(at="1"), "at: Input should be a valid number"),
        (state(vars={"a": 1}), "vars.a: Input should be a valid string"),
        (state(vars={"a": None}), "vars.a: Input should be a valid string"),
        (state(vars=[]), "vars: Input should be a valid dictionary"),
        (bytes(msgpack.packb({"v": 1})), "seq: Field required"),
        (b"\x01", "Input should be a valid dictionary"),
        (state() + b"\x00", "not msgpack: unpack(b) received extra data."),
        (state()[:-1], "not msgpack: "),
        (b"\x81\x01\x02", "not msgpack: int is not allowed for map key"),
        (state(pad="x" * MAX_PAYLOAD), "a payload has at most 131072"),
    ],
)
def test_a_bad_state_says_what_is_wrong(payload, reason):
    with pytest.raises(PayloadError) as error:
        DeviceState.decode(payload)
    assert reason in str(error.value)


@pytest.mark.parametrize("heartbeat", [math.nan, math.inf, 0, -1, 86401, "5", True])
def test_a_heartbeat_is_a_duration_within_a_day(heartbeat):
    payload = msgpack.packb({"v": 1, "driver": "d", "service": "s", "heartbeat": heartbeat})
    with pytest.raises(PayloadError, match="heartbeat: "):
        DeviceMeta.decode(payload)


def test_keys_of_later_versions_are_passed_over():
    assert DeviceState.decode(state(later={"x": [1]})).at == 1.5


def test_a_hostile_key_stays_one_short_line():
    payload = state(vars={"a\nERROR forged" + "A" * 90_000: 1})
    with pytest.raises(PayloadError) as error:
        DeviceState.decode(payload)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 150


def test_the_largest_payload_is_taken_and_one_byte_more_is_not():
    assert text_of(b"x" * MAX_PAYLOAD)
    with pytest.raises(PayloadError, match="131073 bytes"):
        text_of(b"x" * (MAX_PAYLOAD + 1))


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b"", None),
        (b"20", "20"),
        (b"  20 ", "  20 "),
        (b"[1]", "[1]"),
        (b'"quoted"', '"quoted"'),
        ("Büro".encode(), "Büro"),
        (b' {"value": "1"}', ' {"value": "1"}'),
        (b"{}", None),
        (b'{"value": "20"}', "20"),
        (b'{"value": ""}', ""),
        (b'{"value": null}', None),
        (b'{"value": 20}', "20"),
        (b'{"value": -0.5}', "-0.5"),
        (b'{"value": 20.5}', "20.5"),
        (b'{"value": 230.0}', "230"),
        (b'{"value": 1e3}', "1000"),
        (b'{"value": "{curly}"}', "{curly}"),
        (b'{"value": "a", "later": 1}', "a"),
    ],
)
def test_a_request_is_a_bare_value_or_an_envelope(payload, value):
    assert Request.decode(payload).value == value


def test_an_envelope_says_who_asks_and_until_when():
    request = Request.decode(b'{"id": 5, "by": "ha", "expires": 1700000000}')
    assert request == Request(id="5", by="ha", expires=1.7e9)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{", "Invalid JSON"),
        (b'{"value": 1', "Invalid JSON"),
        (b"{value: 1}", "Invalid JSON"),
        (b'{"value": 1} x', "Invalid JSON"),
        (b'{"value": true}', "value: Input should be a valid string"),
        (b'{"value": [1]}', "value: Input should be a valid string"),
        (b'{"value": NaN}', "value: a number that is not finite"),
        (b'{"value": 1e999}', "value: a number that is not finite"),
        (b'{"expires": NaN}', "expires: Input should be a finite number"),
        (b'{"expires": Infinity}', "expires: Input should be a finite number"),
        (b'{"expires": 1e999}', "expires: Input should be a finite number"),
        (b'{"expires": "nan"}', "expires: Input should be a finite number"),
        (b'{"expires": "soon"}', "expires: Input should be a valid number"),
        (b'{"id": "%s"}' % (b"x" * 65), "id: String should have at most 64 characters"),
        (b'{"by": "%s"}' % (b"x" * 257), "by: String should have at most 256 characters"),
        (b'{"value": "\xff"}', "not UTF-8 at byte 11"),
        (b"2\xff", "not UTF-8 at byte 1"),
    ],
)
def test_a_bad_request_says_what_is_wrong(payload, reason):
    with pytest.raises(PayloadError) as error:
        Request.decode(payload)
    assert reason in str(error.value)


@pytest.mark.parametrize(
    "encode",
    [
        DeviceState(seq=1, at=1.0, vars={"a": "\ud800"}).encode,
        DeviceState(seq=2**64, at=1.0, vars={}).encode,
        DeviceState(seq=1, at=1.0, vars={"a": "x" * MAX_PAYLOAD}).encode,
        DeviceEvent(type="ALARM", at=1.0, status="\ud800", text="").encode,
        Request(value="\ud800").encode,
        lambda: messages.variable(TOPICS, "ups1", "ups.id", "\ud800"),
        lambda: messages.variable(TOPICS, "ups1", "ups.id", "x" * (MAX_PAYLOAD + 1)),
    ],
)
def test_what_cannot_be_sent_is_a_payload_error(encode):
    with pytest.raises(PayloadError):
        encode()


def test_a_time_that_is_no_number_cannot_even_be_built():
    with pytest.raises(ValidationError):
        Request(expires=math.nan)


def test_each_payload_goes_where_the_contract_says():
    state = DeviceState(seq=1, at=1.0, vars={})
    meta = DeviceMeta(driver="dummy", service="s")
    event = DeviceEvent(type="ONBATT", at=1.0, status="OB", text="")
    fsd = ForcedShutdown(by="m", at=1.0)
    result = Result(request="set", name="ups.id", status=ResultStatus.OK, at=1.0)
    command = Request().publication(TOPICS, "a", DeviceTopic.COMMAND, "load.off")
    setting = Request(value="1").publication(TOPICS, "a", DeviceTopic.SET, "ups.delay.start")
    info = ServiceInfo(version="1", host="h", started=1.0)
    addressed = [
        state.publication(TOPICS, "a", urgent=False),
        state.publication(TOPICS, "a", urgent=True),
        meta.publication(TOPICS, "a"),
        messages.device_availability(TOPICS, "a", Availability.STALE),
        messages.variable(TOPICS, "a", "input.voltage", "230"),
        event.publication(TOPICS, "a"),
        fsd.publication(TOPICS, "a"),
        command,
        setting,
        result.publication(TOPICS, "a"),
        service_messages.service_availability(TOPICS, "driver", "x", Availability.ONLINE),
        info.publication(TOPICS, "driver", "x"),
        Logins().publication(TOPICS, "x"),
        messages.clearing("nut/device/a/fsd"),
    ]
    assert [(p.topic.removeprefix("nut/"), p.qos, p.retain) for p in addressed] == [
        ("device/a/state", 0, True),
        ("device/a/state", 1, True),
        ("device/a/meta", 1, True),
        ("device/a/availability", 1, True),
        ("device/a/var/input/voltage", 0, True),
        ("device/a/event", 1, False),
        ("device/a/fsd", 1, True),
        ("device/a/command/load/off", 1, False),
        ("device/a/set/ups/delay/start", 1, False),
        ("device/a/result", 1, False),
        ("service/driver/x/availability", 1, True),
        ("service/driver/x/info", 1, True),
        ("service/gateway/x/logins", 1, True),
        ("device/a/fsd", 1, True),
    ]
    assert addressed[-1].payload == b""


def test_json_payloads_are_what_people_read():
    event = DeviceEvent(type="ONBATT", at=1.5, status="OB", text="on battery")
    assert json.loads(event.encode()) == {
        "type": "ONBATT",
        "at": 1.5,
        "status": "OB",
        "text": "on battery",
    }
    assert Request().encode() == b"{}"

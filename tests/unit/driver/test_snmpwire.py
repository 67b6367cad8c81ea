"""SNMP as bytes: what is encoded is decoded, and nonsense is told and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.driver.protocols.snmpwire import ber
from services.driver.protocols.snmpwire.ber import MalformedError
from services.driver.protocols.snmpwire.keys import Authentication, Privacy, sealer, signer
from services.driver.protocols.snmpwire.message import (
    V1,
    V2C,
    Operation,
    message,
    read_message,
    request,
)
from services.driver.protocols.snmpwire.security import (
    COMPLAINTS,
    Engine,
    ForgedError,
    LocalEngine,
    User,
    read_header,
)
from services.driver.protocols.snmpwire.values import Kind, Missing, Value
from services.driver.protocols.snmpwire.walk import Walk

ENGINE = bytes.fromhex("80001f8804010203")
PLAIN = User("plain")
SIGNER = User("signer", Authentication.SHA256, "correct horse")
USERS = [
    PLAIN,
    SIGNER,
    *(User(each, Authentication.SHA, "correct horse", each, "battery staple") for each in Privacy),
]
# What snmpd 5.9.3 answered by version 2c to sysObjectID.0, sysUpTime.0 and 1.3.6.1.2.1.1.9.0.
REAL = bytes.fromhex(
    "305202010104067075626c6963a24502044d3c2b1a0201000201003037301606082b060102010102"
    "00060a2b06010401bf0803020a300f06082b060102010103004303017ab1300c06082b0601020101"
    "09008000"
)

oids = some.builds(
    lambda start, rest: ".".join(map(str, (*start, *rest))),
    some.one_of(
        some.tuples(some.integers(0, 1), some.integers(0, 39)),
        some.tuples(some.just(2), some.integers(0, (1 << 32) - 81)),
    ),
    some.lists(some.integers(0, (1 << 32) - 1), max_size=120),
)
values = some.one_of(
    some.builds(Value, some.just(Kind.INTEGER), some.integers(-(1 << 31), (1 << 31) - 1)),
    some.builds(
        Value,
        some.sampled_from([Kind.COUNTER, Kind.GAUGE, Kind.TICKS]),
        some.integers(0, (1 << 32) - 1),
    ),
    some.builds(Value, some.just(Kind.COUNTER64), some.integers(0, (1 << 64) - 1)),
    some.builds(Value, some.sampled_from([Kind.OCTETS, Kind.OPAQUE]), some.binary(max_size=300)),
    some.builds(Value, some.just(Kind.ADDRESS), some.binary(min_size=4, max_size=4)),
    some.builds(Value, some.just(Kind.OID), oids),
)
pairs = some.lists(some.tuples(oids, values), max_size=10)


@given(pairs, some.integers(1, (1 << 31) - 1), some.sampled_from([V1, V2C]))
def test_what_is_encoded_is_decoded(pairs, number, version):
    data = message(version, b"public", request(Operation.RESPONSE, number, pairs))
    found = read_message(data)
    assert (found.version, found.community, found.pdu.request) == (version, b"public", number)
    assert [(ber.oid_text(name), value) for name, value in found.pdu.bindings] == pairs


@given(oids)
def test_an_oid_is_itself_again(oid):
    assert ber.oid_text(ber.oid_bytes(oid)) == oid


@given(some.binary(max_size=400))
def test_noise_is_malformed_and_nothing_else(data):
    for read in (read_message, read_header):
        try:
            read(data)
        except MalformedError:
            pass


@given(some.integers(0, len(REAL) - 1), some.integers(0, 255))
def test_one_wrong_byte_is_another_message_or_malformed(place, byte):
    data = REAL[:place] + bytes([byte]) + REAL[place + 1 :]
    try:
        read_message(data)
    except MalformedError:
        pass


@pytest.mark.parametrize("length", range(len(REAL)))
def test_a_message_that_is_cut_off_is_malformed(length):
    with pytest.raises(MalformedError):
        read_message(REAL[:length])


def test_a_real_answer_is_read():
    found = read_message(REAL)
    assert [(ber.oid_text(name), value) for name, value in found.pdu.bindings] == [
        ("1.3.6.1.2.1.1.2.0", Value(Kind.OID, "1.3.6.1.4.1.8072.3.2.10")),
        ("1.3.6.1.2.1.1.3.0", Value(Kind.TICKS, 96945)),
        ("1.3.6.1.2.1.1.9.0", Missing.OBJECT),
    ]


@pytest.mark.parametrize(
    ("tag", "content", "expected"),
    [
        (0x02, "00", Value(Kind.INTEGER, 0)),
        (0x02, "ff", Value(Kind.INTEGER, -1)),
        (0x02, "00000000ff", Value(Kind.INTEGER, 255)),  # not as short as it could be
        (0x41, "ffffffff", Value(Kind.COUNTER, 4294967295)),  # without the zero before it
        (0x42, "00ffffffff", Value(Kind.GAUGE, 4294967295)),
        (0x47, "07", Value(Kind.GAUGE, 7)),
        (0x46, "ffffffffffffffff", Value(Kind.COUNTER64, (1 << 64) - 1)),
        (0x80, "", Missing.OBJECT),
        (0x81, "", Missing.INSTANCE),
        (0x82, "", Missing.INSTANCE),
        (0x05, "", Missing.INSTANCE),
    ],
)
def test_values_as_agents_write_them(tag, content, expected):
    assert ber.value(tag, bytes.fromhex(content)) == expected


@pytest.mark.parametrize(
    ("tag", "content"),
    [
        (0x02, ""),
        (0x02, "0080000000"),  # 2147483648
        (0x02, "000000000001"),
        (0x41, ""),
        (0x41, "0100000000"),
        (0x43, "0100000000"),
        (0x46, "010000000000000000"),
        (0x40, "7f0001"),
        (0x06, ""),
        (0x06, "2b86"),
        (0x01, "ff"),
        (0x30, "0500"),
        (0x5F, "00"),
    ],
)
def test_values_that_cannot_be_are_malformed(tag, content):
    with pytest.raises(MalformedError):
        ber.value(tag, bytes.fromhex(content))


@pytest.mark.parametrize(
    "oid", ["", "1", ".1.3", "1.3.", "1.40", "3.1", "1.3.-1", "1.3.4294967296"]
)
def test_a_text_that_is_no_oid_is_told(oid):
    with pytest.raises(MalformedError):
        ber.oid_bytes(oid)


def test_what_follows_a_value_is_malformed():
    binding = ber.tagged(0x30, b"\x06\x02\x2b\x06" + b"\x02\x01\x05" + b"\x02\x01\x06")
    content = ber.integer(1) * 3 + ber.tagged(0x30, binding)
    with pytest.raises(MalformedError, match="follows a value"):
        read_message(message(V2C, b"public", ber.tagged(Operation.RESPONSE, content)))


def test_an_endless_oid_takes_no_time():
    with pytest.raises(MalformedError):
        ber.oid_text(b"\x2b" + b"\xff" * 60000 + b"\x01")
    with pytest.raises(MalformedError):
        ber.oid_text(b"\xff" * 400 + b"\x01")


@pytest.mark.parametrize(
    ("protocol", "key"),
    [
        (Authentication.MD5, "526f5eed9fcce26f8964c2930787d82b"),
        (Authentication.SHA, "6695febc9288e36282235fc7151f128497b38f3f"),
    ],
)
def test_keys_are_those_of_rfc_3414(protocol, key):
    engine = bytes.fromhex("000000000000000000000002")
    assert signer(protocol, "maplesyrup", engine).key.hex() == key


@given(some.binary(max_size=100), some.binary(min_size=8, max_size=8), some.sampled_from(Privacy))
def test_what_is_encrypted_is_decrypted(data, salt, privacy):
    lock = sealer(privacy, "battery staple", Authentication.SHA, ENGINE)
    secret = lock.encrypted(data, 3, 77, salt)
    assert lock.decrypted(secret, 3, 77, salt)[: len(data)] == data
    assert len(data) < 8 or data not in secret


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
def test_a_sealed_message_is_opened(user):
    agent, ours = Engine(user, ENGINE), Engine(user, ENGINE)
    agent.set_clock(3, 1000, 0.0)
    answer = request(Operation.RESPONSE, 9, [("1.3.6.1", Value(Kind.INTEGER, 5))])
    found = ours.opened(read_header(agent.sealed(answer, 4, 2.0, user.flags)), 50.0)
    assert (found.identity, found.pdu.request) == (4, 9)
    assert found.pdu.bindings[0][1] == Value(Kind.INTEGER, 5)


@pytest.mark.parametrize("user", USERS[1:], ids=lambda user: user.name)
def test_a_message_that_was_changed_anywhere_is_not_genuine(user):
    agent, ours = Engine(user, ENGINE), Engine(user, ENGINE)
    answer = request(Operation.RESPONSE, 9, [("1.3.6.1", Value(Kind.INTEGER, 5))])
    data = agent.sealed(answer, 4, 2.0, user.flags)
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises((MalformedError, ForgedError)):
            ours.opened(read_header(changed), 50.0)


@pytest.mark.parametrize("weaker", [PLAIN, SIGNER])
def test_less_protection_than_the_user_has_is_not_taken(weaker):
    user = User(weaker.name, Authentication.SHA256, "correct horse", Privacy.AES, "battery staple")
    answer = request(Operation.RESPONSE, 9, [("1.3.6.1", Value(Kind.INTEGER, 5))])
    data = Engine(weaker, ENGINE).sealed(answer, 4, 2.0, weaker.flags)
    with pytest.raises(ForgedError):
        Engine(user, ENGINE).opened(read_header(data), 50.0)


def test_our_engine_is_another_one_at_each_start():
    assert LocalEngine(0.0).identity != LocalEngine(0.0).identity


def test_passwords_show_nowhere():
    user = User("ups", Authentication.SHA, "correct horse", Privacy.AES, "battery staple")
    assert "horse" not in repr(user)
    assert "staple" not in repr(user)


def test_reports_are_known_by_their_oids():
    assert COMPLAINTS[ber.oid_bytes("1.3.6.1.6.3.15.1.1.5.0")].name == "digest"
    assert len(COMPLAINTS) == 6


def test_a_walk_keeps_columns_apart_that_start_alike():
    walk = Walk(["1.3.6.1", "1.3.6.12"])
    names = ["1.3.6.1.1", "1.3.6.12.1", "1.3.6.10.1", "1.3.6.12.127", "1.3.6.11", "1.3.6.12.128"]
    answer = read_message(
        message(
            V2C,
            b"",
            request(Operation.RESPONSE, 1, [(oid, Value(Kind.INTEGER, 1)) for oid in names]),
        )
    ).pdu
    walk.take(walk.pending(10), answer)
    assert {name: list(rows) for name, rows in walk.rows.items()} == {
        "1.3.6.1": ["1"],
        "1.3.6.12": ["1", "127", "128"],
    }
    assert walk.pending(10) == [("1.3.6.12", "1.3.6.12.128")]

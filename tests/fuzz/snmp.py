"""Targets: SNMP, from the bytes of a datagram to what they say of a device."""

from services.driver.protocols.snmp.plan import Plan, Walk
from services.driver.protocols.snmp.registry import MAPPINGS
from services.driver.protocols.snmpwire import message as wire
from services.driver.protocols.snmpwire.ber import (
    SEQUENCE,
    MalformedError,
    bindings,
    element,
    read_bindings,
    tagged,
)
from services.driver.protocols.snmpwire.keys import Authentication, Privacy
from services.driver.protocols.snmpwire.message import Operation
from services.driver.protocols.snmpwire.security import (
    ENCRYPTED,
    REPORTABLE,
    SIGNED,
    Engine,
    ForgedError,
    LocalEngine,
    User,
    plain_pdu,
    read_header,
)
from services.driver.protocols.snmpwire.values import Kind, Value
from shared.errors import PowerError
from tests.fuzz.target import Target

ERRORS = (PowerError, MalformedError, ForgedError)
PUBLIC = b"public"


def snmp(data: bytes) -> None:
    """Take a datagram for an answer, a trap or an inform; what is accepted is answered."""
    number, _, _ = wire.version(data)
    if number == wire.V3:
        plain_pdu(read_header(data))
        return
    found = wire.read_message(data)
    if found.pdu.operation is Operation.INFORM:
        wire.read_message(wire.accepted(found))


# --- version 3 -------------------------------------------------------------------------------

ENGINE = b"\x80\x00\x00\x00\x05fuzz"
USERS = (
    User("fuzz"),
    User("fuzz", Authentication.SHA, "password"),
    User("fuzz", Authentication.MD5, "password", Privacy.DES, "password"),
    User("fuzz", Authentication.SHA256, "password", Privacy.AES256, "password"),
)
AGENTS = tuple(Engine(user, ENGINE) for user in USERS)
LOCAL = LocalEngine(0.0)
LOCAL.identity = ENGINE  # else it is another in each run


def snmp3(data: bytes) -> None:
    """Take the first byte for a user and what is done.

    The rest is a datagram as it comes, or what an agent that knows the passwords signs and sends.
    """
    if not data:
        return
    place, rest = data[0], data[1:]
    user, agent = USERS[place & 3], AGENTS[place & 3]
    if place & 4:
        flags = user.flags | (REPORTABLE if place & 8 else 0)
        rest = _sealed(agent, flags, rest)
    header, ours = read_header(rest), Engine(user, ENGINE)
    for take in (ours.opened, ours.notified):
        try:
            take(header, 1.0)
        except ERRORS:
            pass
    Engine(user).meet(header, 1.0)
    LOCAL.informed(header, user, 1.0)


def _sealed(agent: Engine, flags: int, scoped: bytes) -> bytes:
    """Sign and encrypt any bytes as an agent would what it has to say."""
    salt = b""
    if flags & ENCRYPTED and agent._sealer:
        salt = bytes(8)
        scoped = tagged(Kind.OCTETS, agent._sealer.encrypted(scoped, 0, 0, salt))
    return agent._signed(1, flags, b"fuzz", 0, salt, scoped)


PDU = wire.request(Operation.RESPONSE, 1, (("1.3.6.1.2.1.1.1.0", Value(Kind.OCTETS, b"x")),))
INFORM = wire.request(Operation.INFORM, 1, (("1.3.6.1.2.1.1.1.0", Value(Kind.TICKS, 7)),))
REPORT = wire.request(Operation.REPORT, 0, (("1.3.6.1.6.3.15.1.1.2.0", Value(Kind.COUNTER, 1)),))
CONTEXT = tagged(Kind.OCTETS, ENGINE) + tagged(Kind.OCTETS, b"")
SCOPED = tuple(tagged(SEQUENCE, CONTEXT + each) for each in (PDU, INFORM, REPORT))
SIGNED_SEEDS = tuple(
    bytes([number | 4 | reportable]) + each
    for number in range(len(USERS))
    for each in SCOPED
    for reportable in (0, 8)
)
PLAIN_SEEDS = tuple(
    bytes([number]) + AGENTS[number].sealed(each, 1, 0.0, flags)
    for number, each, flags in (
        (0, PDU, 0),
        (1, PDU, SIGNED),
        (2, REPORT, SIGNED | ENCRYPTED | REPORTABLE),
        (3, INFORM, ENCRYPTED),
    )
)

# --- what answers mean -----------------------------------------------------------------------


def snmp_values(data: bytes) -> None:
    """Take the first byte for the kind of device, the second for where to begin with the values.

    The rest is what it answers, to each question in turn, over and over.
    """
    if len(data) < 3:
        return
    tag, start, end = element(data, 2, len(data))
    if tag != SEQUENCE:
        return
    told = [each for _, each in read_bindings(data, 2, end)] if start < end else []
    values = [each for each in told if isinstance(each, Value)]
    if not values:
        return
    mapping, first = MAPPINGS[data[0] % len(MAPPINGS)], data[1]

    def answers(oids: tuple[str, ...]) -> dict[str, Value]:
        return {oid: values[(first + place) % len(values)] for place, oid in enumerate(oids)}

    plan = Plan(mapping)
    while ask := plan.layout():
        columns = tuple(f"{root}.{row}" for root in ask.columns for row in (1, 2))
        plan.take_layout(answers((*ask.gets, *columns)))
    for walk in (Walk.FULL, Walk.FAST):
        due = answers(plan.due(walk))
        more = plan.more(due)
        alarms = answers(tuple(f"{root}.1" for root in more.columns)) if more else None
        reading = plan.take(walk, due, alarms)
        assert all(isinstance(value, str) for value in reading.variables.values())
        assert all(reading.writable.values())


def _answered(*values: Value) -> bytes:
    return bindings([("1.3.6.1.2.1.1.1.0", value) for value in values])


COUNTS = _answered(*(Value(Kind.INTEGER, number) for number in (1, 2, 3, 230, 50)))
WORDS = _answered(
    Value(Kind.OCTETS, b"Smart-UPS"),
    Value(Kind.GAUGE, 4_000_000_000),
    Value(Kind.TICKS, 360000),
    Value(Kind.OID, "1.3.6.1.2.1.33.1.6.3.3"),
    Value(Kind.OCTETS, b"1000000000000000"),
    Value(Kind.INTEGER, -1),
)
VALUE_SEEDS = tuple(
    bytes([number, 0]) + each for number in range(len(MAPPINGS)) for each in (COUNTS, WORDS)
)
TRAP_V1 = tagged(
    Operation.TRAP_V1,
    tagged(Kind.OID, b"\x2b\x06\x01")
    + tagged(Kind.ADDRESS, b"\x7f\0\0\1")
    + b"\x02\x01\x06\x02\x01\x01\x43\x01\x07\x30\x00",
)
SEEDS = (
    *(wire.message(number, PUBLIC, PDU) for number in (wire.V1, wire.V2C)),
    wire.message(wire.V2C, PUBLIC, INFORM),
    PLAIN_SEEDS[0][1:],
    wire.message(wire.V1, PUBLIC, TRAP_V1),
)

TARGETS = {
    "snmp": Target(snmp, SEEDS, ERRORS),
    "snmp3": Target(snmp3, (*SIGNED_SEEDS, *PLAIN_SEEDS), ERRORS),
    "snmp-values": Target(snmp_values, VALUE_SEEDS, ERRORS, rounds=60),
}

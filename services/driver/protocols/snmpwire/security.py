"""Messages of SNMP version 3, signed and encrypted by the user's keys (RFC 3412, RFC 3414)."""

import secrets
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from services.driver.protocols.snmpwire.ber import (
    SEQUENCE,
    MalformedError,
    expected,
    integer,
    oid_bytes,
    read_integer,
    read_octets,
    tagged,
)
from services.driver.protocols.snmpwire.keys import (
    Authentication,
    Privacy,
    Sealer,
    Signer,
    sealer,
    signer,
)
from services.driver.protocols.snmpwire.message import (
    V3,
    Operation,
    Pdu,
    answer_to,
    read_pdu,
    request,
    version,
)
from services.driver.protocols.snmpwire.values import Kind, Value

LARGEST: Final = 65507  # bytes of an answer that we take
SIGNED: Final = 0x01
ENCRYPTED: Final = 0x02
REPORTABLE: Final = 0x04
WINDOW: Final = 150  # seconds that a notification may be late (RFC 3414, section 2.2.3)
_USER_BASED: Final = 3
_LAST_BOOTS: Final = (1 << 31) - 1
_SALT: Final = 8


class ForgedError(ValueError):
    """A message is not signed, not encrypted or not recent as it should be."""


@dataclass(frozen=True, slots=True)
class User:
    """A user of version 3; a password that is empty leaves its protection out."""

    name: str
    authentication: Authentication = Authentication.MD5
    authentication_password: str = field(default="", repr=False)
    privacy: Privacy = Privacy.DES
    privacy_password: str = field(default="", repr=False)
    context: str = ""

    @property
    def flags(self) -> int:
        """The protections that messages of the user have."""
        if not self.authentication_password:
            return 0
        return SIGNED | ENCRYPTED if self.privacy_password else SIGNED


class Header(NamedTuple):
    """What stands before the request of a message; `data` is the whole message.

    `signature` is where the signature starts, `content` where the request (or its encrypted form)
    starts.
    """

    data: bytes
    identity: int
    flags: int
    engine: bytes
    boots: int
    time: int
    user: bytes
    signature: int
    digest: bytes
    salt: bytes
    content: int


class Scoped(NamedTuple):
    """A request, and the context that it is about: an engine and a name, encoded."""

    context: bytes
    pdu: Pdu


class Answer(NamedTuple):
    """An opened message."""

    identity: int
    pdu: Pdu
    is_signed: bool


class Engine:
    """What is known of an agent of version 3: its identity and its clock, for one user.

    `now` is the time of our own steady clock, in seconds.
    """

    def __init__(self, user: User, engine: bytes = b"") -> None:
        self._user = user
        self._boots = self._time = 0
        self._seen_at = 0.0
        self._signer: Signer | None = None
        self._sealer: Sealer | None = None
        self.engine = engine
        if engine:
            self._make_keys()

    def meet(self, header: Header, now: float) -> None:
        """Take the identity of an agent from its first report, and its clock until it is signed."""
        if not 5 <= len(header.engine) <= 32:
            raise MalformedError("the agent does not tell its engine")
        self.engine = header.engine
        self._set_clock(header, now)
        self._make_keys()

    def asked(self, pdu: bytes, identity: int, now: float) -> bytes:
        """Encode a request with the protections of the user, plain while no engine is met."""
        return self.sealed(
            pdu, identity, now, REPORTABLE | (self._user.flags if self.engine else 0)
        )

    def sealed(
        self, pdu: bytes, identity: int, now: float, flags: int, context: bytes = b""
    ) -> bytes:
        """Encode, encrypt and sign a message as its flags say; by default in the user's context."""
        name = self._user.name.encode() if self.engine else b""
        time = min(self._time + int(now - self._seen_at), _LAST_BOOTS) if self.engine else 0
        if not context:
            name_of_context = tagged(Kind.OCTETS, self._user.context.encode())
            context = tagged(Kind.OCTETS, self.engine) + name_of_context
        scoped = tagged(SEQUENCE, context + pdu)
        salt = b""
        if flags & ENCRYPTED and self._sealer:
            salt = secrets.token_bytes(_SALT)
            scoped = tagged(Kind.OCTETS, self._sealer.encrypted(scoped, self._boots, time, salt))
        return self._signed(identity, flags, name, time, salt, scoped)

    def opened(self, header: Header, now: float) -> Answer:
        """Check and decrypt an answer to a request of ours (MalformedError, ForgedError).

        The clock is set by what is signed: that the answer repeats the number of our request shows
        that it is recent. A report may come without protection, anything else has the user's.
        """
        is_signed = bool(header.flags & SIGNED)
        if is_signed:
            self._check_signature(header)
        pdu = self._content(header).pdu
        if pdu.operation is not Operation.REPORT:
            self._check_protection(header)
        if is_signed:
            self._set_clock(header, now)
        return Answer(header.identity, pdu, is_signed)

    def notified(self, header: Header, now: float) -> Pdu:
        """Check and decrypt a notification, which must be recent too."""
        pdu = self.addressed(header).pdu
        if header.flags & SIGNED:
            self._check_window(header, now)
        return pdu

    def addressed(self, header: Header) -> Scoped:
        """Check and decrypt a message to our own engine; how late it is remains to be seen."""
        self._check_protection(header)
        if header.flags & SIGNED:
            self._check_signature(header)
        return self._content(header)

    def _check_window(self, header: Header, now: float) -> None:
        """Refuse a message that is older than what was seen (ForgedError)."""
        clock = self._time + now - self._seen_at
        is_newer = header.boots > self._boots
        if not is_newer and (header.boots < self._boots or header.time < clock - WINDOW):
            raise ForgedError("a message is old")
        self._set_clock(header, now)

    def set_clock(self, boots: int, time: int, now: float) -> None:
        """Say what time it is at the engine."""
        self._boots, self._time, self._seen_at = boots, time, now

    def _signed(
        self, identity: int, flags: int, name: bytes, time: int, salt: bytes, scoped: bytes
    ) -> bytes:
        length = self._signer.length if self._signer and flags & SIGNED else 0
        tail = tagged(Kind.OCTETS, salt)
        boots = self._boots if self.engine else 0
        parameters = (
            tagged(Kind.OCTETS, self.engine)
            + integer(boots)
            + integer(time)
            + tagged(Kind.OCTETS, name)
            + tagged(Kind.OCTETS, bytes(length))
            + tail
        )
        header = (
            integer(identity)
            + integer(LARGEST)
            + tagged(Kind.OCTETS, bytes((flags,)))
            + integer(_USER_BASED)
        )
        secured = tagged(Kind.OCTETS, tagged(SEQUENCE, parameters))
        data = tagged(SEQUENCE, integer(V3) + tagged(SEQUENCE, header) + secured + scoped)
        if not length or self._signer is None:
            return data
        at = len(data) - len(scoped) - len(tail) - length
        return data[:at] + self._signer.digest(data) + data[at + length :]

    def _check_protection(self, header: Header) -> None:
        if header.flags & (SIGNED | ENCRYPTED) != self._user.flags:
            raise ForgedError("a message is not protected as the user's are")
        if header.user != self._user.name.encode() or header.engine != self.engine:
            raise ForgedError("a message is of another user or engine")

    def _check_signature(self, header: Header) -> None:
        if self._signer is None or len(header.digest) != self._signer.length:
            raise ForgedError("the signature of a message is of another protocol")
        end = header.signature + len(header.digest)
        unsigned = header.data[: header.signature] + bytes(len(header.digest)) + header.data[end:]
        if not secrets.compare_digest(self._signer.digest(unsigned), header.digest):
            raise ForgedError("the signature of a message is wrong")

    def _content(self, header: Header) -> Scoped:
        data, at, end = header.data, header.content, len(header.data)
        if header.flags & ENCRYPTED:
            if self._sealer is None or len(header.salt) != _SALT:
                raise ForgedError("a message is encrypted otherwise")
            secret, stop = read_octets(data, at, end)
            if stop != end:
                raise MalformedError("something follows the encrypted part")
            data = self._decrypted(secret, header)
            at, end = 0, len(data)
        return _scoped(data, at, end, is_padded=bool(header.flags & ENCRYPTED))

    def _decrypted(self, secret: bytes, header: Header) -> bytes:
        assert self._sealer
        try:
            return self._sealer.decrypted(secret, header.boots, header.time, header.salt)
        except ValueError as error:
            raise MalformedError(str(error)) from None

    def _set_clock(self, header: Header, now: float) -> None:
        self.set_clock(header.boots, header.time, now)

    def _make_keys(self) -> None:
        user = self._user
        if user.flags & SIGNED:
            self._signer = signer(user.authentication, user.authentication_password, self.engine)
        if user.flags & ENCRYPTED:
            self._sealer = sealer(
                user.privacy, user.privacy_password, user.authentication, self.engine
            )


def read_header(data: bytes) -> Header:
    """Decode a message of version 3 up to its request."""
    number, at, end = version(data)
    if number != V3:
        raise MalformedError(f"the message is of version {number}")
    start, after = expected(data, at, end, SEQUENCE)
    identity, start = read_integer(data, start, after)
    _, start = read_integer(data, start, after)
    flags, start = read_octets(data, start, after)
    model, start = read_integer(data, start, after)
    if len(flags) != 1 or model != _USER_BASED or start != after:
        raise MalformedError("the message has another kind of security")
    start, content = expected(data, after, end, Kind.OCTETS)
    start, stop = expected(data, start, content, SEQUENCE)
    engine, start = read_octets(data, start, stop)
    boots, start = read_integer(data, start, stop)
    time, start = read_integer(data, start, stop)
    user, start = read_octets(data, start, stop)
    signature, start = expected(data, start, stop, Kind.OCTETS)
    digest = data[signature:start]
    salt, start = read_octets(data, start, stop)
    if start != stop or stop != content or min(boots, time) < 0:
        raise MalformedError("the security of the message cannot be")
    return Header(
        data, identity, flags[0], engine, boots, time, user, signature, digest, salt, content
    )


def plain_pdu(header: Header) -> Pdu:
    """Read the request of a message that nobody signed, such as an agent's first report."""
    if header.flags & ENCRYPTED:
        raise ForgedError("a message is encrypted for somebody else")
    return _scoped(header.data, header.content, len(header.data), is_padded=False).pdu


def _scoped(data: bytes, at: int, end: int, *, is_padded: bool) -> Scoped:
    start, stop = expected(data, at, end, SEQUENCE)
    if stop != end and not is_padded:
        raise MalformedError("something follows the request")
    _, after = read_octets(data, start, stop)
    _, after = read_octets(data, after, stop)
    return Scoped(data[start:after], read_pdu(data, after, stop))


_STATISTICS = "1.3.6.1.6.3.15.1.1"


class Complaint(NamedTuple):
    """Why an agent does not accept a message, as its report says."""

    name: str
    text: str


COMPLAINTS = {
    oid_bytes(f"{_STATISTICS}.{number}.0"): complaint
    for number, complaint in {
        1: Complaint("level", "the agent does not allow this user this level of security"),
        2: Complaint("time", "the agent says that our clock of it is wrong"),
        3: Complaint("user", "the agent does not know the user"),
        4: Complaint("engine", "the agent has another engine ID"),
        5: Complaint("digest", "wrong authentication password or protocol"),
        6: Complaint("decryption", "wrong privacy password or protocol"),
    }.items()
}


class LocalEngine:
    """Our own engine, which informs are addressed to; it has another identity at each start."""

    def __init__(self, now: float) -> None:
        # The number of an enterprise is the one for examples (RFC 5612); 5: what follows is free.
        self.identity = b"\x80\x00\x7e\xd9\x05" + secrets.token_bytes(12)
        self._started = now

    def informed(self, header: Header, user: User, now: float) -> tuple[bytes, bool]:
        """Answer an inform; tell whether it is genuine (ForgedError, MalformedError if not).

        Who does not know our engine or our clock yet is told, and asks again.
        """
        engine = Engine(user, self.identity)
        time = int(now - self._started)
        engine.set_clock(1, time, now)
        if header.engine != self.identity:
            if not header.flags & REPORTABLE:
                raise ForgedError("a message is for another engine")
            nobody = Engine(User(header.user.decode(errors="replace")), self.identity)
            nobody.set_clock(1, time, now)
            return self._report(nobody, header, now, 4, flags=0), False
        is_late = header.boots != 1 or abs(header.time - time) > WINDOW
        context, pdu = engine.addressed(header)
        if is_late and user.flags & SIGNED:
            return self._report(engine, header, now, 2, flags=user.flags & SIGNED), False
        if pdu.operation is not Operation.INFORM:
            raise ForgedError("a message is no inform")
        answer = answer_to(pdu)
        return engine.sealed(answer, header.identity, now, user.flags, context), True

    @staticmethod
    def _report(engine: Engine, header: Header, now: float, number: int, flags: int) -> bytes:
        count = Value(Kind.COUNTER, 1)
        pdu = request(Operation.REPORT, 0, [(f"{_STATISTICS}.{number}.0", count)])
        return engine.sealed(pdu, header.identity, now, flags=flags)

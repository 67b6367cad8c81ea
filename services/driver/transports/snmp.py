"""SNMP agents: values read in few packets, written, and notifications waited for.

What goes wrong raises DeviceError naming the agent; the line is of no more use then.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.driver.protocols.snmpwire.ber import MalformedError, oid_bytes
from services.driver.protocols.snmpwire.keys import Authentication, Privacy
from services.driver.protocols.snmpwire.message import Operation, Pdu, Status
from services.driver.protocols.snmpwire.security import User
from services.driver.protocols.snmpwire.values import Missing, Value
from services.driver.protocols.snmpwire.walk import Walk
from services.driver.transports.snmpexchange import (
    CommunityExchange,
    Exchange,
    Patience,
    Question,
    UserExchange,
)
from services.driver.transports.snmpline import DatagramLine
from services.driver.transports.snmptraps import Credentials, Subscription
from shared.errors import DeviceError, RefusedError, ResultStatus, SettingsError

__all__ = ["Authentication", "Privacy", "SnmpAgent", "SnmpSettings", "User", "Version"]

OIDS_HINT: Final = "snmp.oids"  # how many an agent takes at once
MOST_BYTES: Final = 1300  # of the OIDs in a request, so that it is one packet on the wire
ABSENT_FOR = 240.0  # seconds until an agent of version 1 is asked again for what it had not
SURE: Final = 8  # OIDs; no answer to so few is no question of size


class Version(StrEnum):
    """Versions of SNMP, as NUT's `snmp_version` spells them."""

    V1 = "v1"
    V2C = "v2c"
    V3 = "v3"


@dataclass(frozen=True, slots=True)
class SnmpSettings:
    """Where an agent is and how to talk to it; times in seconds.

    `traps` is HOST:PORT where notifications arrive, empty for none (`Site.snmp_traps`).
    """

    host: str
    port: int = 161
    version: Version = Version.V2C
    community: str = field(default="public", repr=False)
    user: User | None = None
    retries: int = 3
    timeout: float = 1.0
    most_oids: int = 64
    traps: str = ""


_ADDRESS = re.compile(
    r"(?:udp6?:)?(?:\[(?P<bracketed>[0-9A-Fa-f:.]+(?:%\w+)?)\]"
    r"|(?P<host>[\w.-]+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*))(?::(?P<port>[0-9]{1,5}))?"
)
_REFUSALS = {
    Status.NO_SUCH_NAME: ResultStatus.READ_ONLY,
    Status.READ_ONLY: ResultStatus.READ_ONLY,
    Status.NOT_WRITABLE: ResultStatus.READ_ONLY,
    Status.BAD_VALUE: ResultStatus.INVALID,
    Status.WRONG_TYPE: ResultStatus.INVALID,
    Status.WRONG_LENGTH: ResultStatus.INVALID,
    Status.WRONG_ENCODING: ResultStatus.INVALID,
    Status.WRONG_VALUE: ResultStatus.INVALID,
    Status.INCONSISTENT_VALUE: ResultStatus.INVALID,
    Status.NO_ACCESS: ResultStatus.REFUSED,
    Status.AUTHORIZATION_ERROR: ResultStatus.REFUSED,
}


class SnmpAgent:
    """The line to one agent; its owner calls one method at a time, save `close`.

    OIDs are dotted numbers without a leading dot. `hints` outlives the line (`Site.hints`): how
    many OIDs the agent takes in a packet is remembered there.
    """

    def __init__(self, settings: SnmpSettings, hints: dict[str, str] | None = None) -> None:
        self.settings = settings
        self._hints = {} if hints is None else hints
        self._line = DatagramLine(settings.host, settings.port)
        self._exchange: Exchange | None = None
        self._traps: Subscription | None = None
        self._absent: dict[str, float] = {}  # until when it is taken for absent
        self._limit = min(settings.most_oids, int(self._hints.get(OIDS_HINT, settings.most_oids)))
        self._proven = SURE
        self._has_bulk = settings.version is not Version.V1
        self._patience = Patience(settings.retries + 1, settings.timeout)

    @property
    def where(self) -> str:
        """The agent as messages name it."""
        return self._line.where

    @property
    def notifications(self) -> Mapping[str, int]:
        """How many notifications this process has taken, and ignored for which reason."""
        return {} if self._traps is None else self._traps.counts

    async def open(self) -> None:
        """Find the address; with version 3 also meet the agent."""
        await self.close()
        await self._line.open()
        self._exchange = self._way()
        await self._exchange.open(self._patience)
        if self.settings.traps:
            self._traps = Subscription.to(self.settings.traps, self._line.peer, self._credentials())

    async def close(self) -> None:
        """Give the socket back; never fails."""
        self._line.close()
        traps, self._traps = self._traps, None
        if traps is not None:
            traps.end()

    async def get(self, oids: Iterable[str]) -> dict[str, Value | Missing]:
        """Read OIDs in as few packets as the agent takes; every OID asked for is in the result."""
        found: dict[str, Value | Missing] = {}
        wanted = []
        now = asyncio.get_running_loop().time()
        for oid in dict.fromkeys(oids):
            if self._absent.get(oid, now) > now:
                found[oid] = Missing.NAME
            else:
                wanted.append(oid)
        waiting = [wanted] if wanted else []
        while waiting:
            batch, rest = self._cut(waiting.pop())
            if rest:
                waiting.append(rest)
            waiting += await self._read(batch, found)
        return found

    async def column(self, oid: str) -> dict[str, Value]:
        """Read all that lies below an OID; keyed by the rest of the OID ("3", "1.2"), in order."""
        return (await self.columns((oid,)))[oid]

    async def columns(self, oids: Sequence[str]) -> dict[str, dict[str, Value]]:
        """Read columns side by side in the same packets; each as `column` does, keyed by OID.

        DeviceError if the agent does not come to an end.
        """
        walk = Walk(oids)
        while pending := walk.pending(self._limit):
            await self._step(walk, pending)
        return walk.rows

    async def set(self, values: Mapping[str, Value]) -> None:
        """Write values, all or none; RefusedError says why the agent does not.

        It is sent once, as nothing tells whether an agent that is silent has carried it out.
        """
        question = Question(Operation.SET, tuple(values.items()))
        whole = Patience(1, self._patience.attempts * self._patience.timeout)
        answer = await self._open_exchange().ask(question, whole)
        if answer is None:
            detail = f"{self.where}: no answer; it may have been carried out or not"
            raise RefusedError(ResultStatus.FAILED, detail)
        if answer.status:
            status = _REFUSALS.get(_status(answer), ResultStatus.FAILED)
            raise RefusedError(status, f"{self.where}: the agent says {_words(answer)}")

    async def notification(self) -> None:
        """Return when the agent has sent a trap or an inform; a storm of them counts once."""
        if self._traps is None:
            await asyncio.get_running_loop().create_future()
        else:
            await self._traps.wait()

    def _way(self) -> Exchange:
        settings = self.settings
        if settings.version is not Version.V3:
            return CommunityExchange(
                self._line, settings.community, is_v1=settings.version is Version.V1
            )
        if settings.user is None:
            raise DeviceError(f"{self.where}: SNMP version 3 takes a user")
        return UserExchange(self._line, settings.user)

    def _credentials(self) -> Credentials:
        if isinstance(self._exchange, UserExchange):
            return self._exchange
        return self.settings.community.encode()

    def _open_exchange(self) -> Exchange:
        if self._exchange is None:
            raise DeviceError(f"{self.where}: the line is closed")
        return self._exchange

    def _cut(self, oids: list[str]) -> tuple[list[str], list[str]]:
        """Cut off what goes into one packet."""
        room = MOST_BYTES
        count = 0
        for oid in oids[: self._limit]:
            room -= len(oid_bytes(oid)) + 6
            if room < 0 and count:
                break
            count += 1
        return oids[:count], oids[count:]

    async def _read(self, batch: list[str], found: dict[str, Value | Missing]) -> list[list[str]]:
        """Read what a packet asks for into `found`; return what is to be asked anew."""
        answer = await self._answer(Question(Operation.GET, [(oid, None) for oid in batch]))
        if answer is None:
            return self._halved(batch)
        if answer.status:
            return self._learn(batch, answer, found)
        names = [name for name, _ in answer.bindings]
        if not names and len(batch) > 1:
            return self._lower(batch)
        if not names or names != [oid_bytes(oid) for oid in batch[: len(names)]]:
            raise DeviceError(f"{self.where}: the answer is about other variables")
        found.update(zip(batch, (given for _, given in answer.bindings), strict=False))
        self._proven = max(self._proven, len(names))
        if len(names) < len(batch):
            self._set_limit(len(names))
        if self._limit < self.settings.most_oids:
            self._hints[OIDS_HINT] = str(self._limit)  # only now, as the agent may have been away
        if len(names) == len(batch):
            return []
        return [batch[len(names) :]]

    async def _answer(self, question: Question) -> Pdu | None:
        """Ask; None if the agent may only be silent because the packet is too large for it."""
        is_sure = len(question.pairs) * max(1, question.repetitions) <= self._proven
        patience = self._patience
        if not is_sure:
            patience = Patience((patience.attempts + 1) // 2, patience.timeout)
        answer = await self._open_exchange().ask(question, patience)
        if answer is None and is_sure:
            raise DeviceError(f"{self.where}: {self._silence()}")
        return answer

    def _silence(self) -> str:
        if self._line.trouble:
            return self._line.trouble
        tries = f"no answer to {self._patience.attempts} requests"
        if self.settings.version is not Version.V3:
            return f"{tries}; are address, version and community right?"
        user = self.settings.user
        if user and user.privacy_password:
            return f"{tries}; is the privacy password right?"
        return tries

    def _learn(
        self, batch: list[str], answer: Pdu, found: dict[str, Value | Missing]
    ) -> list[list[str]]:
        """Take an answer that only says what is wrong with the request."""
        status = _status(answer)
        if status is Status.TOO_BIG and len(batch) > 1:
            return self._lower(batch)
        if status is Status.AUTHORIZATION_ERROR and not answer.place:
            raise DeviceError(f"{self.where}: the agent does not let us read")
        place = 1 if len(batch) == 1 else answer.place
        if not 1 <= place <= len(batch):
            return self._halved(batch, is_size=False)
        culprit = batch.pop(place - 1)
        if status is Status.NO_SUCH_NAME:
            self._absent[culprit] = asyncio.get_running_loop().time() + ABSENT_FOR
            found[culprit] = Missing.NAME
        else:
            found[culprit] = Missing.REFUSED
        return [batch] if batch else []

    def _lower(self, batch: list[str]) -> list[list[str]]:
        """Ask for less in a packet from now on."""
        self._set_limit(max(1, len(batch) * 2 // 3))
        return [batch]

    def _halved(self, batch: list[str], *, is_size: bool = True) -> list[list[str]]:
        middle = len(batch) // 2
        if is_size:
            self._set_limit(max(1, middle))
        return [batch[middle:], batch[:middle]]

    def _set_limit(self, limit: int) -> None:
        self._limit = limit
        self._proven = max(min(self._proven, limit), 1)

    async def _step(self, walk: Walk, pending: list[tuple[str, str]]) -> None:
        """Read the next rows of columns."""
        pairs = [(after, None) for _, after in pending]
        rows = walk.repeat(len(pending), self._limit) if self._has_bulk else 0
        operation = Operation.GET_BULK if self._has_bulk else Operation.GET_NEXT
        answer = await self._answer(Question(operation, pairs, repetitions=rows))
        if answer is not None and not answer.status and answer.bindings:
            self._take_rows(walk, pending, answer)
        elif rows > 1:
            walk.repetitions = rows // 2
        elif answer is not None and self._has_bulk and answer.status:
            self._has_bulk = False
        elif len(pending) > 1 and (answer is None or not answer.place):
            self._set_limit(len(pending) // 2)
        elif answer is None or not answer.status:
            raise DeviceError(f"{self.where}: an empty answer")
        else:
            self._end_column(walk, pending, answer)

    def _take_rows(self, walk: Walk, pending: list[tuple[str, str]], answer: Pdu) -> None:
        try:
            walk.take(pending, answer)
        except MalformedError as error:
            raise DeviceError(f"{self.where}: {error}") from None
        self._proven = max(self._proven, len(answer.bindings))

    def _end_column(self, walk: Walk, pending: list[tuple[str, str]], answer: Pdu) -> None:
        """Version 1 says by an error that nothing follows, some agents by a general one."""
        place = 1 if len(pending) == 1 else answer.place
        is_end = _status(answer) in (Status.NO_SUCH_NAME, Status.GENERAL_ERROR)
        if not is_end or not 1 <= place <= len(pending):
            raise DeviceError(f"{self.where}: the agent says {_words(answer)}")
        walk.end(pending[place - 1][0])


def address(port: str) -> tuple[str, int]:
    """Read a port of the settings: HOST, HOST:PORT, [IPv6]:PORT, with udp: or udp6: before it.

    SettingsError if it is none.
    """
    found = _ADDRESS.fullmatch(port)
    number = int(found["port"] or 161) if found else 0
    if found is None or not 0 < number < 1 << 16:
        raise SettingsError(f"port {port!r}: name the agent as HOST, HOST:PORT or [IPv6]:PORT")
    return found["bracketed"] or found["host"], number


def _status(answer: Pdu) -> Status:
    try:
        return Status(answer.status)
    except ValueError:
        return Status.GENERAL_ERROR


def _words(answer: Pdu) -> str:
    return _status(answer).name.lower().replace("_", " ")

"""Requests to an agent and their answers, by community or by a user of version 3."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.driver.protocols.snmpwire.message import (
    V1,
    V2C,
    Operation,
    Pdu,
    message,
    read_message,
    request,
)
from services.driver.protocols.snmpwire.security import (
    COMPLAINTS,
    REPORTABLE,
    Answer,
    Engine,
    User,
    plain_pdu,
    read_header,
)
from services.driver.protocols.snmpwire.values import Value
from services.driver.transports.snmpline import DatagramLine
from shared.errors import DeviceError

MOST_CORRECTIONS = 3  # of our picture of an engine, during one request


@dataclass(frozen=True, slots=True)
class Question:
    """A request without its number; repetitions are for GET_BULK."""

    operation: Operation
    pairs: Sequence[tuple[str, Value | None]]
    repetitions: int = 0

    def pdu(self, number: int) -> bytes:
        """Encode the request under a number."""
        return request(self.operation, number, self.pairs, self.repetitions)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is sent, and how many seconds each has."""

    attempts: int
    timeout: float


class Exchange(Protocol):
    """A way to talk to an agent."""

    async def open(self, patience: Patience) -> None:
        """Meet the agent if the version asks for it (DeviceError)."""

    async def ask(self, question: Question, patience: Patience) -> Pdu | None:
        """Ask until an answer comes, None if none does; DeviceError if we are turned away."""


class CommunityExchange:
    """Talks to an agent of version 1 or 2c."""

    def __init__(self, line: DatagramLine, community: str, *, is_v1: bool) -> None:
        self._line = line
        self._community = community.encode()
        self._version = V1 if is_v1 else V2C

    async def open(self, patience: Patience) -> None:
        """Do nothing: such agents are met with the first request."""

    async def ask(self, question: Question, patience: Patience) -> Pdu | None:
        """Send the request, always under the same number: an answer is right however late."""
        identity = _number()
        data = message(self._version, self._community, question.pdu(identity))

        def answer(datagram: bytes) -> Pdu | None:
            version, _, found = read_message(datagram)
            is_ours = found.operation is Operation.RESPONSE and found.request == identity
            return found if is_ours and version == self._version else None

        self._line.trouble = ""
        for _ in range(patience.attempts):
            found = await self._line.ask(data, answer, patience.timeout)
            if found is not None:
                return found
        return None


class UserExchange:
    """Talks to an agent of version 3; the agent's clock and identity are followed."""

    def __init__(self, line: DatagramLine, user: User) -> None:
        self._line = line
        self.user = user
        self.engine = Engine(user)
        self._clock = asyncio.get_running_loop().time

    async def open(self, patience: Patience) -> None:
        """Ask the agent for its engine ID and its clock."""
        self._line.trouble = ""
        engine = Engine(self.user)
        numbers: set[int] = set()

        def report(datagram: bytes) -> Engine | None:
            header = read_header(datagram)
            is_ours = header.identity in numbers and not header.flags & ~REPORTABLE
            if not is_ours or plain_pdu(header).operation is not Operation.REPORT:
                return None
            engine.meet(header, self._clock())
            return engine

        for _ in range(patience.attempts):
            numbers.add(number := _number())
            data = engine.asked(request(Operation.GET, number, ()), number, self._clock())
            found = await self._line.ask(data, report, patience.timeout)
            if found is not None:
                self.engine = found
                return
        reason = self._line.trouble or "no answer; is SNMP version 3 switched on there?"
        raise DeviceError(f"{self._line.where}: {reason}")

    async def ask(self, question: Question, patience: Patience) -> Pdu | None:
        """Send the request; an agent that has restarted since is met anew."""
        self._line.trouble = ""
        corrections, attempts = 0, 0
        numbers: set[int] = set()
        while attempts < patience.attempts:
            answer = await self._attempt(question, numbers, patience.timeout)
            if answer is None:
                attempts += 1
            elif answer.pdu.operation is Operation.RESPONSE:
                return answer.pdu
            else:
                corrections += 1
                await self._correct(answer, corrections, patience)
        return None

    async def _attempt(self, question: Question, numbers: set[int], within: float) -> Answer | None:
        number = _number()
        numbers.add(number)

        def answer(datagram: bytes) -> Answer | None:
            header = read_header(datagram)
            if header.identity not in numbers:
                return None
            found = self.engine.opened(header, self._clock())
            is_answer = found.pdu.operation is Operation.RESPONSE and found.pdu.request in numbers
            return found if is_answer or found.pdu.operation is Operation.REPORT else None

        data = self.engine.asked(question.pdu(number), number, self._clock())
        return await self._line.ask(data, answer, within)

    async def _correct(self, answer: Answer, corrections: int, patience: Patience) -> None:
        """Learn from a report what the agent holds against the request (DeviceError)."""
        name = answer.pdu.bindings[0][0] if answer.pdu.bindings else b""
        complaint = COMPLAINTS.get(name)
        if complaint is None:
            raise DeviceError(f"{self._line.where}: the agent turns the request down")
        if complaint.name not in ("time", "engine") or corrections > MOST_CORRECTIONS:
            raise DeviceError(f"{self._line.where}: {complaint.text}")
        # A signed report about the time has set the clock already.
        if complaint.name == "engine" or not answer.is_signed:
            await self.open(patience)


def _number() -> int:
    return 1 + secrets.randbelow((1 << 31) - 1)

"""SNMP agents of versions 1 and 2c that play a table of objects; a test edits what they do.

A light one for fleets and faults; Debian's snmpd is the witness for everything else.
"""

import asyncio
import bisect
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from services.driver.protocols.snmpwire.ber import (
    SEQUENCE,
    integer,
    numbers,
    oid_bytes,
    oid_text,
    tagged,
    value_bytes,
)
from services.driver.protocols.snmpwire.message import (
    V1,
    Message,
    Operation,
    Pdu,
    Status,
    message,
    read_message,
    request,
)
from services.driver.protocols.snmpwire.values import Kind, Missing, Value

Binding = tuple[bytes, bytes]  # both encoded
Fault = Callable[[Message, bytes], Iterable[bytes]]
"""Makes of a request and its right answer the datagrams that are sent instead."""

_NO_OBJECT = b"\x80\x00"
_END = b"\x82\x00"
_TRAP = "1.3.6.1.6.3.1.1.4.1.0"


class Objects:
    """What an agent has, encoded once and sorted; many agents may share one."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._order = sorted(values, key=numbers)
        self._keys = [numbers(oid) for oid in self._order]
        self._names = [oid_bytes(oid) for oid in self._order]
        self.values = dict(values)
        self._encoded = {oid_bytes(oid): value_bytes(value) for oid, value in values.items()}

    def get(self, name: bytes) -> bytes | None:
        """Find a value by its encoded OID."""
        return self._encoded.get(name)

    def after(self, name: bytes) -> Binding | None:
        """Find what follows an OID."""
        place = bisect.bisect_right(self._keys, numbers(oid_text(name)))
        if place == len(self._order):
            return None
        return self._names[place], self._encoded[self._names[place]]

    def put(self, oid: str, value: Value) -> None:
        """Change a value that is there."""
        self.values[oid] = value
        self._encoded[oid_bytes(oid)] = value_bytes(value)


@dataclass(slots=True)
class SnmpSimulator:
    """An agent on an address of this machine.

    `most_oids` and `most_bytes` are what it takes and gives in a packet, more is tooBig (with
    `truncates` the answer is cut to so many instead, with `swallows` there is none). So many
    requests as `lost` says are not answered. `refused` OIDs give genErr. `asked` keeps the
    requests, `peer` is who sent the last.
    """

    objects: Objects
    host: str = "127.0.0.1"
    port: int = 0
    community: str = "public"
    writable: set[str] = field(default_factory=set)
    most_oids: int = 1000
    most_bytes: int = 60000
    truncates: bool = False
    swallows: bool = False
    hides_place: bool = False
    lost: int = 0
    is_silent: bool = False
    delay: float = 0.0
    refused: set[str] = field(default_factory=set)
    fault: Fault | None = None
    asked: list[Pdu] = field(default_factory=list)
    keeps: bool = True
    peer: tuple[str, int] = ("", 0)
    _socket: socket.socket | None = None

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((self.host, self.port))
        self.port = self._socket.getsockname()[1]
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._receive)

    def stop(self) -> None:
        """Be gone, as an agent without power."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def notify(
        self, where: tuple[str, int], community: str = "public", *, inform: bool = False
    ) -> None:
        """Send a trap, or an inform, from the agent's address."""
        assert self._socket
        operation = Operation.INFORM if inform else Operation.TRAP
        pairs = [
            ("1.3.6.1.2.1.1.3.0", Value(Kind.TICKS, 1)),
            (_TRAP, Value(Kind.OID, "1.3.6.1.2.1.33.2.1")),
        ]
        data = message(1, community.encode(), request(operation, 7, pairs))
        self._socket.sendto(data, where)

    def _receive(self) -> None:
        assert self._socket
        try:
            data, peer = self._socket.recvfrom(65535)
        except OSError:
            return
        try:
            asked = read_message(data)
        except ValueError:
            return
        self.peer = peer
        if self.keeps:
            self.asked.append(asked.pdu)
        if self.is_silent or asked.community != self.community.encode():
            return
        if self.lost:
            self.lost -= 1
            return
        answer = self._answer(asked)
        answers = self.fault(asked, answer) if self.fault else (answer,)
        for datagram in answers:
            if datagram:
                asyncio.get_running_loop().call_later(self.delay, self._send, datagram, peer)

    def _send(self, data: bytes, peer: tuple[str, int]) -> None:
        if self._socket is not None:
            self._socket.sendto(data, peer)

    def _answer(self, asked: Message) -> bytes:
        pdu, names = asked.pdu, [name for name, _ in asked.pdu.bindings]
        if len(names) > self.most_oids and not self.truncates:
            return b"" if self.swallows else self._failed(asked, Status.TOO_BIG, 0)
        if pdu.operation is Operation.SET:
            return self._written(asked)
        if pdu.operation is Operation.GET:
            found = [(name, self.objects.get(name)) for name in names[: self.most_oids]]
            refused = [oid_text(name) in self.refused for name in names]
            if any(refused):
                return self._failed(asked, Status.GENERAL_ERROR, refused.index(True) + 1)
        else:
            found = self._following(pdu, names)
        return self._finished(asked, found)

    def _following(self, pdu: Pdu, names: list[bytes]) -> list[tuple[bytes, bytes | None]]:
        found: list[tuple[bytes, bytes | None]] = []
        rows = pdu.place if pdu.operation is Operation.GET_BULK else 1
        for _ in range(rows):
            row = [(name, self.objects.after(name)) for name in names]
            found += [next_one or (name, None) for name, next_one in row]
            names = [next_one[0] if next_one else name for name, next_one in row]
            if not any(next_one for _, next_one in row):
                break
        return found[: self.most_oids] if pdu.operation is Operation.GET_BULK else found

    def _finished(self, asked: Message, found: list[tuple[bytes, bytes | None]]) -> bytes:
        absent = [encoded is None for _, encoded in found]
        if asked.version == V1 and any(absent):
            return self._failed(asked, Status.NO_SUCH_NAME, absent.index(True) + 1)
        nothing = _NO_OBJECT if asked.pdu.operation is Operation.GET else _END
        pairs = b"".join(
            tagged(SEQUENCE, tagged(Kind.OID, name) + (nothing if encoded is None else encoded))
            for name, encoded in found
        )
        data = self._encoded(asked, 0, 0, pairs)
        return data if len(data) <= self.most_bytes else self._failed(asked, Status.TOO_BIG, 0)

    def _written(self, asked: Message) -> bytes:
        for place, (name, value) in enumerate(asked.pdu.bindings, 1):
            oid = oid_text(name)
            if oid not in self.writable:
                status = Status.READ_ONLY if asked.version == V1 else Status.NOT_WRITABLE
                return self._failed(asked, status, place)
            if isinstance(value, Missing) or value.kind is not self.objects.values[oid].kind:
                status = Status.BAD_VALUE if asked.version == V1 else Status.WRONG_TYPE
                return self._failed(asked, status, place)
        for name, value in asked.pdu.bindings:
            assert isinstance(value, Value)
            self.objects.put(oid_text(name), value)
        return self._finished(
            asked, [(name, self.objects.get(name)) for name, _ in asked.pdu.bindings]
        )

    def _failed(self, asked: Message, status: Status, place: int) -> bytes:
        if self.hides_place:
            place = 0
        is_empty = status is Status.TOO_BIG and asked.version != V1
        pairs = b"".join(
            tagged(SEQUENCE, tagged(Kind.OID, name) + b"\x05\x00")
            for name, _ in (() if is_empty else asked.pdu.bindings)
        )
        return self._encoded(asked, status, place, pairs)

    @staticmethod
    def _encoded(asked: Message, status: int, place: int, pairs: bytes) -> bytes:
        content = (
            integer(asked.pdu.request) + integer(status) + integer(place) + tagged(SEQUENCE, pairs)
        )
        return message(asked.version, asked.community, tagged(Operation.RESPONSE, content))

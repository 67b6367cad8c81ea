"""Somebody between us and an SNMP agent who changes what the agent says."""

import asyncio
from collections.abc import Callable


class Meddler(asyncio.DatagramProtocol):
    """Sits between us and the agent and changes its answers."""

    def __init__(self, port: int, found: bytes, instead: bytes) -> None:
        self.port = port
        self._found, self._instead = found, instead
        self.changed = 0
        self.is_meddling = False
        self._inside: asyncio.DatagramTransport | None = None
        self._outside: asyncio.DatagramTransport | None = None
        self._peer: tuple[str, int] = ("", 0)

    async def start(self) -> int:
        loop = asyncio.get_running_loop()
        self._inside, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self._outside, _ = await loop.create_datagram_endpoint(
            lambda: _Answers(self.back), remote_addr=("127.0.0.1", self.port)
        )
        return int(self._inside.get_extra_info("sockname")[1])

    def stop(self) -> None:
        assert self._inside
        assert self._outside
        self._inside.close()
        self._outside.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._outside
        self._peer = addr
        self._outside.sendto(data)

    def back(self, data: bytes) -> None:
        assert self._inside
        if self.is_meddling and self._found in data:
            self.changed += 1
            before, _, after = data.rpartition(self._found)
            data = before + self._instead + after
        self._inside.sendto(data, self._peer)


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, back: Callable[[bytes], None]) -> None:
        self._back = back

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 -- asyncio's
        self._back(data)

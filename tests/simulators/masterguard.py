"""A simulated Masterguard: it has an address, and obeys in silence.

It plays the examples of the dialect's table for a model; what it is told it says afterwards.
"""

import re

from services.driver.protocols.qx.masterguard import MASTERGUARD
from tests.simulators.qx import SimulatedQx, examples

CALM = "00000000 00000000"
SET = re.compile(rb"SS(\d\d|--)(\d|-)([01]|-),(\d\d)\r")
NOMINAL = re.compile(rb"PNV=(\d{3})\r")
RUN = re.compile(rb"SRC(\d{4}:\d\d:\d\d:\d\d),(\d\d)\r")
QUERIES = (b"WH\r", b"Q3\r", b"MSO\r", b"PNV\r", b"GS,", b"GBS,", b"GSN,", b"DRC,", b"FLT,")


class SimulatedMasterguard(SimulatedQx):
    """One UPS; `orders` lists what it was told.

    `model` is how the name begins, 6 characters; `bits` are those of Q3.
    """

    def __init__(self, model: str, rack: str = "", address: str = "00", bits: str = CALM) -> None:
        name = f"{model}  + 0 Bat Pack{rack}".ljust(30)
        identity = (
            f"({address} 10.06 03.09 {name} 0 230 50.00 012 02.30 006.00 012.00 018 10 40 160 276"
            " 47.00 53.00\r"
        )
        status = f"({address} 225.9 225.9 229.3 040 50.0 02.27 23.4 017.03 100 {bits}\r"
        super().__init__(examples(MASTERGUARD), unknown=None)
        self._move(b"00", address.encode())
        self.replies |= {b"WH\r": identity.encode(), b"Q3\r": status.encode()}
        self.orders: list[bytes] = []

    def _answer(self, request: bytes) -> None:
        if not request.startswith(QUERIES) or NOMINAL.fullmatch(request):
            self.orders.append(request)
        if told := SET.fullmatch(request):
            self._set(*told.groups())
        elif told := NOMINAL.fullmatch(request):
            self.replies[b"PNV\r"] = b"(PNV=" + told[1] + b"\r"
        elif told := RUN.fullmatch(request):
            self.replies[b"DRC," + told[2] + b"\r"] = b"(" + told[2] + b"," + told[1] + b"\r"
        super()._answer(request)

    def _set(self, address: bytes, packs: bytes, beeps: bytes, own: bytes) -> None:
        request = b"GS," + own + b"\r"
        reply = bytearray(self.replies[request])
        for column, digit in ((7, packs), (9, beeps)):
            if digit != b"-":
                reply[column : column + 1] = digit
        self.replies[request] = bytes(reply)
        if address != b"--":
            self._move(own, address)

    def _move(self, old: bytes, new: bytes) -> None:
        """Take another address."""
        self.replies = {
            request.replace(b"," + old + b"\r", b"," + new + b"\r"): (
                b"(" + new + reply[3:] if reply.startswith(b"(" + old) else reply
            )
            for request, reply in self.replies.items()
        }

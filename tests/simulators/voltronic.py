"""A simulated Voltronic UPS: what it is told it says afterwards.

It plays the examples of the dialect's table. An order is one of `EFFECTS`: what it names is put
into the reply to a query, at a column; switches move letters in the reply to QFLAG.
"""

import re
from collections.abc import Mapping

from services.driver.protocols.qx.voltronic import VOLTRONIC
from tests.simulators.qx import SimulatedQx, examples

ACCEPTED, REFUSED = b"(ACK\r", b"(NAK\r"
EVERYTHING = "rsgcjpboavedflnqw"
PHASES = {
    b"Q3PV\r": b"(123.4 223.4 323.4 423.4 523.4 623.4\r",
    b"Q3PC\r": b"(001 002 003\r",
    b"Q3OV\r": b"(124.4 224.4 324.4 424.4 524.4 624.4\r",
    b"Q3OC\r": b"(004 005 006\r",
    b"Q3LD\r": b"(007 008 009\r",
    b"Q3YV\r": b"(125.4 225.4 325.4 425.4 525.4 625.4\r",
}
# What an order may look like, the query whose reply it changes, and from which column on.
EFFECTS = tuple(
    (re.compile(pattern), query, column)
    for pattern, query, column in (
        (rb"HEH(\d{3})", b"QHE\r", 1),
        (rb"HEL(\d{3})", b"QHE\r", 5),
        (rb"FREH(\d\d\.\d)", b"QFRE\r", 1),
        (rb"FREL(\d\d\.\d)", b"QFRE\r", 6),
        (rb"PHV(\d{3})", b"QBYV\r", 1),
        (rb"PLV(\d{3})", b"QBYV\r", 5),
        (rb"PGF(\d\d\.\d)", b"QBYF\r", 1),
        (rb"PSF(\d\d\.\d)", b"QBYF\r", 6),
        (rb"BATGN(\d\d)", b"QBV\r", 10),
        (rb"BATN(\d)", b"QBV\r", 8),
        (rb"PBT(\d\d)", b"QBT\r", 1),
        (rb"PGR(\d\d)", b"QGR\r", 1),
        (rb"W0E(\d\d)", b"RE0\r", 1),
        (rb"PPD(000|120|180|240)", b"QPD\r", 5),
        *((rb"PSK%d(\d{3})" % outlet, b"QSKT%d\r" % outlet, 1) for outlet in (1, 2, 3, 4)),
    )
)
# Orders that mean one thing: the query whose reply they change, its column, and what is there then.
ORDERS = {
    b"SOFF": (b"QMOD\r", 1, b"S"),
    b"SON": (b"QMOD\r", 1, b"L"),
    b"BZOFF": (b"QGS\r", 72, b"1"),
    b"BZON": (b"QGS\r", 72, b"0"),
    b"CS": (b"QGS\r", 71, b"0"),
    b"CT": (b"QGS\r", 70, b"0"),
    b"TL": (b"QGS\r", 70, b"1"),
    b"T": (b"QGS\r", 70, b"1"),
    **{b"SKON%d" % outlet: (b"QSK%d\r" % outlet, 1, b"1") for outlet in (1, 2, 3, 4)},
    **{b"SKOFF%d" % outlet: (b"QSK%d\r" % outlet, 1, b"0") for outlet in (1, 2, 3, 4)},
}
TEST = re.compile(rb"T(\.\d|\d\d)")
SHUTDOWN = re.compile(rb"S(\.\d|\d\d)(R\d{4})?")
SWITCH = re.compile(rb"P([ED])([A-Z])")
FLAGS = re.compile(rb"\(E([a-z]*)D([a-z]*)\r")


class SimulatedVoltronic(SimulatedQx):
    """One UPS; `orders` lists what it was told and obeyed.

    `protocol` is the number in the reply to QPI; `replies` come on top of the examples.
    """

    def __init__(self, protocol: str, replies: Mapping[bytes, bytes] | None = None) -> None:
        flags = {b"QFLAG\r": f"(E{EVERYTHING}D\r".encode(), b"QPI\r": f"(PI{protocol}\r".encode()}
        mine = {b"QFS\r": b"(OK\r", **PHASES, **flags, **(replies or {})}
        super().__init__({**examples(VOLTRONIC), **mine}, unknown=REFUSED)
        self.orders: list[bytes] = []

    def _answer(self, request: bytes) -> None:
        if request not in self.replies and self._obey(request.removesuffix(b"\r")):
            self.orders.append(request)
            self.requests.append(request)
            self.say(ACCEPTED)
            return
        super()._answer(request)

    def _obey(self, order: bytes) -> bool:
        if order in ORDERS:
            self._put(*ORDERS[order])
            return True
        if TEST.fullmatch(order) or SHUTDOWN.fullmatch(order):
            self._put(b"QGS\r", 70 if order.startswith(b"T") else 71, b"1")
            return True
        if switch := SWITCH.fullmatch(order):
            return self._switch(switch[1] == b"E", switch[2].lower())
        for pattern, query, column in EFFECTS:
            if told := pattern.fullmatch(order):
                self._put(query, column, told[1])
                return True
        return order == b"PF"

    def _switch(self, is_on: bool, letter: bytes) -> bool:
        flags = FLAGS.fullmatch(self.replies[b"QFLAG\r"])
        assert flags is not None
        on, off = (part.replace(letter, b"") for part in flags.groups())
        if (on, off) == flags.groups():
            return False
        on, off = (on + letter, off) if is_on else (on, off + letter)
        self.replies[b"QFLAG\r"] = b"(E" + on + b"D" + off + b"\r"
        return True

    def _put(self, query: bytes, column: int, text: bytes) -> None:
        reply = self.replies[query]
        self.replies[query] = reply[:column] + text + reply[column + len(text) :]

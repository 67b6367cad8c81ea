"""Contact closure: what the modem lines of a serial port mean with each cable. Pure.

The numbers and the spelling are NUT's: CTS, DCD, RNG and DSR are driven by the device, DTR and RTS
by us, ST is a break on the transmit line. `-CTS` is CTS low, `DTR+RTS` both, `none` no line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

INPUTS = ("CTS", "DCD", "RNG", "DSR")
OUTPUTS = ("DTR", "RTS")
BREAK = "ST"
NONE = ("none", "NULL")

Contacts = Mapping[str, bool]
"""Lines, and whether each is high."""

_SEPARATOR = re.compile(r"[\s,+&|]+|(?=-)")


@dataclass(frozen=True, slots=True)
class Cable:
    """A type of UPS with its cable: our lines that power it, and what the device's lines mean.

    A state without lines never holds, save OL, which then always does. SD is what switches the load
    off, None if nobody knows it.
    """

    mfr: str
    model: str
    desc: str
    CP: str
    OL: str
    LB: str
    SD: str | None = None
    RB: str = "none"
    BYPASS: str = "none"


@dataclass(frozen=True, slots=True)
class Wiring:
    """A cable's definitions, read."""

    power: Contacts
    online: Contacts
    low_battery: Contacts
    replace_battery: Contacts
    bypass: Contacts
    shutdown: Contacts | None
    is_break: bool

    @property
    def can_shut_down(self) -> bool:
        """Tell whether it is known what switches the load off."""
        return self.is_break or self.shutdown is not None

    @property
    def used(self) -> frozenset[str]:
        """Name the device's lines that mean something; others may float."""
        states = (self.online, self.low_battery, self.replace_battery, self.bypass)
        return frozenset().union(*states)


CABLES = (
    Cable(  # 0
        mfr="UPSONIC",
        model="LAN Saver 600",
        desc="UPSONIC LAN Saver 600",
        CP="DTR+RTS",
        OL="-CTS",
        LB="DCD",
        SD="RTS",
    ),
    Cable(  # 1
        mfr="APC",
        model="Back-UPS",
        desc="APC Back-UPS (940-0095A/C cable)",
        CP="DTR",
        OL="-RNG",
        LB="DCD",
        SD="RTS",
    ),
    Cable(  # 2
        mfr="APC",
        model="Back-UPS",
        desc="APC Back-UPS (940-0020B/C cable)",
        CP="RTS",
        OL="-CTS",
        LB="DCD",
        SD="DTR+RTS",
    ),
    Cable(  # 3
        mfr="PowerTech",
        model="Comp1000",
        desc="PowerTech Comp1000 with DTR as cable power",
        CP="DTR",
        OL="-CTS",
        LB="DCD",
        SD="DTR+RTS",
    ),
    Cable(  # 4
        mfr="Generic",
        model="Generic RUPS model",
        desc="Generic RUPS model",
        CP="RTS",
        OL="CTS",
        LB="-DCD",
        SD="none",
    ),
    Cable(  # 5
        mfr="TrippLite",
        model="Internet Office Series",
        desc="Tripp Lite UPS with Lan2.2 interface (black 73-0844 cable)",
        CP="DTR",
        OL="CTS",
        LB="-DCD",
        SD="DTR+RTS",
    ),
    Cable(  # 6
        mfr="Best",
        model="Patriot",
        desc="Best Patriot (INT51 cable)",
        CP="DTR",
        OL="CTS",
        LB="-DCD",
        SD="RTS",
    ),
    Cable(  # 7
        mfr="CyberPower",
        model="Power99",
        desc="CyberPower Power99",
        CP="RTS",
        OL="CTS",
        LB="-DCD",
        SD="DTR",
    ),
    Cable(  # 8
        mfr="Nitram",
        model="Elite UPS",
        desc="Nitram Elite 500",
        CP="DTR",
        OL="CTS",
        LB="-DCD",
    ),
    Cable(  # 9
        mfr="APC",
        model="Back-UPS",
        desc="APC Back-UPS (940-0023A cable)",
        CP="none",
        OL="-DCD",
        LB="CTS",
        SD="RTS",
    ),
    Cable(  # 10
        mfr="Victron",
        model="Lite",
        desc="Victron Lite (crack cable)",
        CP="RTS",
        OL="CTS",
        LB="-DCD",
        SD="DTR",
    ),
    Cable(  # 11
        mfr="Powerware",
        model="3115",
        desc="Powerware 3115",
        CP="DTR",
        OL="-CTS",
        LB="-DCD",
        SD="ST",
    ),
    Cable(  # 12
        mfr="APC",
        model="Back-UPS Office",
        desc="APC Back-UPS Office (940-0119A cable)",
        CP="RTS",
        OL="-CTS",
        LB="DCD",
        SD="DTR",
    ),
    Cable(  # 13
        mfr="RPT",
        model="Repoteck",
        desc="Repoteck RPT-800A, RPT-162A",
        CP="DTR+RTS",
        OL="DCD",
        LB="-CTS",
        SD="ST",
    ),
    Cable(  # 14
        mfr="Online",
        model="P250, P500, P750, P1250",
        desc="Online P-series",
        CP="DTR",
        OL="DCD",
        LB="-CTS",
        SD="RTS",
    ),
    Cable(  # 15
        mfr="Powerware",
        model="5119",
        desc="Powerware 5119",
        CP="DTR",
        OL="CTS",
        LB="-DCD",
        SD="ST",
    ),
    Cable(  # 16
        mfr="Nitram",
        model="Elite UPS",
        desc="Nitram Elite 2002",
        CP="DTR+RTS",
        OL="CTS",
        LB="-DCD",
    ),
    Cable(  # 17
        mfr="PowerKinetics",
        model="9001",
        desc="PowerKinetics 9001",
        CP="DTR",
        OL="CTS",
        LB="-DCD",
    ),
    Cable(  # 18
        mfr="TrippLite",
        model="Omni 450LAN",
        desc="TrippLite UPS with Martin's cabling",
        CP="DTR",
        OL="CTS",
        LB="DCD",
    ),
    Cable(  # 19
        mfr="Fideltronik",
        model="Ares Series",
        desc="Fideltronik Ares Series",
        CP="DTR",
        OL="CTS",
        LB="-DCD",
        SD="RTS",
    ),
    Cable(  # 20
        mfr="Powerware",
        model="5119 RM",
        desc="Powerware 5119 RM",
        CP="DTR",
        OL="-CTS",
        LB="DCD",
        SD="ST",
    ),
    Cable(  # 21
        mfr="Generic",
        model="Generic RUPS 2000",
        desc="Generic RUPS 2000 (Megatec M2501 cable)",
        CP="RTS",
        OL="CTS",
        LB="-DCD",
        SD="DTR+RTS",
    ),
    Cable(  # 22
        mfr="Gamatronic Electronic Industries",
        model="Generic Alarm UPS",
        desc="Gamatronic UPSs with alarm interface",
        CP="RTS",
        OL="CTS",
        LB="-DCD",
        SD="DTR",
    ),
    Cable(  # 23
        mfr="Generic",
        model="Generic FTTx Battery Backup",
        desc="FTTx (Fiber to the x) battery backup with 4-wire telemetry interface",
        CP="RTS",
        OL="CTS",
        LB="-DCD",
        SD="none",
        RB="-RNG",
        BYPASS="-DSR",
    ),
)


def wired(cable: Cable) -> Wiring:
    """Read the definitions of a cable; ValueError says what is wrong."""
    off = None if cable.SD is None else shutdown(cable.SD)
    is_break = bool(off and BREAK in off)
    return Wiring(
        power=_driven(outgoing(cable.CP)),
        online=incoming(cable.OL),
        low_battery=incoming(cable.LB),
        replace_battery=incoming(cable.RB),
        bypass=incoming(cable.BYPASS),
        shutdown=None if off is None or is_break else _driven(off),
        is_break=is_break,
    )


def incoming(text: str) -> Contacts:
    """Read a definition of the device's lines, such as -CTS; ValueError says what is wrong."""
    return _contacts(text, INPUTS)


def outgoing(text: str) -> Contacts:
    """Read a definition of our lines, such as DTR+RTS; ValueError says what is wrong."""
    return _contacts(text, OUTPUTS)


def shutdown(text: str) -> Contacts:
    """Read what switches the load off: our lines, or ST; ValueError says what is wrong."""
    found = _contacts(text, (*OUTPUTS, BREAK))
    if BREAK in found and found != {BREAK: True}:
        raise ValueError(f"{BREAK} goes alone")
    return found


def status(wiring: Wiring, high: frozenset[str]) -> str:
    """Say the words of ups.status while these lines are high, in NUT's order."""
    said = ["LB"] if _holds(wiring.low_battery, high) else []
    said.append("OL" if not wiring.online or _holds(wiring.online, high) else "OB")
    if _holds(wiring.replace_battery, high):
        said.append("RB")
    if _holds(wiring.bypass, high):
        said.append("BYPASS")
    return " ".join(said)


def _holds(state: Contacts, high: frozenset[str]) -> bool:
    return bool(state) and all((line in high) is on for line, on in state.items())


def _contacts(text: str, known: tuple[str, ...]) -> Contacts:
    if text.strip() in NONE:
        return {}
    found: dict[str, bool] = {}
    for word in filter(None, _SEPARATOR.split(text)):
        line = word.removeprefix("-")
        if line not in known:
            raise ValueError(f"{word!r} is none of {', '.join(known)}, none")
        if found.setdefault(line, word == line) is not (word == line):
            raise ValueError(f"{line} cannot be high and low at once")
    if not found:
        raise ValueError("no line is named; `none` is the word for no line")
    return found


def _driven(named: Contacts) -> Contacts:
    """Say it of all our lines: one that is not named is low."""
    return {line: named.get(line, False) for line in OUTPUTS}

"""What powermand says to its clients (its client_proto.h), as outlets.

A line begins with a code of three digits: 1xx ends an answer well, 2xx ends it badly, 3xx is part
of it. With host ranges expanded there is one line for each node.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.driver.contract import Reading
from shared.errors import DeviceError, RefusedError, ResultStatus

PORT = 10101
GREETING = re.compile(r"001 (\S+)")
PROMPT = b"\r\npowerman> "
MAX_ANSWER = 1_000_000  # bytes; a line may have 131072
ON, OFF, UNKNOWN = "on", "off", "unknown"

EXPAND = "exprange"
EXPANDED = "105 Hostrange expansion ON"
NODES = "nodes"
DEVICES = "device"
STATUS = "status"
_NODE = "307"
_STATE = "303"
_DEVICE = "304"
_ACTION_ERROR = "308"
_COMPLETE = "103"
_WITH_ERRORS = "211"
_DONE = "102"
_CANNOT = "213"
_CONNECTED = re.compile(r"(\S+): state=(\S+) reconnects=\S+ actions=\S+ type=.* hosts=(\S*)")
_ENDS = re.compile(r"[12]\d\d(?: .*)?")
_PART = re.compile(r"3\d\d(?: .*)?")

# What a node may be called: no word of it can be taken for two, or for a range.
_NAME = re.compile(r"[^\s,\[\]]+")

ACTIONS = {"load.on": "on", "load.off": "off", "load.cycle": "cycle"}
"""What is done to a node, by the end of the command's name."""

_COMMAND = re.compile(r"outlet\.([1-9]\d*)\.(load\.(?:on|off|cycle))", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its parts by their codes, and the line that ended it."""

    parts: tuple[tuple[str, str], ...]
    end: str

    @property
    def code(self) -> str:
        """The code that ended it."""
        return self.end[:3]

    @property
    def trouble(self) -> str:
        """What went wrong, in powermand's words."""
        reasons = [text for code, text in self.parts if code == _ACTION_ERROR]
        return "; ".join(reasons) or self.end[4:]

    def all(self, code: str) -> list[str]:
        """Return the texts of the parts that have this code."""
        return [text for other, text in self.parts if other == code]


def answer(data: bytes) -> Answer:
    """Read an answer up to its prompt; DeviceError if it is not one whole answer."""
    try:
        *lines, end = data.removesuffix(PROMPT).decode().split("\r\n")
    except UnicodeDecodeError:
        raise DeviceError(f"unexpected answer from powermand: {data[:80]!r}") from None
    if not _ENDS.fullmatch(end) or not all(_PART.fullmatch(line) for line in lines):
        raise DeviceError(f"unexpected answer from powermand: {data[:80]!r}")
    return Answer(tuple((line[:3], line[4:]) for line in lines), end)


def nodes(told: Answer) -> tuple[str, ...]:
    """Read the names of the nodes, in powermand's order."""
    if told.code != _COMPLETE:
        raise DeviceError(f"powermand does not list its nodes: {told.trouble}")
    names = tuple(told.all(_NODE))
    if len(set(names)) < len(names) or not all(map(_NAME.fullmatch, names)):
        raise DeviceError(f"powermand has nodes that cannot be told apart: {names}")
    return names


def reachable(told: Answer) -> tuple[bool, str]:
    """Tell whether powermand is connected to all its devices, and list the nodes of those it is.

    powermand keeps every question waiting until a device that is gone has timed out.
    """
    if told.code != _COMPLETE:
        raise DeviceError(f"powermand does not list its devices: {told.trouble}")
    devices = [_CONNECTED.fullmatch(text) for text in told.all(_DEVICE)]
    if None in devices:
        raise DeviceError(f"unexpected list of devices from powermand: {told.all(_DEVICE)}")
    used = [match for match in devices if match and match[3]]
    there = [match[3] for match in used if match[2] == "connected"]
    return len(there) == len(used), ",".join(there)


def states(told: Answer, known: Sequence[str]) -> dict[str, str]:
    """Read the state of each node; those that powermand could not ask are unknown."""
    if told.code not in (_COMPLETE, _WITH_ERRORS):
        raise DeviceError(f"powermand does not tell the state of its nodes: {told.trouble}")
    found = {}
    for text in told.all(_STATE):
        name, _, state = text.rpartition(": ")
        if name not in known or state not in (ON, OFF, UNKNOWN):
            raise DeviceError(f"unexpected state from powermand: {text!r}")
        found[name] = state
    return found


def reading(known: Sequence[str], found: Mapping[str, str]) -> Reading:
    """Show the nodes as outlets, counted from 1 in powermand's order."""
    variables = {
        "device.type": "pdu",
        "ups.mfr": "Powerman",
        "ups.model": "unknown PDU",
        "outlet.count": str(len(known)),
    }
    for number, name in enumerate(known, 1):
        variables |= {
            f"outlet.{number}.id": str(number),
            f"outlet.{number}.desc": name,
            f"outlet.{number}.status": found.get(name, UNKNOWN),
            f"outlet.{number}.switchable": "yes",
        }
    numbers = range(1, len(known) + 1)
    commands = tuple(f"outlet.{number}.{action}" for number in numbers for action in ACTIONS)
    return Reading(variables=variables, commands=commands)


def action(command: str, known: Sequence[str]) -> str | None:
    """Say what powermand must be told to carry out a command, None if there is none."""
    match = _COMMAND.fullmatch(command)
    if match is None or int(match[1]) > len(known):
        return None
    return f"{ACTIONS[match[2]]} {known[int(match[1]) - 1]}"


def check_done(request: str, told: Answer) -> None:
    """Raise RefusedError, in powermand's words, if it did not do what it was told."""
    if told.code != _DONE:
        status = ResultStatus.UNKNOWN if told.code == _CANNOT else ResultStatus.FAILED
        raise RefusedError(status, f"powermand, {request}: {told.trouble}")

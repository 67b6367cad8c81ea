"""SNMP agents: values read in few packets, written, and notifications waited for.

What goes wrong raises DeviceError naming the agent; the line is of no more use then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from services.driver.protocols.snmpwire.values import Missing, Value


class Version(StrEnum):
    """Versions of SNMP, as NUT's `snmp_version` spells them."""

    V1 = "v1"
    V2C = "v2c"
    V3 = "v3"


class Authentication(StrEnum):
    """How requests of version 3 are signed, as NUT's `authProtocol` spells it."""

    MD5 = "MD5"
    SHA = "SHA"
    SHA224 = "SHA224"
    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


class Privacy(StrEnum):
    """How requests of version 3 are encrypted, as NUT's `privProtocol` spells it."""

    DES = "DES"
    AES = "AES"
    AES192 = "AES192"
    AES256 = "AES256"
    AES192C = "AES192C"  # the key is extended as Cisco's agents do
    AES256C = "AES256C"


@dataclass(frozen=True, slots=True)
class User:
    """A user of version 3; a password that is empty leaves its protection out."""

    name: str
    authentication: Authentication = Authentication.MD5
    authentication_password: str = field(default="", repr=False)
    privacy: Privacy = Privacy.DES
    privacy_password: str = field(default="", repr=False)
    context: str = ""


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


class SnmpAgent:
    """The line to one agent; its owner calls one method at a time, save `close`.

    OIDs are dotted numbers without a leading dot. `hints` outlives the line (`Site.hints`): how
    many OIDs the agent takes in a packet is remembered there.
    """

    def __init__(self, settings: SnmpSettings, hints: dict[str, str] | None = None) -> None:
        self.settings = settings
        self.hints = {} if hints is None else hints

    async def open(self) -> None:
        """Find the address; with version 3 also meet the agent (a wrong password is told)."""
        raise NotImplementedError

    async def close(self) -> None:
        """Give the socket back; never fails."""
        raise NotImplementedError

    async def get(self, oids: Iterable[str]) -> dict[str, Value | Missing]:
        """Read OIDs in as few packets as the agent takes; every OID asked for is in the result."""
        raise NotImplementedError

    async def column(self, oid: str) -> dict[str, Value]:
        """Read all that lies below an OID; keyed by the rest of the OID ("3", "1.2"), in order."""
        raise NotImplementedError

    async def columns(self, oids: Sequence[str]) -> dict[str, dict[str, Value]]:
        """Read columns side by side in the same packets; each as `column` does, keyed by OID."""
        raise NotImplementedError

    async def set(self, values: Mapping[str, Value]) -> None:
        """Write values, all or none; RefusedError says why the agent does not.

        It is sent once, as nothing tells whether an agent that is silent has carried it out.
        """
        raise NotImplementedError

    async def notification(self) -> None:
        """Return when the agent has sent a trap or an inform; a storm of them counts once."""
        raise NotImplementedError

"""What a request is answered from and with: the view, the session, the actions, the error words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from shared.fleet import Device
from shared.messages import Availability
from shared.users import User

UNKNOWN_COMMAND = "ERR UNKNOWN-COMMAND"
INVALID_ARGUMENT = "ERR INVALID-ARGUMENT"
UNKNOWN_UPS = "ERR UNKNOWN-UPS"
ACCESS_DENIED = "ERR ACCESS-DENIED"
VAR_NOT_SUPPORTED = "ERR VAR-NOT-SUPPORTED"
DRIVER_NOT_CONNECTED = "ERR DRIVER-NOT-CONNECTED"
DATA_STALE = "ERR DATA-STALE"


class View(Protocol):
    """The fleet as clients see it."""

    @property
    def version(self) -> str:
        """The version of this server."""

    def names(self) -> Sequence[str]:
        """List the devices in their order."""

    def device(self, name: str) -> Device | None:
        """Find a device by its name in any case."""

    def standing(self, device: Device) -> Availability:
        """Tell whether the device's data can be relied on."""

    def clients(self, device: str) -> Sequence[str]:
        """List the addresses of the clients that are logged in to a device, the newest first."""

    def result(self, id: str) -> str:
        """Say how a tracked request ended."""


@dataclass(slots=True)
class Session:
    """What one connection has said so far; `user` is who it proved to be, if it did."""

    address: str
    username: str | None = None
    password: str | None = None
    user: User | None = None
    device: str | None = None
    tracking: bool = False
    is_local: bool = False  # on this machine: what it says crosses no network
    is_encrypted: bool = False

    @property
    def is_private(self) -> bool:
        """Whether what is said crosses no network in plain text."""
        return self.is_local or self.is_encrypted


@dataclass(frozen=True, slots=True)
class Login:
    """Count the client as one that the device feeds."""

    device: str


@dataclass(frozen=True, slots=True)
class Logout:
    """Say goodbye and hang up."""


@dataclass(frozen=True, slots=True)
class StartTls:
    """Go on encrypted, if that is set up."""


@dataclass(frozen=True, slots=True)
class Fsd:
    """Force the shutdown of all that the device feeds."""

    device: str


@dataclass(frozen=True, slots=True)
class Order:
    """Ask the driver to write a variable or to carry out a command; `failure` is the last word."""

    device: str
    name: str
    value: str | None
    is_command: bool

    @property
    def failure(self) -> str:
        """The reply if the order cannot be handed on."""
        return "ERR INSTCMD-FAILED" if self.is_command else "ERR SET-FAILED"


Action = Login | Logout | StartTls | Fsd | Order
Answer = str | Action
Function = Callable[[View, Session, Sequence[str]], Answer]


class Needs(Enum):
    """What a request needs: nothing, a name and password of whatever worth, or a right."""

    NOTHING = 0
    CREDENTIALS = 1
    RIGHT = 2


class Scope(Enum):
    """Which changes make a reply out of date; NEVER is a reply that must not be kept at all."""

    NEVER = 0
    DEVICE = 1
    FLEET = 2


@dataclass(frozen=True, slots=True)
class Verb:
    """A row of the table: `least` and `most` words may follow the verb and its sub-word."""

    function: Function
    least: int = 0
    most: int | None = None
    needs: Needs = Needs.NOTHING
    scope: Scope = Scope.NEVER

"""Who is who, and who may do what: passwords and rights. No network, no event loop."""

import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError
from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from shared.nutwire import LENGTH_LIMIT
from shared.settings import Section

# OWASP's choice for Argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)
# What is verified instead when there is no such user; nobody knows its password.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$bnV0YnVzLW51dGJ1cy0xMg$" + "A" * 43


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Action = Annotated[
    Literal["SET", "FSD", "LOGIN", "PRIMARY"],
    BeforeValidator(_upper),
]


class UserSettings(Section):
    """Who may log in, and what for; rights hold for `devices` and from `allow_from` only."""

    password: SecretStr | None = Field(
        default=None, description="The password in plain text; better given by password_file."
    )
    password_hash: SecretStr | None = Field(
        default=None, description="The password as `nutbus passwd` prints it, instead of the plain."
    )
    actions: list[Action] = Field(
        default=[], description="SET (write variables), FSD (force a shutdown), LOGIN, PRIMARY."
    )
    instcmds: list[str] = Field(
        default=[], description="The instant commands the user may give, or ALL."
    )
    upsmon: Literal["primary", "secondary"] | None = Field(
        default=None,
        description="What an upsmon or a monitor needs: primary is LOGIN, PRIMARY and FSD, "
        "secondary is LOGIN.",
    )
    devices: list[str] = Field(
        default=["*"],
        description="The devices that the rights are for, by name; `*` and `?` stand for any text.",
    )
    allow_from: list[Network] = Field(
        default=[], description="Networks the user may come from; everywhere if there are none."
    )

    @field_validator("password")
    @classmethod
    def _can_be_sent(cls, password: SecretStr | None) -> SecretStr | None:
        text = password.get_secret_value() if password else ""
        if not (text.isascii() and text.isprintable() and len(text) <= LENGTH_LIMIT):
            raise ValueError("the protocol carries at most 512 printable ASCII characters")
        return password

    @field_validator("password_hash")
    @classmethod
    def _is_a_hash(cls, password_hash: SecretStr | None) -> SecretStr | None:
        try:
            if password_hash is not None:
                extract_parameters(password_hash.get_secret_value())
        except InvalidHashError:
            raise ValueError("it is no hash of a password: make one with `nutbus passwd`") from None
        return password_hash

    @model_validator(mode="after")
    def _has_one_password(self) -> Self:
        if (self.password is None) == (self.password_hash is None):
            raise ValueError("a user has either a password or a password_hash")
        return self


class Right(StrEnum):
    """What a user may do, in the words of NUT's upsd.users."""

    SET = "SET"
    FSD = "FSD"
    LOGIN = "LOGIN"
    PRIMARY = "PRIMARY"


_OF_ROLE = {
    "primary": frozenset({Right.LOGIN, Right.PRIMARY, Right.FSD}),
    "secondary": frozenset({Right.LOGIN}),
    None: frozenset[Right](),
}


@dataclass(frozen=True, slots=True)
class User:
    """The rights of one user; the names of devices and commands count in any case."""

    name: str
    rights: frozenset[Right]
    commands: frozenset[str]
    devices: tuple[str, ...]
    networks: tuple[Network, ...]

    def may(self, right: Right, device: str) -> bool:
        """Tell whether the user may do this with a device."""
        return right in self.rights and self._has(device)

    def may_command(self, command: str, device: str) -> bool:
        """Tell whether the user may give a device this instant command."""
        allowed = not self.commands.isdisjoint(("all", command.lower()))
        return allowed and self._has(device)

    def may_come_from(self, address: str) -> bool:
        """Tell whether the user may log in from there."""
        return not self.networks or is_within(address, self.networks)

    def _has(self, device: str) -> bool:
        return any(fnmatchcase(device.lower(), pattern) for pattern in self.devices)


class Users:
    """All users by name, with their passwords."""

    def __init__(self, settings: Mapping[str, UserSettings]) -> None:
        self._settings = settings
        self._users = {name: _user(name, user) for name, user in settings.items()}
        self.is_slow = any(user.password_hash for user in settings.values())

    def verified(self, name: str, password: str, address: str) -> User | None:
        """Return the user if the password is right and the address is one of theirs.

        Takes as long for a user who is not there. With hashed passwords (`is_slow`) that is some
        20 ms of computing, to be done in a thread.
        """
        settings = self._settings.get(name)
        secret = settings.password if settings else None
        digest = settings.password_hash if settings else None
        is_right = _is_same(secret.get_secret_value() if secret else "", password)
        is_right &= secret is not None
        if self.is_slow:
            matches = _matches(digest.get_secret_value() if digest else _NOBODY, password)
            is_right |= matches and digest is not None
        user = self._users.get(name)
        return user if is_right and user and user.may_come_from(address) else None


def hash_password(text: str) -> str:
    """Make of a password what the setting password_hash takes."""
    return _HASHER.hash(text)


def _user(name: str, settings: UserSettings) -> User:
    return User(
        name=name,
        rights=_OF_ROLE[settings.upsmon] | {Right(action) for action in settings.actions},
        commands=frozenset(command.lower() for command in settings.instcmds),
        devices=tuple(pattern.lower() for pattern in settings.devices),
        networks=tuple(settings.allow_from),
    )


def _is_same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())


def _matches(digest: str, password: str) -> bool:
    try:
        return _HASHER.verify(digest, password)
    except (Argon2Error, InvalidHashError):
        return False


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Tell whether an address belongs to one of the networks."""
    try:
        host = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(host in network for network in networks)

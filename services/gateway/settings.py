"""The settings of the gateway: where it listens, who may do what, and its limits."""

import ipaddress
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from shared.listening import Address, parse_address
from shared.nutwire import LENGTH_LIMIT
from shared.settings import Section, ServiceSettings, checked_name, default_id

DEFAULT_PORT = 3493
DEFAULT_LISTEN = ("127.0.0.1:3493", "[::1]:3493")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _parsable(text: str) -> str:
    parse_address(text, DEFAULT_PORT)
    return text


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Action = Annotated[
    Literal["SET", "FSD", "LOGIN", "PRIMARY"],
    BeforeValidator(_upper),
]


class GatewayUser(Section):
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


class GatewaySection(Section):
    """The NUT server: where it listens, who may do what, and its limits."""

    id: Annotated[str, AfterValidator(checked_name)] = Field(
        default_factory=default_id, description="Name of this gateway on the bus."
    )
    listen: list[Annotated[str, AfterValidator(_parsable)]] = Field(
        default=list(DEFAULT_LISTEN),
        min_length=1,
        description="Addresses to listen on, as host:port; the port may be left out.",
    )
    users: dict[str, GatewayUser] = Field(
        default={}, description="Who may do more than read, by name."
    )
    allow_from: list[Network] = Field(
        default=[], description="Networks that may connect; all if there are none."
    )
    deny_from: list[Network] = Field(
        default=[], description="Networks that may not connect, even if allow_from has them."
    )
    certificate_file: Path | None = Field(
        default=None, description="PEM file of the certificate for STARTTLS."
    )
    key_file: Path | None = Field(
        default=None, description="PEM file of its private key, if certificate_file has it not."
    )
    certificate_authority: Path | None = Field(
        default=None,
        description="PEM file or folder of the authorities that sign the clients' certificates.",
    )
    client_certificates: Literal["no", "request", "require"] = Field(
        default="no", description="Whether clients are asked for a certificate after STARTTLS."
    )
    max_age: float = Field(
        default=15.0,
        gt=0,
        description="Seconds of silence until a device is stale; three heartbeats at least.",
    )
    tracking_delay: float = Field(
        default=3600.0, gt=0, description="Seconds for which results of requests can be asked for."
    )
    max_connections: int = Field(
        default=4000, ge=1, description="Most clients that may be connected at one time."
    )
    idle_timeout: float = Field(
        default=60.0,
        gt=0,
        description="Seconds without a complete request, or unread, until a client is dropped.",
    )
    allow_no_device: bool = Field(
        default=False,
        description="Open for clients at once even if no device is on the bus, without a warning.",
    )
    allow_not_all_listeners: bool = Field(
        default=False, description="Go on if only some of the addresses can be had."
    )

    @model_validator(mode="after")
    def _has_what_tls_needs(self) -> Self:
        if self.key_file and not self.certificate_file:
            raise ValueError("key_file needs certificate_file")
        if self.client_certificates != "no" and not self.certificate_authority:
            raise ValueError(
                f'client_certificates = "{self.client_certificates}" needs certificate_authority'
            )
        return self

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where to listen, parsed, each once."""
        return tuple(dict.fromkeys(parse_address(text, DEFAULT_PORT) for text in self.listen))

    @property
    def has_default_listen(self) -> bool:
        """Tell whether nobody chose where to listen."""
        return "listen" not in self.model_fields_set

    def admits(self, address: str) -> bool:
        """Tell whether a client may connect from there."""
        return not is_within(address, self.deny_from) and (
            not self.allow_from or is_within(address, self.allow_from)
        )


class GatewaySettings(ServiceSettings):
    """What the gateway is told."""

    gateway: GatewaySection = Field(default_factory=GatewaySection)


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Tell whether an address belongs to one of the networks."""
    try:
        host = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(host in network for network in networks)

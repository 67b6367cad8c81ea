"""The settings of the gateway: where it listens, who may do what, and its limits."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    model_validator,
)

from shared.listening import Address, parse_address
from shared.settings import Section, ServiceSettings, checked_name, default_id
from shared.users import Network, UserSettings, is_within

DEFAULT_PORT = 3493
DEFAULT_LISTEN = ("127.0.0.1:3493", "[::1]:3493")


def _parsable(text: str) -> str:
    parse_address(text, DEFAULT_PORT)
    return text


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
    users: dict[str, UserSettings] = Field(
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

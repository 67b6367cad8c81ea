"""The settings of the gateway: where it listens, who may do what, and its limits."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    field_validator,
    model_validator,
)

from services.gateway.sections import (
    NAS,
    AliasSettings,
    Demand,
    Name,
    NasKind,
    NasSettings,
    nas_user,
)
from shared.listening import Address, parse_address
from shared.settings import Section, ServiceSettings, checked_name, default_id
from shared.users import Network, UserSettings, is_within

DEFAULT_PORT = 3493
DEFAULT_LISTEN = ("127.0.0.1:3493", "[::1]:3493")
LONGEST_LABEL = 58  # the protocol has 63 bytes; a number may follow where the name is taken


def _parsable(text: str) -> str:
    parse_address(text, DEFAULT_PORT)
    return text


def _label(text: str) -> str:
    if not (text.isprintable() and "." not in text and 1 <= len(text.encode()) <= LONGEST_LABEL):
        raise ValueError(f"at most {LONGEST_LABEL} bytes of printable text without a dot")
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
    devices: list[Annotated[str, Field(min_length=1)]] = Field(
        default=["*"],
        min_length=1,
        description="Names or patterns of the devices that clients see; by default all.",
    )
    users: dict[str, UserSettings] = Field(
        default={}, description="Who may do more than read, by name."
    )
    aliases: dict[Name, AliasSettings] = Field(
        default={},
        description='Further names of devices: `ups = "rack1"`, or a table for a part of one.',
    )
    nas: dict[NasKind, NasSettings] = Field(
        default={},
        description="NAS boxes that insist on a name and a public password: synology, qnap.",
    )
    announce: bool = Field(
        default=False,
        description="Tell the local networks by mDNS (`_nut._tcp`) that there is a NUT server.",
    )
    announce_as: Annotated[str, AfterValidator(_label)] | None = Field(
        default=None, description="Under which name; the id of this gateway by default."
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
    require_tls: Demand = Field(
        default=Demand.NOTHING,
        description="What clients on other machines must begin TLS for (STARTTLS): `no`: nothing;"
        " `passwords`: names and passwords, and so all but reading; `everything`.",
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

    @field_validator("aliases", mode="before")
    @classmethod
    def _read_names(cls, aliases: object) -> object:
        if not isinstance(aliases, dict):
            return aliases
        return {
            name: {"device": alias} if isinstance(alias, str) else alias
            for name, alias in aliases.items()
        }

    @model_validator(mode="after")
    def _says_each_name_once(self) -> Self:
        nas = [NAS[kind].device for kind in self.nas]
        names = Counter(name.lower() for name in [*self.aliases, *nas])
        twice = [name for name, times in names.items() if times > 1]
        if twice:
            raise ValueError(f"the alias {twice[0]!r} is there twice, in aliases or nas")
        for kind in self.nas:
            if NAS[kind].user in self.users:
                raise ValueError(
                    f"nas.{kind} brings a user {NAS[kind].user!r} with a public password: "
                    "call the one in users otherwise"
                )
        return self

    @model_validator(mode="after")
    def _has_what_tls_needs(self) -> Self:
        if self.key_file and not self.certificate_file:
            raise ValueError("key_file needs certificate_file")
        if self.client_certificates != "no" and not self.certificate_authority:
            raise ValueError(
                f'client_certificates = "{self.client_certificates}" needs certificate_authority'
            )
        if self.require_tls is not Demand.NOTHING and self.certificate_file is None:
            raise ValueError(f'require_tls = "{self.require_tls}" needs certificate_file')
        return self

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where to listen, parsed, each once."""
        return tuple(dict.fromkeys(parse_address(text, DEFAULT_PORT) for text in self.listen))

    @property
    def has_default_listen(self) -> bool:
        """Tell whether nobody chose where to listen."""
        return "listen" not in self.model_fields_set

    @property
    def every_alias(self) -> dict[str, AliasSettings]:
        """The further names of devices, those for NAS boxes among them."""
        nas = {NAS[kind].device: settings.device for kind, settings in self.nas.items()}
        return {
            **self.aliases,
            **{name: AliasSettings(device=device) for name, device in nas.items()},
        }

    @property
    def every_user(self) -> dict[str, UserSettings]:
        """Who may do more than read, NAS boxes among them."""
        nas = {NAS[kind].user: nas_user(kind, settings) for kind, settings in self.nas.items()}
        return {**self.users, **nas}

    def admits(self, address: str) -> bool:
        """Tell whether a client may connect from there."""
        return not is_within(address, self.deny_from) and (
            not self.allow_from or is_within(address, self.allow_from)
        )


class GatewaySettings(ServiceSettings):
    """What the gateway is told."""

    gateway: GatewaySection = Field(default_factory=GatewaySection)

"""The settings of the web service; its users are those of the gateway."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, field_validator

from shared.folders import state_folder
from shared.listening import Address, parse_address
from shared.settings import Section, ServiceSettings, checked_name, default_id
from shared.users import UserSettings

DEFAULT_PORT = 8493
DEFAULT_LISTEN = ("127.0.0.1:8493", "[::1]:8493")


def _parsable(text: str) -> str:
    parse_address(text, DEFAULT_PORT)
    return text


def default_audit_file() -> Path:
    """Choose where deeds are noted."""
    return state_folder() / "web-audit.jsonl"


class TokenSettings(Section):
    """A program that may read: it sends `Authorization: Bearer TOKEN`."""

    token: SecretStr = Field(
        description="The secret itself, 20 characters or more; better given by token_file."
    )

    @field_validator("token")
    @classmethod
    def _is_long(cls, token: SecretStr) -> SecretStr:
        text = token.get_secret_value()
        if len(text) < 20 or not (text.isascii() and text.isprintable() and " " not in text):
            raise ValueError("a token has 20 or more printable ASCII characters without spaces")
        return token


class WebSection(Section):
    """The HTTP server: where it listens, and what it shows to whom."""

    id: Annotated[str, AfterValidator(checked_name)] = Field(
        default_factory=default_id, description="Name of this web service on the bus."
    )
    listen: list[Annotated[str, AfterValidator(_parsable)]] = Field(
        default=list(DEFAULT_LISTEN),
        min_length=1,
        description="Addresses to listen on, as host:port; the port may be left out.",
    )
    hosts: list[str] = Field(
        default=[],
        description="Names under which browsers may ask for this site, `*.example.org` too; if"
        " empty, any, but on loopback addresses only localhost and those addresses.",
    )
    login_to_read: bool = Field(
        default=False, description="Show pages only to who is logged in or sends a token."
    )
    tokens: dict[str, TokenSettings] = Field(
        default={}, description="Programs that may read, by name."
    )
    audit_file: Path | None = Field(
        default_factory=default_audit_file,
        description="File to which each login, command and setting is appended; by default"
        " web-audit.jsonl in /var/lib/nutbus, for an ordinary user in ~/.local/state/nutbus.",
    )

    @property
    def is_on_loopback(self) -> bool:
        """Tell whether only this machine can connect."""
        return all(address.is_loopback for address in self.addresses)

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where to listen, parsed, each once."""
        return tuple(dict.fromkeys(parse_address(text, DEFAULT_PORT) for text in self.listen))


class GatewayUsers(Section):
    """The part of [gateway] that says who is who; the rest is the gateway's business."""

    model_config = ConfigDict(extra="ignore")

    users: dict[str, UserSettings] = Field(default={}, description="Who may log in, by name.")


class WebSettings(ServiceSettings):
    """What the web service is told."""

    web: WebSection = Field(default_factory=WebSection)
    gateway: GatewayUsers = Field(default_factory=GatewayUsers)

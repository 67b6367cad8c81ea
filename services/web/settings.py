"""The settings of the web service; its users are those of the gateway."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from shared.listening import Address, parse_address
from shared.settings import Section, ServiceSettings, checked_name, default_id
from shared.users import UserSettings

DEFAULT_PORT = 8493
DEFAULT_LISTEN = ("127.0.0.1:8493", "[::1]:8493")


def _parsable(text: str) -> str:
    parse_address(text, DEFAULT_PORT)
    return text


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

"""The settings of the embedded broker."""

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from shared.listening import Address, parse_address
from shared.settings import Section, ServiceSettings

DEFAULT_PORT = 1883


class BrokerUser(Section):
    """One user who may connect to the embedded broker."""

    password: SecretStr = Field(description="What the user logs in with; or password_file.")


class BrokerSettings(Section):
    """The embedded broker: where it listens, who may connect and what one client may use."""

    listen: list[str] = Field(
        default=["127.0.0.1:1883"],
        min_length=1,
        description="Addresses to listen on, as host:port; the port may be left out.",
    )
    users: dict[str, BrokerUser] = Field(
        default={}, description="Who may connect, by name. With a user here nobody else may."
    )
    allow_anonymous: bool = Field(
        default=False,
        description="Let anyone connect without a password, even from other machines.",
    )
    max_connections: int = Field(
        default=500, ge=1, description="Most clients that may be connected at one time."
    )
    max_packet_size: int = Field(
        default=256 * 1024,
        ge=32 * 1024,
        description="Bytes of the largest packet taken; a client that sends more is disconnected.",
    )
    max_unread: int = Field(
        default=16 * 1024 * 1024,
        description="Bytes kept for a client that does not read; with more it is disconnected. "
        "At least four times max_packet_size.",
    )

    @field_validator("listen")
    @classmethod
    def _can_be_parsed(cls, listen: list[str]) -> list[str]:
        for text in listen:
            parse_address(text, DEFAULT_PORT)
        return listen

    @model_validator(mode="after")
    def _has_room_for_a_packet(self) -> Self:
        if self.max_unread < 4 * self.max_packet_size:
            raise ValueError("max_unread must be at least four times max_packet_size")
        return self

    @model_validator(mode="after")
    def _is_secure(self) -> Self:
        if self.users and self.allow_anonymous:
            raise ValueError("allow_anonymous has no meaning beside users: remove one of them")
        if self.users or self.allow_anonymous:
            return self
        for address in self.addresses:
            if not address.is_loopback:
                raise ValueError(
                    f"listen {address} is open to other machines and no user is set: "
                    'add one as [broker.users.NAME] with a password, listen on "127.0.0.1", '
                    "or set allow_anonymous = true"
                )
        return self

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where to listen, parsed."""
        return tuple(parse_address(text, DEFAULT_PORT) for text in self.listen)


class BrokerServiceSettings(ServiceSettings):
    """What the broker service is told."""

    broker: BrokerSettings = Field(default_factory=BrokerSettings)

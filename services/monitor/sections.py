"""The tables inside [monitor]: supplies, conditions, stages, hosts to wake, notifications."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from services.monitor.rules import Conditions, Flag, Notice
from services.monitor.wake import BROADCAST, PORT, packet
from shared.nutaddress import AddressError, parse_device
from shared.service_messages import Role
from shared.settings import Section, checked_name

ADDRESS_RULE = 'a supply on a NUT server is written as "ups@host" or "ups@host:port"'

Name = Annotated[str, AfterValidator(checked_name)]


class FiniteSection(Section):
    """A table in which no number is infinite: a delay without end would be no shutdown at all."""

    model_config = ConfigDict(allow_inf_nan=False)


class ConditionSettings(FiniteSection):
    """What makes a supply count as lost before its battery is low; any one of them is enough."""

    on_battery: float | None = Field(
        default=None, ge=0, description="Seconds on battery after which the supply counts as lost."
    )
    charge_below: float | None = Field(
        default=None, gt=0, le=100, description="Charge in percent below which it does, on battery."
    )
    runtime_below: float | None = Field(
        default=None, gt=0, description="Runtime in seconds below which it does, on battery."
    )
    temperature_above: float | None = Field(
        default=None, description="Temperature in degrees Celsius above which it does, always."
    )

    def conditions(self) -> Conditions:
        """Say so to the policy."""
        return Conditions(**self.model_dump())


class SupplySettings(FiniteSection):
    """One supply of this host: a device of the bus, or one of a NUT server."""

    device: Name | None = Field(default=None, description="Name of a device of the bus.")
    address: str | None = Field(
        default=None, description='Or where a NUT server has it, as "ups@host:3493".'
    )
    power_value: int = Field(
        default=1, ge=0, description="How many power supplies of this host it feeds; 0: none."
    )
    role: Role = Field(
        description="primary: this host goes down last and orders FSD; secondary: it does not."
    )
    username: str | None = Field(default=None, description="User at the NUT server.")
    password: SecretStr | None = Field(
        default=None, description="Its password; better given by password_file."
    )
    tls: Literal["no", "try", "require"] = Field(
        default="no", description="Whether the connection to the NUT server is encrypted."
    )
    certificate_authority: Path | None = Field(
        default=None, description="PEM file or folder of the authorities that may sign for it."
    )
    verify_certificate: bool = Field(
        default=True, description="Whether the certificate of the server is checked."
    )
    certificate_name: str | None = Field(
        default=None, description="The name in its certificate, if that is not the host's."
    )
    certificate_file: Path | None = Field(
        default=None, description="PEM file of our own certificate, if the server asks for one."
    )
    key_file: Path | None = Field(
        default=None, description="PEM file of its private key, if certificate_file has it not."
    )
    conditions: ConditionSettings | None = Field(
        default=None, description="Conditions of this supply, instead of those for all."
    )

    @field_validator("address")
    @classmethod
    def _parsable(cls, address: str | None) -> str | None:
        try:
            if address is not None:
                parse_device(address)
        except AddressError:
            raise ValueError(f"{address!r} is no address: {ADDRESS_RULE}") from None
        return address

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if (self.device is None) == (self.address is None):
            raise ValueError("a supply has either a device or an address")
        set_for_server = sorted(self.model_fields_set & _OF_SERVER)
        if self.device is not None and set_for_server:
            raise ValueError(f"{set_for_server[0]} is for a supply with an address")
        if self.address is not None and self.role is Role.PRIMARY and self.username is None:
            raise ValueError("a primary has to log in: username and password are missing")
        return self

    @property
    def name(self) -> str:
        """What the supply is called: as it is written in the settings."""
        return self.device or self.address or ""


_OF_SERVER = frozenset(
    {
        "username",
        "password",
        "tls",
        "certificate_authority",
        "verify_certificate",
        "certificate_name",
        "certificate_file",
        "key_file",
    }
)


class StageSettings(FiniteSection):
    """Hosts that go down together, before those of the next stage and before this one."""

    name: Name = Field(description="Name of the stage.")
    hosts: list[Name] = Field(description="The hosts, by the id of their monitors.")
    conditions: ConditionSettings = Field(
        default_factory=ConditionSettings,
        description="When it is due; without any, when this host shuts down.",
    )
    supplies: list[str] = Field(
        default=[], description="The supplies that are meant, as written above; none: any."
    )
    deadline: float = Field(
        default=60.0, ge=0, description="Seconds for which the hosts are waited for."
    )

    @field_validator("hosts")
    @classmethod
    def _has_hosts(cls, hosts: list[str]) -> list[str]:
        if not hosts:
            raise ValueError("a stage needs at least one host: the id of its monitor")
        return hosts


class WakeHostSettings(FiniteSection):
    """A host that can be woken over the network."""

    mac: str = Field(description="Its MAC address.")
    address: str = Field(
        default=BROADCAST, description="Where the packet goes: a broadcast address."
    )
    port: int = Field(default=PORT, ge=1, le=65535, description="And to which UDP port.")

    @field_validator("mac")
    @classmethod
    def _is_mac(cls, mac: str) -> str:
        packet(mac)
        return mac


class WakeSettings(FiniteSection):
    """Waking the hosts that went down, when mains is back."""

    hosts: dict[str, WakeHostSettings] = Field(
        default={}, description="The hosts, by the id of their monitors."
    )
    charge: float = Field(
        default=50.0, ge=0, le=100, description="Percent that every battery must have again."
    )
    delay: float = Field(default=30.0, ge=0, description="Seconds that mains must have been back.")
    retry: float = Field(default=60.0, gt=0, description="Seconds from one attempt to the next.")
    attempts: int = Field(default=10, ge=0, description="How often; 0 is without end.")

    @field_validator("hosts")
    @classmethod
    def _named(cls, hosts: dict[str, WakeHostSettings]) -> dict[str, WakeHostSettings]:
        for name in hosts:
            checked_name(name)
        return hosts


class NotifySettings(FiniteSection):
    """How one notify type is told."""

    message: str | None = Field(
        default=None, description="Text; the first %s is the supply, the second the detail."
    )
    flags: list[Literal["SYSLOG", "WALL", "EXEC", "IGNORE"]] = Field(
        default=["SYSLOG", "WALL"], description="Where it goes: SYSLOG, WALL, EXEC; or IGNORE."
    )

    def notice(self) -> Notice:
        """Say so to the policy."""
        flags = () if "IGNORE" in self.flags else self.flags
        return Notice(self.message, frozenset(Flag(flag) for flag in flags))

"""Options of the driver snmp: those of NUT's snmp-ups, by their names."""

from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from services.driver.transports.snmp import (
    Authentication,
    Privacy,
    SnmpSettings,
    User,
    Version,
    address,
)
from shared.settings import Section

LEVELS = ("noAuthNoPriv", "authNoPriv", "authPriv")
_SHORTEST = 8  # characters of a password (RFC 3414, section 11.2)


class SnmpOptions(Section):
    """Options of the driver snmp."""

    mibs: list[str] = Field(
        default=["auto"],
        description="Mapping to use, or several to try in turn; auto finds the one that fits.",
    )
    snmp_version: Version | None = Field(
        default=None, description="v1, v2c or v3; by default v2c, and v1 if there is no answer."
    )
    community: SecretStr = Field(
        default=SecretStr("public"), description="Of v1 and v2c: what the agent is asked with."
    )
    pollfreq: float = Field(
        default=30.0,
        ge=0,
        description="Seconds between readings of all; the status is read always.",
    )
    semistaticfreq: int = Field(
        default=10, ge=1, description="Readings of all between those of what hardly changes."
    )
    snmp_retries: int = Field(default=5, ge=0, le=20, description="Times a request is repeated.")
    snmp_timeout: float = Field(
        default=1.0, gt=0, le=30, description="Seconds to wait for an answer."
    )
    notransferoids: bool = Field(
        default=False, description="Leave input.transfer.low and high alone."
    )
    symmetrathreephase: bool = Field(
        default=False,
        description="The device tells its transfer voltages between phases (APC Symmetra).",
    )
    secLevel: Literal["noAuthNoPriv", "authNoPriv", "authPriv"] = Field(  # noqa: N815 -- NUT's name
        default="noAuthNoPriv", description="Of v3: noAuthNoPriv, authNoPriv or authPriv."
    )
    secName: str | None = Field(default=None, description="Of v3: name of the user.")  # noqa: N815 -- NUT's name
    authPassword: SecretStr | None = Field(  # noqa: N815 -- NUT's name
        default=None, description="Of v3: password that requests are signed with."
    )
    privPassword: SecretStr | None = Field(  # noqa: N815 -- NUT's name
        default=None, description="Of v3: password that requests are encrypted with."
    )
    authProtocol: Authentication = Field(  # noqa: N815 -- NUT's name
        default=Authentication.MD5, description="Of v3: how requests are signed."
    )
    privProtocol: Privacy = Field(  # noqa: N815 -- NUT's name
        default=Privacy.DES, description="Of v3: how requests are encrypted."
    )
    ondelay: int | None = Field(
        default=None, ge=0, description="Seconds before a start (ups.delay.start)."
    )
    offdelay: int | None = Field(
        default=None, ge=0, description="Seconds before a shutdown (ups.delay.shutdown)."
    )

    @field_validator("mibs", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [each.strip() for each in value.split(",")] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.snmp_version is not Version.V3:
            return self
        if not self.secName:
            raise ValueError("secName: snmp_version = v3 needs the name of a user")
        for name, level in (("authPassword", 1), ("privPassword", 2)):
            password = getattr(self, name)
            if LEVELS.index(self.secLevel) < level:
                continue
            if password is None:
                raise ValueError(f"{name}: secLevel = {self.secLevel} needs it")
            if len(password.get_secret_value()) < _SHORTEST:
                raise ValueError(f"{name}: at least {_SHORTEST} characters")
        return self

    def versions(self) -> tuple[Version, ...]:
        """List the versions to try."""
        return (self.snmp_version,) if self.snmp_version else (Version.V2C, Version.V1)

    def user(self) -> User | None:
        """Give the user of version 3."""
        if self.snmp_version is not Version.V3:
            return None
        level = LEVELS.index(self.secLevel)
        return User(
            self.secName or "",
            self.authProtocol,
            _told(self.authPassword) if level > 0 else "",
            self.privProtocol,
            _told(self.privPassword) if level > 1 else "",
        )

    def agent(self, port: str, version: Version, traps: str = "") -> SnmpSettings:
        """Say where the agent at a port is and how to talk to it; SettingsError for no address."""
        host, number = address(port)
        return SnmpSettings(
            host,
            number,
            version,
            community=self.community.get_secret_value(),
            user=self.user(),
            retries=self.snmp_retries,
            timeout=self.snmp_timeout,
            traps=traps,
        )


def _told(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""

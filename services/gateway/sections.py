"""The tables below [gateway]: further names of devices, and the fixed names that NAS boxes use."""

import re
from collections.abc import Sequence
from enum import StrEnum
from fnmatch import translate
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, field_validator

from shared.settings import Section, checked_name
from shared.users import Network, UserSettings

STATUS = "ups.status"  # every name of a device shows it: without it a client knows nothing

Name = Annotated[str, AfterValidator(checked_name)]
NasKind = Literal["synology", "qnap"]


class Demand(StrEnum):
    """What clients of other machines may say and ask only over TLS (`require_tls`)."""

    NOTHING = "no"
    PASSWORDS = "passwords"
    EVERYTHING = "everything"


class AliasSettings(Section):
    """A further name of a device; with `show` or `hide` it is a part of the device."""

    device: Name = Field(description="The device; its own name may be narrowed too.")
    show: list[str] = Field(
        default=[],
        description="Variables and commands of this name, `*` and `?` stand for any text; all if "
        "there are none. `ups.status` is always shown.",
    )
    hide: list[str] = Field(
        default=[], description="Variables and commands that this name has not, even if shown."
    )
    listed: bool | None = Field(
        default=None, description="Whether LIST UPS has it; by default only if it is a part."
    )
    desc: str | None = Field(default=None, description="Its description; the device's by default.")

    @property
    def is_part(self) -> bool:
        """Tell whether the name shows less than the device has."""
        return bool(self.show or self.hide)


class NasSettings(Section):
    """A NAS of this make may follow a device, under the name and password that it insists on."""

    device: Name = Field(description="The device that feeds the NAS.")
    allow_from: list[Network] = Field(
        min_length=1,
        description="Where the NAS is: its address, or a network of few; the password is public.",
    )

    @field_validator("allow_from")
    @classmethod
    def _is_no_everywhere(cls, networks: list[Network]) -> list[Network]:
        if any(network.prefixlen == 0 for network in networks):
            raise ValueError("the password of a NAS is public, so it may not come from everywhere")
        return networks


class NasLogin(NamedTuple):
    """What a NAS of one make asks for, whatever its owner would like."""

    device: str
    user: str
    password: str


NAS: dict[NasKind, NasLogin] = {
    "synology": NasLogin("ups", "monuser", "secret"),
    "qnap": NasLogin("qnapups", "admin", "123456"),
}


def nas_user(kind: NasKind, settings: NasSettings) -> UserSettings:
    """Make the user of a NAS: it may read and log in, and nothing else."""
    return UserSettings.model_validate(
        {
            "password": NAS[kind].password,
            "upsmon": "secondary",
            "devices": [settings.device],
            "allow_from": settings.allow_from,
        }
    )


def pattern(texts: Sequence[str]) -> re.Pattern[str]:
    """Match what any of the patterns matches, in any case."""
    return re.compile("|".join(map(translate, texts)), re.IGNORECASE)

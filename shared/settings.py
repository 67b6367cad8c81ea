"""Settings: one TOML file, overridden by NUTBUS_* environment variables, secrets from files.

Each service reads its own sections and [bus]; a section of another service is passed over, so one
file serves all. A key that nobody knows is an error that names the nearest right one.
"""

import os
import re
import socket
import tomllib
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.audit import AuditLog, syslog_address
from shared.broker_address import BrokerAddress
from shared.environment import PREFIX, Environment, section_of, variables
from shared.errors import SettingsError
from shared.faults import faults, unknown_key
from shared.folders import state_folder
from shared.nutconfig import nut_settings
from shared.topics import NAME_RULE, is_name

# Every section of the settings file, whichever service reads it.
SECTIONS = (
    "bus",
    "audit",
    "broker",
    "devices",
    "driver",
    "gateway",
    "monitor",
    "scheduler",
    "homeassistant",
    "web",
)
DEFAULT_FILES = (Path("nutbus.toml"), Path("/etc/nutbus/nutbus.toml"))

_BETWEEN_URLS = re.compile(r"\s*,\s*(?=[a-z]+://)")  # a password may have a comma too


class Section(BaseModel):
    """One table of the settings file; unknown keys are errors, `<secret>_file` reads a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _read_keys(cls, data: Any) -> Any:  # noqa: ANN401 -- pydantic passes whatever the file holds
        if not isinstance(data, dict):
            return data
        secrets = {f"{name}_file": name for name in cls.model_fields if _is_secret(cls, name)}
        known = [*cls.model_fields, *secrets]
        if cls.model_config.get("extra") == "forbid":
            for key in data:
                if key not in known:
                    raise ValueError(unknown_key(key, known))
        # Of a secret and its file the later one counts: the environment's come last.
        chosen = {secrets.get(key, key): (key, value) for key, value in data.items()}
        return {name: _read(key, value, secrets) for name, (key, value) in chosen.items()}


class BusSettings(Section):
    """Where the MQTT broker is and how to log in."""

    broker: str = Field(
        default="embedded",
        repr=False,  # it may hold a password
        description="embedded, embedded://127.0.0.1:1884, mqtt://host or mqtts://user@host:8883;"
        " the nodes of a cluster one after the other, with commas: the next one is taken when one"
        " is lost.",
    )
    prefix: str = Field(default="nut", description="First level of every topic.")
    username: str | None = Field(default=None, description="User at the broker.")
    password: SecretStr | None = Field(
        default=None, description="Its password; better given by password_file."
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file of the authority that signed the broker's certificate."
    )
    certificate_file: Path | None = Field(
        default=None, description="PEM file of our own certificate, for mutual TLS."
    )
    key_file: Path | None = Field(default=None, description="PEM file of its private key.")
    keepalive: int = Field(
        default=15, ge=2, le=3600, description="Seconds after which a silent broker is given up."
    )

    subscription_qos: Literal[0, 1] = Field(
        default=1,
        description="QoS of what we hear; 0 for a NATS cluster, which takes a minute or more to"
        " grant 1 when a node is lost.",
    )

    @field_validator("broker")
    @classmethod
    def _known_scheme(cls, broker: str) -> str:
        addresses = [BrokerAddress.parse(url) for url in _BETWEEN_URLS.split(broker)]
        if len(addresses) > 1 and any(address.embedded for address in addresses):
            raise ValueError("an embedded broker is the only one: it is no node of a cluster")
        return broker

    @field_validator("prefix")
    @classmethod
    def _plain_prefix(cls, prefix: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", prefix):
            raise ValueError("the prefix is one or more of A-Z a-z 0-9 _ -, with / between levels")
        return prefix

    @property
    def address(self) -> BrokerAddress:
        """Where to connect first."""
        return self.addresses[0]

    @property
    def addresses(self) -> tuple[BrokerAddress, ...]:
        """Where to connect: the nodes of one cluster, in the order in which they are tried."""
        return tuple(BrokerAddress.parse(url) for url in _BETWEEN_URLS.split(self.broker))

    def beginning_after(self, place: int) -> Self:
        """Return the same with the node at this place tried last."""
        urls = _BETWEEN_URLS.split(self.broker)
        turned = urls[place + 1 :] + urls[: place + 1]
        return self.model_copy(update={"broker": ", ".join(turned)})


def default_audit_file() -> Path:
    """Choose where deeds are noted."""
    return state_folder() / "audit.jsonl"


class AuditSettings(Section):
    """Where it is noted who had what done: logins, commands, settings, forced shutdowns."""

    file: Path | None = Field(
        default_factory=default_audit_file,
        description='File to which a line is appended for each; "" for none. By default audit.jsonl'
        " in /var/lib/nutbus, for an ordinary user in ~/.local/state/nutbus.",
    )
    syslog: str | None = Field(
        default=None,
        description="Where each line is sent as well: /dev/log, or HOST:514 of another machine.",
    )

    @field_validator("file", mode="before")
    @classmethod
    def _may_be_none(cls, file: object) -> object:
        return None if file == "" else file

    @field_validator("syslog")
    @classmethod
    def _can_be_reached(cls, syslog: str | None) -> str | None:
        if syslog and not syslog.startswith("/"):
            syslog_address(syslog)
        return syslog or None

    def log(self) -> AuditLog:
        """Make the log."""
        return AuditLog(self.file, self.syslog)


class ServiceSettings(BaseSettings):
    """What every service is told; a service adds its own sections."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    bus: BusSettings = Field(default_factory=BusSettings)
    audit: AuditSettings = Field(default_factory=AuditSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Rank the environment above the file."""
        return Environment(settings_cls, init_settings, SECTIONS), init_settings

    @classmethod
    def load(cls, file: Path | None = None, nut_config: Path | None = None) -> Self:
        """Read the settings file and NUT's own files; SettingsError names file, key and cure.

        What the settings file says wins over NUT's files, and the environment over both.
        """
        tables = nut_settings(nut_config) if nut_config else {}
        source = str(nut_config or "")
        if file:
            tables = merged(tables, read_toml(file))
            source = str(file)
        return cls.from_tables(tables, source or "settings")

    @classmethod
    def from_tables(cls, tables: dict[str, Any], source: str) -> Self:
        """Check tables that are already read; `source` names them in errors."""
        for section in tables:
            if section not in SECTIONS:
                raise SettingsError(f"{source}: {unknown_key(section, SECTIONS, 'section')}")
        try:
            return cls(**{key: tables[key] for key in tables if key in cls.model_fields})
        except ValidationError as error:
            raise SettingsError(f"{source}{_also(error)}: {faults(error)}") from None


def find_file(file: Path | None, nut_config: Path | None = None) -> Path | None:
    """Choose the settings file: the one given, NUTBUS_CONFIG, or the first default that exists.

    Beside NUT's own files (`nut_config`) only one that is given counts.
    """
    if nut_config:
        return file
    named = file or (Path(os.environ["NUTBUS_CONFIG"]) if os.environ.get("NUTBUS_CONFIG") else None)
    return named or next((default for default in DEFAULT_FILES if _is_there(default)), None)


def _is_there(file: Path) -> bool:
    try:
        return file.is_file()
    except PermissionError:  # /etc/nutbus is not everybody's: who reads the file is told so
        return True


def default_id() -> str:
    """Name this machine as a service name may be spelt."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname().partition(".")[0]).lstrip("-_")
    return name[:63] or "host"


def checked_name(name: str) -> str:
    """Pass a device or service name; ValueError says the rule."""
    if not is_name(name):
        raise ValueError(f"{name!r} is no name: {NAME_RULE}")
    return name


def read_toml(file: Path) -> dict[str, Any]:
    """Read a TOML file; SettingsError names it."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file}: not UTF-8 at byte {error.start}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: {error}") from None
    except RecursionError:
        raise SettingsError(f"{file}: nested too deeply") from None


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay one nest of tables over another; `above` wins key by key."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        result[key] = merged(old, value) if both else value  # type: ignore[arg-type] # narrowed by both
    return result


def _also(error: ValidationError) -> str:
    """Name the environment variables that have a part in faulty sections."""
    sections = {str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}
    names = [name for name in variables(SECTIONS, alone=True) if section_of(name) in sections]
    return f" with {', '.join(names)}" if names else ""


def _is_secret(section: type[BaseModel], name: str) -> bool:
    annotation = section.model_fields[name].annotation
    return SecretStr in (annotation, *get_args(annotation))


def _read(key: str, value: object, secrets: dict[str, str]) -> object:
    if key not in secrets:
        return value
    if not isinstance(value, str | Path):
        raise ValueError(f"{key}: has to be the path of a file")
    try:
        return Path(value).read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{key}: {value} is not UTF-8") from None
    except OSError as error:
        raise ValueError(f"{key}: cannot read {value}: {error.strerror or error}") from None

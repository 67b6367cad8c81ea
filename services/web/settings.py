"""The settings of the web service; its users are those of the gateway."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, field_validator

from shared.folders import state_folder
from shared.listening import Address, parse_address
from shared.settings import Section, ServiceSettings, checked_name, default_id
from shared.users import Network, UserSettings

DEFAULT_PORT = 8493
DEFAULT_LISTEN = ("127.0.0.1:8493", "[::1]:8493")
HISTORY_VARIABLES = (
    *("battery.charge", "battery.runtime", "battery.voltage", "battery.current"),
    *("battery.temperature", "ups.load", "ups.realpower", "ups.power", "ups.temperature"),
    *("ups.efficiency", "input.voltage", "input.current", "input.frequency", "input.realpower"),
    *("input.*.voltage", "input.*.current", "input.*.realpower", "output.voltage"),
    *("output.current", "output.frequency", "output.realpower", "output.power"),
    *("output.*.voltage", "output.*.current", "output.*.realpower", "outlet.realpower"),
    *("outlet.*.realpower", "outlet.*.power", "outlet.*.current", "ambient.temperature"),
    *("ambient.humidity", "ambient.*.temperature", "ambient.*.humidity"),
)
_PATH = re.compile(r"(?:/(?!\.)[A-Za-z0-9._~-]+)*")


def _parsable(text: str) -> str:
    parse_address(text, DEFAULT_PORT)
    return text


def is_path(text: str) -> bool:
    """Tell whether a text is "" or a path like /ups, without a / at its end."""
    return _PATH.fullmatch(text) is not None


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


class CompatibilitySection(Section):
    """What NUT's CGI programs are told by their own files, and where they are found."""

    path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)+$")] = Field(
        default="/cgi-bin/nut", description="Where upsstats.cgi and upsimage.cgi are served."
    )
    folder: Path | None = Field(
        default=None,
        description="Folder with NUT's hosts.conf, upsstats.html, upsstats-single.html and what"
        " hosts.conf allows besides; a page that it lacks is built in. /etc/nut on Debian.",
    )
    hosts_file: Path | None = Field(
        default=None,
        description="The hosts.conf, if it is not in that folder; without one all devices show.",
    )
    devices: dict[str, str] = Field(
        default={},
        description="Which device of the bus a system of hosts.conf is, as"
        ' `"ups@host" = "rack1"`, where that does not follow from their names.',
    )
    content_security_policy: str = Field(
        default="default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline';"
        " font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
        pattern=r"^[\x20-\x7e]*$",
        description="What browsers let these pages do; loosen it if your templates have scripts.",
    )

    @property
    def hosts_path(self) -> Path | None:
        """Where the hosts.conf is, or would be."""
        return self.hosts_file or (self.folder / "hosts.conf" if self.folder else None)


def default_history_file() -> Path:
    """Choose where the history is kept."""
    return state_folder() / "history.sqlite"


class HistorySection(Section):
    """What of the devices is kept, how finely, and how long."""

    enabled: bool = Field(default=True, description="Keep a history.")
    file: Path = Field(
        default_factory=default_history_file,
        description="File of the history (SQLite); by default history.sqlite in /var/lib/nutbus,"
        " for an ordinary user in ~/.local/state/nutbus.",
    )
    variables: list[str] = Field(
        default=list(HISTORY_VARIABLES),
        max_length=1000,
        description="Variables that are kept if their values are numbers; * stands for anything.",
    )
    deadbands: dict[str, float] = Field(
        default={},
        description="By how much a variable has to change to be noted at once, by its name or"
        ' pattern, such as {"input.voltage" = 0.5}; every change by default.',
    )
    power_factor: float = Field(
        default=0.7,
        gt=0,
        le=1,
        description="W for each VA, for devices that tell only apparent power.",
    )
    raw_days: float = Field(
        default=7.0, ge=1, le=36600, description="Days for which every sample is kept."
    )
    minute_days: float = Field(
        default=60.0, ge=1, le=36600, description="Days for which each minute is kept."
    )
    quarter_days: float = Field(
        default=1827.0,
        ge=1,
        le=36600,
        description="Days for which each quarter of an hour is kept.",
    )
    hour_days: float = Field(
        default=3653.0, ge=1, le=36600, description="Days for which each hour is kept."
    )
    max_size: int | None = Field(
        default=None,
        ge=10,
        description="Megabytes that the file may have; beyond them the oldest of what is finest is"
        " dropped first. No limit by default.",
    )


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
    devices: list[Annotated[str, Field(min_length=1)]] = Field(
        default=["*"],
        min_length=1,
        description="Names or patterns of the devices that are shown; by default all.",
    )
    base_path: str = Field(
        default="", description="Path of the site behind a proxy, such as /ups; empty for none."
    )
    trusted_proxies: list[Network] = Field(
        default=[],
        description="Networks whose X-Forwarded-For, -Proto and -Prefix headers are believed.",
    )
    title: str = Field(
        default="nutbus", max_length=60, description="Name of the site on its pages."
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
    metrics: bool = Field(
        default=True, description="Serve /metrics and /ups_metrics to Prometheus, without a login."
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="What Prometheus has to send as Authorization: Bearer; nothing if not set.",
    )
    history: HistorySection = Field(
        default_factory=HistorySection, description="What is kept of the past."
    )
    compatibility: CompatibilitySection = Field(
        default_factory=CompatibilitySection, description="The pages of NUT's CGI programs."
    )

    @field_validator("base_path")
    @classmethod
    def _is_path(cls, path: str) -> str:
        path = path.rstrip("/")
        if not is_path(path):
            raise ValueError("a path such as /ups, of letters, digits and - . _ ~ between its /")
        return path

    @property
    def is_on_loopback(self) -> bool:
        """Tell whether only this machine can connect."""
        return all(address.is_loopback for address in self.addresses)

    @property
    def urls(self) -> tuple[str, ...]:
        """Where people find it on this machine, as listed."""
        return tuple(f"http://{address}{self.base_path}/" for address in self.addresses)

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

"""What the Home Assistant service is told."""

import re
from pathlib import Path

from pydantic import Field, field_validator

from services.homeassistant.rules import Rules
from shared.folders import state_folder
from shared.settings import Section, ServiceSettings, checked_name, default_id
from shared.topics import BIRTH_TOPIC, HOME_ASSISTANT

_LEVELS = re.compile(r"[^+#/\s\0]+(?:/[^+#/\s\0]+)*")

# What only its maker understands, and what only repeats the settings.
_LEFT_OUT = [
    *("driver.parameter.*", "driver.flag.*", "driver.debug", "server.*"),
    *("unmapped.*", "microlink.*", "ups.debug.*", "ups.powersummary.*", "experimental.*"),
]


def default_state_file() -> Path:
    """Choose where the energy is stored: systemd's folder, /var/lib/nutbus or the user's."""
    return state_folder() / "homeassistant.json"


class HomeAssistantSection(Section):
    """How devices appear in Home Assistant, and what it may do to them."""

    id: str = Field(
        default_factory=default_id,
        description="Name of this service on the bus, one of its own; by default the host's.",
    )
    discovery_prefix: str = Field(
        default=HOME_ASSISTANT,
        description="First level of the topics on which Home Assistant looks for devices, as set"
        " there.",
    )
    birth_topic: str = Field(
        default=BIRTH_TOPIC,
        description="Where Home Assistant says `online` when it has started, as set there.",
    )
    devices: list[str] = Field(
        default=["*"], description="Names or patterns of the devices to show; by default all."
    )
    leave_out: list[str] = Field(
        default=_LEFT_OUT,
        description="Patterns of variables and commands that get no entity at all.",
    )
    commands: list[str] = Field(
        default=["beeper.*", "test.*"],
        description="Patterns of the commands that Home Assistant may send, as far as they cannot"
        " cut the power of a load; [] for none.",
    )
    allow_power_off: list[str] = Field(
        default=[],
        description="Patterns of commands that it may send even though they can cut the power, as"
        ' "outlet.*" or "load.*"; they also make switches of outlets.',
    )
    allow_set: list[str] = Field(
        default=[],
        description='Patterns of the variables that it may write, as "battery.charge.low"; none'
        " by default, since many of them decide when a load loses its power.",
    )
    command_expiry: int | None = Field(
        default=None,
        ge=1,
        le=3600,
        description="Seconds after which the broker drops a command that it could not deliver; only"
        " for Home Assistant 2026.6 and later whose broker is set to MQTT 5.",
    )
    energy: bool = Field(
        default=True, description="Whether to add up the energy that each device gives, in kWh."
    )
    power_factor: float = Field(
        default=0.7,
        gt=0,
        le=1,
        description="W for each VA, for devices that tell only apparent power.",
    )
    state_file: Path = Field(
        default_factory=default_state_file,
        description="File that keeps the energy over a restart; by default homeassistant.json in"
        " /var/lib/nutbus, for an ordinary user in ~/.local/state/nutbus.",
    )
    save_interval: float = Field(
        default=60.0,
        ge=1,
        le=86400,
        description="Seconds between two writes of it: what a loss of power may cost.",
    )
    quiet_time: float = Field(
        default=10.0,
        ge=0.1,
        le=600,
        description="Seconds for which a device must not have changed its kind before Home"
        " Assistant is told; nothing is told sooner after a connection to the broker either.",
    )
    birth_delay: float = Field(
        default=10.0,
        ge=0,
        le=600,
        description="Seconds, at most, until everything is told again when Home Assistant starts.",
    )
    rate: float = Field(
        default=20.0, gt=0, le=10000, description="Discovery messages a second, at most."
    )

    @field_validator("id")
    @classmethod
    def _named(cls, id: str) -> str:
        return checked_name(id)

    @field_validator("discovery_prefix", "birth_topic")
    @classmethod
    def _is_topic(cls, topic: str) -> str:
        if not _LEVELS.fullmatch(topic):
            raise ValueError("a topic without + or #, its levels separated by /")
        return topic

    @property
    def rules(self) -> Rules:
        """What may appear and what may be done."""
        return Rules(
            service=self.id,
            devices=tuple(self.devices),
            leave_out=tuple(self.leave_out),
            commands=tuple(self.commands),
            allow_power_off=tuple(self.allow_power_off),
            allow_set=tuple(self.allow_set),
            command_expiry=self.command_expiry,
            energy=self.energy,
            power_factor=self.power_factor,
        )


class HomeAssistantSettings(ServiceSettings):
    """All that the Home Assistant service is told."""

    homeassistant: HomeAssistantSection = Field(default_factory=HomeAssistantSection)

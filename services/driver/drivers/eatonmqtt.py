"""The driver eaton-mqtt: Eaton's Network-M2 and -M3 cards, which are MQTT servers themselves."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from pydantic import Field, model_validator

from services.driver.contract import Reading, Site
from services.driver.protocols.eatonmqtt import FILTERS, VERSIONS, Card
from services.driver.transports.mqtt import MqttLine
from shared.dialling import Manner
from shared.errors import DeviceError, RefusedError, ResultStatus, SettingsError
from shared.listening import parse_address
from shared.settings import BusSettings, Section

PORT = 8883
START_TIMEOUT = 30.0
SETTLE_TIME = 2.0  # seconds without a new topic, after which the card has said all it has
_Result = TypeVar("_Result")
_PLACE = "port: name the address of the card, such as ups.example.com or 10.0.0.2:8883"


class EatonMqttOptions(Section):
    """Options of the eaton-mqtt driver."""

    certificate_file: Path = Field(
        description="PEM file of our certificate, which the card has been told to trust."
    )
    key_file: Path = Field(description="PEM file of its private key.")
    server_certificate_file: Path | None = Field(
        default=None, description="PEM file of the card's own certificate; no other is taken then."
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authority that signed the card's certificate for its name.",
    )
    timeout: float = Field(
        default=30.0, ge=2, description="Seconds after which a card that says nothing is given up."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.server_certificate_file and self.ca_file:
            raise ValueError("server_certificate_file and ca_file exclude each other")
        return self


class EatonMqttDriver:
    """Listens to one card."""

    def __init__(self, site: Site, options: EatonMqttOptions) -> None:
        self._options = options
        self._card = Card()
        self._has_news = False
        self._shown: tuple[int, Reading] | None = None
        # The cards are known to speak MQTT 3.1 and to take subscriptions of QoS 0.
        pinned = options.server_certificate_file is not None
        manner = Manner(is_old=True, qos=0, any_name=pinned)
        self._line = MqttLine(_settings(site.port, options), manner, FILTERS)

    async def open(self) -> None:
        """Connect, and wait until the card has said everything once."""
        await self._line.open()
        try:
            async with asyncio.timeout(START_TIMEOUT):
                while self._card.missing:
                    await self._line.news()
                    self._take()
        except TimeoutError:
            raise DeviceError(f"{self._line.where}: {self._why()}") from None
        while await self._is_growing():
            pass

    async def close(self) -> None:
        """Hang up."""
        await self._line.close()

    async def poll(self) -> Reading:
        """Say what the card has said; a silent one is lost."""
        self._take()
        self._has_news = False
        if self._line.silence > self._options.timeout:
            raise DeviceError(f"{self._line.where}: silent for {self._line.silence:.0f} s")
        if self._card.missing:
            raise DeviceError(f"{self._line.where}: {self._why()}")
        if self._shown is None or self._shown[0] != self._card.changes:
            self._shown = (self._card.changes, self._said(self._card.reading))
        return self._shown[1]

    async def wait(self) -> None:
        """Return when the card says that its state changed; measurements wait for the next poll."""
        while not self._has_news:
            await self._line.news()
            self._take()

    async def command(self, name: str, value: str | None) -> None:  # noqa: ARG002 -- no command takes a value
        """Refuse: what the card wants to be told is not known."""
        raise RefusedError(ResultStatus.UNKNOWN, f"the card has no command {name}")

    async def set(self, name: str, value: str) -> None:  # noqa: ARG002 -- nothing can be written
        """Refuse: what the card wants to be told is not known."""
        raise RefusedError(ResultStatus.READ_ONLY, f"{name} cannot be written")

    async def _is_growing(self) -> bool:
        """Wait for a topic that is new; tell whether there was one."""
        known = len(self._card.topics)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_TIME):
                while len(self._card.topics) == known:
                    await self._line.news()
                    self._take()
        return len(self._card.topics) > known

    def _take(self) -> None:
        for topic, payload, _ in self._line.taken():
            is_urgent = self._said(partial(self._card.take, topic, payload))
            self._has_news = self._has_news or is_urgent

    def _said(self, work: Callable[[], _Result]) -> _Result:
        try:
            return work()
        except DeviceError as error:
            raise DeviceError(f"{self._line.where}: {error}") from None

    def _why(self) -> str:
        """Say what keeps us from saying anything."""
        versions = self._card.versions
        if not versions:
            return "the card says nothing; is it an Eaton Network-M2 or -M3?"
        if not versions & set(VERSIONS):
            told = ", ".join(sorted(versions))
            return f"the topics are of version {told}; known are {', '.join(VERSIONS)}"
        return f"the card has not said {self._card.missing}"


def _settings(port: str, options: EatonMqttOptions) -> BusSettings:
    try:
        if "@" in port or "/" in port:
            raise ValueError
        return BusSettings(
            broker=f"mqtts://{parse_address(port, PORT)}",
            ca_file=options.server_certificate_file or options.ca_file,
            certificate_file=options.certificate_file,
            key_file=options.key_file,
        )
    except ValueError:  # pydantic's is one
        raise SettingsError(_PLACE) from None

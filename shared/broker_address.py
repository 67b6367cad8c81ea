"""The address of an MQTT broker, as settings give it."""

import re
from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

EMBEDDED_ADDRESS = "127.0.0.1:1883"

_PORTS = {"mqtt": 1883, "mqtts": 8883, "embedded": 1883}
_HOST = re.compile(r"[^\s/?#@,]+\Z")
_ESCAPES = "in a password write / ? # @ : and % as %2F %3F %23 %40 %3A and %25"
_BROKER_RULE = f"the broker is embedded, embedded://host:port, mqtt:// or mqtts://host; {_ESCAPES}"


class BrokerAddress(BaseModel):
    """A broker URL, taken apart."""

    model_config = ConfigDict(frozen=True)

    embedded: bool
    tls: bool
    host: str
    port: int
    username: str | None = None
    password: SecretStr | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Take `embedded` or a URL apart; ValueError says what is right."""
        try:
            parts = urlsplit(f"embedded://{EMBEDDED_ADDRESS}" if url == "embedded" else url)
        except ValueError:  # its text may repeat the password
            raise ValueError(_BROKER_RULE) from None
        try:
            port = parts.port
        except ValueError:
            port = 0
        if port == 0:
            raise ValueError(
                f"the port of the broker is no number from 1 to 65535; {_ESCAPES}"
            ) from None
        host = unquote(parts.hostname or "")
        rest = parts.path.removeprefix("/") or parts.query or parts.fragment
        if parts.scheme not in _PORTS or not _HOST.match(host) or rest:
            raise ValueError(_BROKER_RULE)
        return cls(
            embedded=parts.scheme == "embedded",
            tls=parts.scheme == "mqtts",
            host=host,
            port=port or _PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=SecretStr(unquote(parts.password)) if parts.password else None,
        )

    def __str__(self) -> str:
        """Name the broker without its secrets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"

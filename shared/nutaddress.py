"""Where a NUT server is and which device of it is meant, as NUT's tools take it in one argument."""

from dataclasses import dataclass
from typing import Final

from shared.errors import PowerError

DEFAULT_HOST: Final = "localhost"
DEFAULT_PORT: Final = 3493
HIGHEST_PORT: Final = 65535


class AddressError(PowerError):
    """The text is not a server or not a device of one."""


@dataclass(frozen=True, slots=True)
class Address:
    """A server; as text, `host:port` or `[host]:port`."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_address(text: str, *, has_spaces: bool = False) -> Address:
    """Read `host[:port]`, where an IPv6 address stands in brackets; raise AddressError.

    Spaces are a mistake in settings; NUT's tools let the name server say so (`has_spaces`).
    """
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        colon, port = rest[:1], rest[1:]
        if not bracket or colon not in ("", ":"):
            raise AddressError(f"{text!r}: an IPv6 address is written [address] or [address]:port")
    else:
        host, colon, port = text.partition(":")
    if not host or not (has_spaces or _is_solid(host)):
        raise AddressError(f"{text!r} names no host")
    return Address(host, _port(port, text) if colon else DEFAULT_PORT)


def parse_device(text: str, *, has_spaces: bool = False) -> tuple[str, Address]:
    """Read `ups[@host[:port]]` as the name of a device and its server; raise AddressError."""
    name, at, address = text.partition("@")
    if not name:
        raise AddressError(f"{text!r} names no UPS")
    if not (has_spaces or _is_solid(name)):
        raise AddressError(f"{text!r}: there is no space in the name of a UPS")
    return name, parse_address(address, has_spaces=has_spaces) if at else Address()


def _is_solid(text: str) -> bool:
    return not any(map(str.isspace, text))


def _port(text: str, whole: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= HIGHEST_PORT):
        raise AddressError(f"{whole!r}: the port after ':' must be 1 to {HIGHEST_PORT}")
    return int(text)

"""Where a service listens: addresses as the settings write them."""

import errno
import ipaddress
import re
from typing import NamedTuple

_ADDRESS = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[^\[\]:\s]+))(?::(?P<port>\d+))?"
)


class Address(NamedTuple):
    """Where a listener is bound."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can reach the address."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_address(text: str, default_port: int) -> Address:
    """Parse `host`, `host:port`, `[v6]` or `[v6]:port`; ValueError says what is right."""
    match = _ADDRESS.fullmatch(text)
    port = int(match["port"] or default_port) if match else 0
    if match is None or not 1 <= port <= 65535:
        right = f'"127.0.0.1:{default_port}" or "[::1]:{default_port}"'
        raise ValueError(f"{text!r} is not an address like {right}")
    return Address(match["six"] or match["host"], port)


def cannot_listen(address: Address, error: OSError, section: str) -> str:
    """Say why a service cannot listen there, and what to do; `section` is that of its settings."""
    where = f"{section}: cannot listen on {address}"
    if error.errno == errno.EADDRINUSE:
        cure = f"stop the program that has it, or set another address as listen in [{section}]"
        return f"{where}: the port is in use; {cure}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{where}: not permitted"
    return f"{where}: {error.strerror or error}"

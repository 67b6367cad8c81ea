"""Wake-on-LAN: the packet that wakes a host, and its way out."""

import re
import socket
from dataclasses import dataclass
from typing import Final

MAC_RULE: Final = 'a MAC address is six pairs of hexadecimal digits, such as "52:54:00:12:34:56"'
BROADCAST: Final = "255.255.255.255"
PORT: Final = 9

_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{12}")


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to wake, and by which broadcast address and UDP port."""

    mac: str
    address: str = BROADCAST
    port: int = PORT


def packet(mac: str) -> bytes:
    """Build the packet for a MAC address: six 0xff, then the address sixteen times."""
    if not _MAC.fullmatch(mac):
        raise ValueError(MAC_RULE)
    return b"\xff" * 6 + bytes.fromhex(re.sub("[:-]", "", mac)) * 16


def send(target: Target) -> None:
    """Send the packet; OSError if there is no way out."""
    family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        line.setblocking(False)
        line.sendto(packet(target.mac), (target.address, target.port))

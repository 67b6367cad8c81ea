"""What a gateway tells the local networks of itself. No network here."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.gateway.settings import DEFAULT_PORT, GatewaySection
from shared.errors import PowerError
from shared.listening import Address

SERVICE = "_nut._tcp.local."  # what Home Assistant looks for; "nut" is the name of port 3493


class AnnounceError(PowerError):
    """The networks cannot be told."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A NUT server on one port; `properties` are its text record."""

    name: str
    port: int
    addresses: tuple[str, ...]
    properties: tuple[tuple[str, str], ...] = ()

    def named(self, number: int) -> tuple[str, str]:
        """Name the service and its host, which no other has; the number counts the tries."""
        name = self.name if number == 1 else f"{self.name}-{number}"
        plain = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
        host = plain.encode("ascii", "replace").decode("ascii").replace("?", "-")
        return f"{name}.{SERVICE}", f"nutbus-{host[:56]}.local."


def announcements(
    settings: GatewaySection, bound: Iterable[Address], own: Sequence[str]
) -> tuple[Announcement, ...]:
    """Make one for each port that others can reach; `own` are the addresses of this machine."""
    if not settings.announce:
        return ()
    ports: dict[int, list[str]] = {}
    for address in bound:
        for reachable in _reachable(address.host, own):
            ports.setdefault(address.port, []).append(reachable)
    name = settings.announce_as or settings.id
    tls = (("starttls", "1"),) if settings.certificate_file else ()
    properties = (("txtvers", "1"), ("protocol", "1.3"), *tls)
    return tuple(
        Announcement(
            name if port == DEFAULT_PORT or len(ports) == 1 else f"{name[:52]} {port}",
            port,
            tuple(dict.fromkeys(addresses)),
            properties,
        )
        for port, addresses in ports.items()
    )


def _reachable(host: str, own: Sequence[str]) -> list[str]:
    """List the addresses of this machine that a listener has and others reach."""
    address = ipaddress.ip_address(host)
    candidates = map(ipaddress.ip_address, own) if address.is_unspecified else [address]
    return [
        str(candidate)
        for candidate in candidates
        if candidate.version == address.version
        and not (candidate.is_loopback or candidate.is_link_local)
    ]

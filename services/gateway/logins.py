"""Who is logged in to which device: at this gateway, at the others, and monitors on the bus."""

from collections.abc import Mapping, Sequence

from shared.latest import Latest
from shared.messages import Availability

Addresses = Mapping[str, Sequence[str]]


class Logins:
    """The addresses of logged-in clients by device; `own` is what this gateway announces.

    A device that 300 hosts hang on is no rarity in a data centre, so changes are cheap.
    """

    def __init__(self) -> None:
        self.own: Latest[dict[str, list[str]]] = Latest({})
        self._clients: dict[int, tuple[str, str]] = {}  # by the serial number of the connection
        self._others: dict[str, Addresses] = {}
        self._online: set[str] = set()

    def enter(self, serial: int, device: str, address: str) -> None:
        """Count a client of this gateway; serial numbers rise with each connection."""
        self._clients[serial] = (device, address)
        self._announce()

    def leave(self, serial: int) -> None:
        """Count it no longer."""
        if self._clients.pop(serial, None):
            self._announce()

    def clients(self, device: str) -> list[str]:
        """List the addresses at a device: ours, the newest connection first, then the others'."""
        ours = list(self.own.value.get(device, ()))
        for service in sorted(self._online):
            ours.extend(self._others.get(service, {}).get(device, ()))
        return ours

    def take_others(self, service: str, logins: Addresses) -> None:
        """Note who is logged in at another gateway, or which devices a monitor is at."""
        self._others[service] = logins

    def take_availability(self, service: str, availability: Availability) -> None:
        """Note whether another service is there; the logins of one that is not do not count."""
        if availability is Availability.ONLINE:
            self._online.add(service)
        else:
            self._online.discard(service)

    def _announce(self) -> None:
        own: dict[str, list[str]] = {}
        for serial in sorted(self._clients, reverse=True):
            device, address = self._clients[serial]
            own.setdefault(device, []).append(address)
        self.own.set(own)

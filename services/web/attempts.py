"""How often somebody may get a password wrong before they have to wait. Pure."""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

MOST: Final = 10  # wrong passwords from one place …
WITHIN: Final = 300.0  # … in so many seconds
REMEMBERED: Final = 4096
_NETWORK: Final = 64  # one customer has as many IPv6 addresses


@dataclass(slots=True)
class Attempts:
    """Wrong passwords by the place they came from; `now` is a monotonic clock."""

    _failures: OrderedDict[str, list[float]] = field(default_factory=OrderedDict)

    def wait(self, address: str, now: float) -> float:
        """Give the seconds until somebody there may try again; 0 when they may."""
        times = self._recent(place(address), now)
        return times[-MOST] + WITHIN - now if len(times) >= MOST else 0.0

    def begin(self, address: str, now: float) -> None:
        """Count an attempt as wrong from its start, so that many at once gain nothing."""
        where = place(address)
        self._failures[where] = [*self._recent(where, now), now]
        self._failures.move_to_end(where)
        if len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def succeed(self, address: str) -> None:
        """Forgive what was wrong before the right password came."""
        self._failures.pop(place(address), None)

    def _recent(self, where: str, now: float) -> list[float]:
        return [time for time in self._failures.get(where, ()) if now - time < WITHIN]


def place(address: str) -> str:
    """Give what counts as one place: an IPv4 address, or the network of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and not parsed.ipv4_mapped:
        return str(ipaddress.ip_network((parsed, _NETWORK), strict=False))
    return str(parsed)

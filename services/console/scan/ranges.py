"""Which addresses a scan asks: ranges as nut-scanner takes them, in the order of the arguments."""

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from shared.errors import PowerError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# A mistyped mask must not start a scan of half the internet.
MOST_ADDRESSES: Final = 65536
AUTOMATIC_HOST_BITS: Final = 8
THIS_HOST: Final = ("127.0.0.1", "::1")

_FAMILIES: Final = {"auto": (4, 6), "auto4": (4,), "auto6": (6,)}


class RangeError(PowerError):
    """A range cannot be scanned; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Span:
    """All addresses from `first` to `last`, both of one family."""

    first: IPAddress
    last: IPAddress

    @property
    def count(self) -> int:
        """How many addresses that are."""
        return int(self.last) - int(self.first) + 1

    def __iter__(self) -> Iterator[str]:
        if self.first == self.last:
            return iter([str(self.first)])  # it may name an interface: fe80::1%eth0
        make = type(self.first)
        return (str(make(number)) for number in range(int(self.first), int(self.last) + 1))


@dataclass(frozen=True, slots=True)
class Network:
    """A network that this host is in: its own address there, and the length of the prefix."""

    address: str
    prefix: int


def spans(
    arguments: Iterable[tuple[str, str]],
    resolve: Callable[[str], IPAddress],
    own: Callable[[], Sequence[Network]],
) -> list[Span]:
    """Read `-s`, `-e` and `-m` in their order; raise RangeError.

    A first and a last address that follow each other, in either order, are one range; one of them
    alone is a range of one address. `resolve` finds the address of a name, and `own` finds the
    networks of this host for `-m auto`, `auto4` and `auto6`, which may end in `/BITS`.
    """
    found: list[Span] = []
    first = ""  # the -s or -e that may still get its other end
    for option, text in arguments:
        if option == "-m":
            found += _masked(text, resolve, own)
            first = ""
            continue
        address = _address(text, resolve)
        if first and first != option:
            found[-1] = span(found[-1].first, address)
            first = ""
        else:
            found.append(Span(address, address))
            first = option
    return _checked(found)


def span(one: IPAddress, other: IPAddress) -> Span:
    """Make a range of two ends, whichever of them is the lower one."""
    if one.version != other.version:
        raise RangeError(f"{one} and {other} are not of the same kind: one IPv4, one IPv6")
    first, last = sorted((one, other), key=int)
    return Span(first, last)


def _masked(
    text: str, resolve: Callable[[str], IPAddress], own: Callable[[], Sequence[Network]]
) -> list[Span]:
    name, slash, bits = text.partition("/")
    if name in _FAMILIES:
        most = _number(bits, text) if slash else AUTOMATIC_HOST_BITS
        return _of_this_host(own(), _FAMILIES[name], most)
    if not slash:
        raise RangeError(f"-m {text}: write ADDRESS/BITS, auto, auto4 or auto6")
    address = _address(name, resolve)
    prefix = _number(bits, text)
    if not 1 <= prefix <= address.max_prefixlen:
        raise RangeError(f"-m {text}: the number of bits is 1 to {address.max_prefixlen}")
    return [_network(address, prefix)]


def _network(address: IPAddress, prefix: int) -> Span:
    hosts = (1 << (address.max_prefixlen - prefix)) - 1
    make = type(address)
    return Span(make(int(address) & ~hosts), make(int(address) | hosts))


def _of_this_host(own: Sequence[Network], families: tuple[int, ...], most: int) -> list[Span]:
    found = []
    for network in own:
        address = ipaddress.ip_address(network.address.partition("%")[0])
        if address.version not in families or address.is_loopback or address.is_link_local:
            continue
        if address.max_prefixlen - network.prefix <= most:
            found.append(_network(address, network.prefix))
    if not found:
        raise RangeError(
            f"-m auto: this host is in no network of at most {most} bits for hosts; name one"
        )
    return list(dict.fromkeys(found))


def _address(text: str, resolve: Callable[[str], IPAddress]) -> IPAddress:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        return resolve(bare)


def _number(text: str, whole: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len("128")):
        raise RangeError(f"-m {whole}: after the / comes a number of bits")
    return int(text)


def _checked(found: list[Span]) -> list[Span]:
    for each in found:
        if each.count > MOST_ADDRESSES:
            raise RangeError(
                f"{each.first} to {each.last} are {each.count} addresses; "
                f"one range has at most {MOST_ADDRESSES}"
            )
    return found

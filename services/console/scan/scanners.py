"""The table of scanners: what is looked for, by which option, and how."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.console.scan import announced, netxml, nis, nutserver, powerman, snmp, usb
from services.console.scan.exchange import Target
from services.console.scan.found import Found
from services.console.scan.ranges import THIS_HOST, Span
from services.driver.protocols.apcupsd import PORT as NIS_PORT
from services.driver.protocols.powerman import PORT as POWERMAN_PORT

Probe = Callable[[Target], Awaitable[list[Found]]]
Search = Callable[[float], Awaitable[list[Found]]]


@dataclass(frozen=True, slots=True)
class Scanner:
    """One row: `name` is what `-a` prints, `options` are nut-scanner's where it has them.

    `probe` asks one address of the range on `port`; without a range it asks this host, unless there
    is a `search`, which needs no addresses and takes the seconds that it has. With neither of them
    the scanner is still to come.
    With both, the range decides.
    """

    name: str
    options: tuple[str, ...]
    what: str
    probe: Probe | None = None
    port: int = 0
    search: Search | None = None

    @property
    def is_there(self) -> bool:
        """Tell whether it can scan."""
        return self.probe is not None or self.search is not None


# In the order in which nut-scanner prints what it found.
SCANNERS: Final = (
    Scanner("USB", ("-U", "--usb_scan"), "USB devices", search=usb.search),
    Scanner("SNMP", ("-S", "--snmp_scan"), "SNMP devices", probe=snmp.probe, port=snmp.PORT),
    Scanner(
        "XML",
        ("-M", "--xml_scan"),
        "network cards with XML",
        probe=netxml.probe,
        port=netxml.PORT,
        search=netxml.broadcast,
    ),
    Scanner(
        "OLDNUT",
        ("-O", "--oldnut_scan"),
        "NUT servers",
        probe=nutserver.probe,
        port=nutserver.PORT,
    ),
    Scanner(
        "AVAHI",
        ("-A", "--avahi_scan"),
        "NUT servers that announce themselves",
        search=announced.search,
    ),
    Scanner("NIS", ("--nis_scan",), "apcupsd", probe=nis.probe, port=NIS_PORT),
    Scanner("POWERMAN", ("--powerman_scan",), "PowerMan", probe=powerman.probe, port=POWERMAN_PORT),
)
SERIAL: Final = "EATON_SERIAL"  # `-E` takes the ports, and is never part of a complete scan


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look, and how hard: `limit` is how many questions may be open at once.

    `ports` are those that scanners ask instead of their own, by the name of the scanner.
    """

    spans: tuple[Span, ...] = ()
    timeout: float = 5.0
    limit: int = 512
    ports: dict[str, int] = field(default_factory=dict)
    serial_ports: tuple[str, ...] = ()
    community: str = "public"

    @property
    def hosts(self) -> Sequence[str]:
        """Every address once, in the order given; without any, this host."""
        given = dict.fromkeys(address for span in self.spans for address in span)
        return tuple(given) or THIS_HOST

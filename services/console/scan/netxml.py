"""Find the network cards of Eaton and MGE by the XML page that tells what they are.

A card that is asked over UDP for `<SCAN_REQUEST/>` answers with an element whose attribute `type`
names the card; over HTTP it has a product page.
"""

import asyncio
import contextlib
import socket
from http import HTTPStatus
from typing import Any, Final
from xml.parsers import expat

from services.console.scan.exchange import Target, conversation
from services.console.scan.found import Bus, Found
from services.driver.protocols.netxml.documents import Product, product
from services.driver.transports.http import HttpDevice, HttpSettings

PORT: Final = 80
BROADCAST_PORT: Final = 4679
BROADCAST: Final = "255.255.255.255"

_PAGES: Final = ("/mgeups/product.xml", "/product.xml", "/ws/product.xml")
_REQUEST: Final = b"<SCAN_REQUEST/>"
_NO_UPS: Final = "DEV.PDU"  # these cards speak another protocol, which no driver has


async def probe(target: Target) -> list[Found]:
    """Find the card there by its product page, or nothing."""
    async with conversation(target):
        pass  # most addresses answer nothing at all, which a bare connection tells sooner
    card = HttpDevice(f"http://{target}", HttpSettings(timeout=target.timeout))
    await card.open()
    try:
        async with asyncio.timeout(target.timeout):
            for path in _PAGES:
                reply = await card.ask("GET", path)
                if reply.status == HTTPStatus.OK:
                    return [_described(product(reply.body), f"http://{target.place(PORT)}")]
    finally:
        await card.close()
    return []


async def broadcast(
    seconds: float, host: str = BROADCAST, port: int = BROADCAST_PORT
) -> list[Found]:
    """Ask all cards of the networks of this host at once; those that answer within the seconds."""
    loop = asyncio.get_running_loop()
    transport, answers = await loop.create_datagram_endpoint(
        _Answers,
        family=socket.AF_INET,
        allow_broadcast=True,
        local_addr=("0.0.0.0", 0),  # noqa: S104 -- the answers come from every network
    )
    try:
        transport.sendto(_REQUEST, (host, port))
        await asyncio.sleep(seconds)
    finally:
        transport.close()
    found = {
        address: _answered(page, f"http://{address}") for address, page in answers.pages.items()
    }
    return [card for cards in found.values() for card in cards]


class _Answers(asyncio.DatagramProtocol):
    """What was answered, by the address that it came from."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self.pages.setdefault(str(addr[0]), data)


def _described(card: Product, port: str) -> Found:
    told = {"card": card.title.strip("/"), "serial": card.serial}
    facts = {fact: value for fact, value in told.items() if value}
    options = (("desc", card.type),) if card.type else ()
    return Found(Bus.XML, "netxml-ups", port, options, facts=facts)


def _answered(answer: bytes, port: str) -> list[Found]:
    attributes = _first_element(answer)
    if "type" not in attributes or attributes.get("class") == _NO_UPS:
        return []
    return [Found(Bus.XML, "netxml-ups", port, (("desc", attributes["type"]),))]


def _first_element(answer: bytes) -> dict[str, str]:
    """Read the attributes of the outermost element; none if it is no XML at all."""
    found: list[dict[str, str]] = []
    parser = expat.ParserCreate()

    def begins(_name: str, attributes: dict[str, str]) -> None:
        found.append(attributes)

    parser.StartElementHandler = begins
    with contextlib.suppress(expat.ExpatError):  # what comes behind the element does not matter
        parser.Parse(answer, True)
    return found[0] if found else {}

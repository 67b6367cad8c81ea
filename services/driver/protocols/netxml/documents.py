"""The documents of a card: XML in, plain values out.

What is no whole document of the expected kind raises DeviceError. Names of elements and attributes
are compared without regard to case, since cards differ in that.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.parsers import expat

from shared.errors import DeviceError

MAX_DEPTH = 32
MAX_ELEMENTS = 20_000
VERSION = 3  # of the protocol; the units of later ones are others

_PROTOCOL = re.compile(r"XML\.V(\d+)", re.IGNORECASE)


class Object(NamedTuple):
    """An object of a card; `access` is "" where the card does not say it."""

    name: str
    value: str
    access: str


@dataclass(frozen=True, slots=True)
class Product:
    """What a card says of itself; a page is "" where it has none."""

    title: str
    type: str
    serial: str
    objects_page: str
    summary_page: str
    settings_page: str
    subscription_page: str

    @property
    def is_pdu(self) -> bool:
        """Tell whether the card belongs to a PDU."""
        return "ePDU" in self.type

    @property
    def has_sensor(self) -> bool:
        """Tell whether extremes of the surroundings count: only this card has them."""
        return self.type.lower() == "transverse"


@dataclass(slots=True)
class Element:
    """An element; the names are in lower case."""

    name: str
    attributes: Mapping[str, str]
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def find(self, *path: str) -> "Element | None":
        """Look for the first element below, step by step."""
        found: Element | None = self
        for name in path:
            children = found.children if found else []
            found = next((child for child in children if child.name == name), None)
        return found


def product(page: bytes) -> Product:
    """Read a product page; a protocol that we do not know is refused."""
    root = _root(page, "product_info")
    spoken = _PROTOCOL.match(root.attributes.get("protocol", ""))
    if spoken and int(spoken[1]) > VERSION:
        raise DeviceError(f"the card speaks {spoken[0]}, which is not known; its SNMP may do")
    names = (root.attributes.get(key, "") for key in ("name", "type", "version"))
    title, _, serial = "/".join(names).partition(" (SN ")
    data = "ups_data" if root.find("ups_data") else "dev_data"
    return Product(
        title=title,
        type=root.attributes.get("type", ""),
        serial=serial.rstrip(")"),
        objects_page=_page(root, data, "get_object"),
        summary_page=_page(root, "summary", "xml_summary_page"),
        settings_page=_page(root, "summary", "central_cfg"),
        subscription_page=_page(root, "alarms", "subscription"),
    )


def objects(page: bytes) -> tuple[Object, ...]:
    """Read a page of objects; those without a value are left out."""
    root = _root(page, "get_object", "summary")
    found = []
    for element in root.children:
        name, value = element.attributes.get("name", ""), element.text.strip()
        if element.name == "object" and name and value:
            found.append(Object(name, value, element.attributes.get("access", "")))
    return tuple(found)


def timers(page: bytes) -> dict[str, str]:
    """Read the shutdown settings that the card has for its clients, as variables."""
    root = _root(page, "xml-client")
    element = root.find("general", "shutdown") or root.find("shutdown")
    found = element.attributes if element else {}
    pairs = (
        ("driver.timer.shutdown", "shutdowntimer"),
        ("driver.delay.shutdown", "shutdownduration"),
    )
    return {name: found[key] for name, key in pairs if key in found}


def _page(root: Element, *path: str) -> str:
    """Find the address of a page; the cards leave out the first slash."""
    element = root.find(*path)
    url = element.attributes.get("url", "").strip() if element else ""
    return "/" + url.split()[0].lstrip("/") if url else ""


def _root(page: bytes, *names: str) -> Element:
    root = _Builder().element(page)
    if root.name not in names:
        expected = " or ".join(f"<{name.upper()}>" for name in names)
        raise DeviceError(f"a document <{root.name[:40]}> instead of {expected}")
    return root


class _Builder:
    """Builds the elements; what could make a small document large is refused."""

    def __init__(self) -> None:
        self._top = Element("", {})
        self._open = [self._top]
        self._texts: list[list[str]] = [[]]
        self._count = 0

    def element(self, page: bytes) -> Element:
        """Read a whole document."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        handlers: dict[str, Callable[..., None]] = {
            "StartElementHandler": self._start,
            "EndElementHandler": self._end,
            "CharacterDataHandler": self._take,
            "EntityDeclHandler": self._refuse,
        }
        for name, handler in handlers.items():
            setattr(parser, name, handler)
        try:
            parser.Parse(page, True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise DeviceError(f"not a whole XML document: {error}: {page[:80]!r}") from None
        return self._top.children[0]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise DeviceError("an XML document with too many elements")
        lower = {key.lower(): value for key, value in attributes.items()}
        element = Element(name.lower(), lower)
        self._open[-1].children.append(element)
        self._open.append(element)
        self._texts.append([])

    def _end(self, _: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def _take(self, text: str) -> None:
        self._texts[-1].append(text)

    def _refuse(self, *_: object) -> None:
        raise DeviceError("an XML document that defines entities")

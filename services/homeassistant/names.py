"""Names and ids: of NUT, as Home Assistant takes them. Any text comes out short and printable."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from zlib import crc32

MAX_TEXT = 128
_PLAIN = re.compile(r"[A-Za-z0-9.-]+\Z")
_STRANGE = re.compile(r"[^A-Za-z0-9-]")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z")

# Part of a device that Home Assistant shows as one of its own: a device of a daisy chain, an
# outlet, a group of outlets. Number 0 stands for all of them together.
_PLACE = re.compile(
    r"(?P<prefix>(?:device\.(?P<link>[1-9][0-9]{0,3})\.)?"
    r"(?:outlet\.(?P<group>group\.)?(?P<outlet>[1-9][0-9]{0,3})\.)?)"
    r"(?P<rest>.+)\Z",
    re.DOTALL,
)

_WORDS = {
    "mfr": "manufacturer",
    "id": "ID",
    "ups": "UPS",
    "usb": "USB",
    "macaddr": "MAC address",
    "desc": "description",
    "realpower": "real power",
    "powerfactor": "power factor",
    "crestfactor": "crest factor",
    "percent": "share",
    "runtime": "runtime",
    "minmax": "min/max",
}

_FIRST = frozenset({"nominal", "maximum", "minimum"})

# Serial numbers that makers put where there is none.
_NO_SERIALS = frozenset(
    {
        "unknown",
        "blank",
        "none",
        "n/a",
        "na",
        "null",
        "(null)",
        "default",
        "serial",
        "default_serial",
    }
)


_NOTHING = frozenset({"(null)", "null", "unknown", "n/a", "not set", "none"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name belongs: `prefix` of the names there, and a word and a number for people."""

    prefix: str = ""
    slug: str = ""
    title: str = ""

    @property
    def outer(self) -> "Place":
        """The place around this one; of a device as a whole it is itself."""
        head = self.prefix.partition("outlet.")[0]
        return placed(f"{head}rest")[0] if head not in ("", self.prefix) else Place()


def placed(name: str) -> tuple[Place, str]:
    """Split the name of a variable or a command into its place and the rest."""
    match = _PLACE.match(name)
    if match is None:
        return Place(), name
    slugs, titles = [], []
    if match["link"]:
        slugs.append(f"device-{match['link']}")
        titles.append(f"device {match['link']}")
    if match["outlet"]:
        kind = "group" if match["group"] else "outlet"
        slugs.append(f"{kind}-{match['outlet']}")
        title = "outlet group" if match["group"] else "outlet"
        titles.append(f"{title} {match['outlet']}")
    return Place(match["prefix"], "-".join(slugs), " ".join(titles)), match["rest"]


def device_id(prefix: str, device: str, place: Place) -> str:
    """Name a device for Home Assistant, by its name on the bus.

    What is before the first _ holds no part of that name, so no two devices get the same.
    """
    head = "nutbus" if prefix == "nut" else f"nutbus-at-{re.sub('[/_]', '-', prefix)}"
    return f"{'-'.join(filter(None, (head, place.slug)))}_{device}"


def device_of(prefix: str, id: str) -> str:
    """Tell which device of the bus an id made by `device_id` is about; "" if it is none."""
    head, _, device = id.partition("_")
    expected = device_id(prefix, "", Place()).removesuffix("_")
    return device if head == expected or head.startswith(f"{expected}-") else ""


def component_id(kind: str, name: str) -> str:
    """Name an entity within its device: letters, digits, _ and -, different for different names."""
    if _PLAIN.match(name):
        slug = name.replace(".", "_")
    else:
        slug = f"{_STRANGE.sub('_', name)[:64]}-{crc32(name.encode(errors='replace')):08x}"
    return f"{kind}-{slug}" if kind else slug


def title(name: str) -> str:
    """Say the name of a variable or a command in words: battery.charge is Battery charge."""
    parts = name.split(".")
    if parts[0] == "ups" and len(parts) > 1:
        parts = parts[1:]
    # Which of several comes first: nominal input voltage.
    parts = [part for part in parts if part in _FIRST] + [
        part for part in parts if part not in _FIRST
    ]
    words = " ".join(_WORDS.get(part, part) for part in parts)
    return words[:1].upper() + words[1:]


def text(value: str, most: int = MAX_TEXT) -> str:
    """Make a text fit to be shown: printable, without spaces around it, not too long."""
    printable = "".join(character if character.isprintable() else " " for character in value)
    return " ".join(printable.split())[:most]


def serial(value: str) -> str:
    """Pass a serial number; "" if it is one of those that stand for none."""
    known = text(value)
    is_none = known.lower() in _NO_SERIALS or not set(known) - set("0xX-. ?*#")
    return "" if is_none else known


def first(variables: Mapping[str, str], names: Iterable[str]) -> str:
    """Take the first of some variables that says something."""
    for name in names:
        value = text(variables.get(name, ""))
        if value and value.lower() not in _NOTHING:
            return value
    return ""


def web_address(value: str) -> str:
    """Pass the address of a web page without path and secrets; "" if it is no such address."""
    try:
        parts = urlsplit(value)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not _HOST.match(host):
        return ""
    return f"{parts.scheme}://{host}{port}"

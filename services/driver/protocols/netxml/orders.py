"""What is sent to a card: values to set, and the subscription to its alarms."""

import re
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from shared.errors import DeviceError

FORM_PAGE = "/Forms/set_obj_2"
PLAIN_PAGE = "/set_obj.htm"
BOUNDARY = "nutbus-objects"
FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
PLAIN_TYPE = "text/xml"

SUBSCRIBED = b'<subscription answer="ok"></subscription>'
_PLACE = re.compile(r"<Port>\s*(\d{1,5})", re.IGNORECASE)
_SECRET = re.compile(r"<Secret>\s*(\d{1,10})", re.IGNORECASE)


class Invitation(NamedTuple):
    """Where a card wants its alarms to be fetched, and the number that opens the door."""

    port: int
    secret: int


def setting(name: str, value: str) -> bytes:
    """Write the document that gives an object a value."""
    lines = (
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<SET_OBJECT>",
        f"  <OBJECT name={quoteattr(name)}>{escape(value)}</OBJECT>",
        "</SET_OBJECT>",
        "",
    )
    return "\r\n".join(lines).encode()


def form(document: bytes) -> bytes:
    """Put a document into the form that the configuration page of a card sends."""
    head = (
        f"--{BOUNDARY}",
        'Content-Disposition: form-data; name="file"; filename="Configuration.xml"',
        "Content-Type: application/octet-stream",
        "",
        "",
    )
    return "\r\n".join(head).encode() + document + f"--{BOUNDARY}--\r\n".encode()


def subscription(host: str, duration: int, timer: int) -> bytes:
    """Ask for alarms; `timer` is 0 for none, both are seconds."""
    lines = (
        '<?xml version="1.0"?>',
        "<Subscribe>",
        "<Class>nutbus</Class>",
        "<Type>connected socket</Type>",
        f"<HostName>{escape(host)}</HostName>",
        "<XMLClientParameters>",
        f"<ShutdownDuration>{duration}</ShutdownDuration>",
        f"<ShutdownTimer>{timer or 'NONE'}</ShutdownTimer>",
        "<AutoConfig>LOCAL</AutoConfig>",
        "<OutletGroup>1</OutletGroup>",
        "</XMLClientParameters>",
        "<Warning></Warning>",
        "</Subscribe>",
        "",
    )
    return "\n".join(lines).encode()


def invitation(reply: bytes) -> Invitation:
    """Read what the card answers to a subscription, which need not be proper XML."""
    text = reply.decode("latin-1")
    port, secret = _PLACE.search(text), _SECRET.search(text)
    if port is None or secret is None or not 1 <= int(port[1]) <= 65535:
        raise DeviceError(f"a subscription without port and secret: {reply[:80]!r}")
    return Invitation(int(port[1]), int(secret[1]))


def greeting(secret: int) -> bytes:
    """Write what opens the line for alarms."""
    return f'<Subscription Identification="{secret}"></Subscription>'.encode() + b"\0"

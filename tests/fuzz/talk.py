"""Targets: what others say by HTTP and by multicast DNS."""

import time
import types
from typing import Any

import httpcore
from pydantic import SecretStr
from zeroconf import const as dns
from zeroconf._cache import DNSCache
from zeroconf._dns import DNSAddress, DNSPointer, DNSService, DNSText
from zeroconf._protocol.incoming import DNSIncoming
from zeroconf._protocol.outgoing import DNSOutgoing

from services.console.scan.announced import (
    SERVICES,
    announced_devices,
    announcement,
    service,
)
from services.driver.transports.http import HttpDevice, HttpSettings
from services.gateway.announcement import SERVICE, Announcement
from tests.fuzz.lines import printed
from tests.fuzz.target import Target, done

# --- HTTP, as a card in a UPS speaks it ------------------------------------------------------


def http(data: bytes) -> None:
    """Take them for what a device answers, whatever it is asked, first without a login."""
    done(_asked(data))


async def _asked(data: bytes) -> None:
    device = HttpDevice("http://127.0.0.1", HttpSettings(login="a", password=SecretStr("b")))
    await device.open()
    try:
        transport: Any = device._client and device._client._transport
        backend = httpcore.AsyncMockBackend([data])
        transport._pool = httpcore.AsyncConnectionPool(network_backend=backend)
        for _ in range(2):  # the second time it knows how to log in
            device.check("/", await device.look("/"))
    finally:
        await device.close()


def _page(status: bytes, *fields: bytes, body: bytes = b"") -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join((b"HTTP/1.1 " + status, *fields, length, b"", body))


DIGEST = b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth", algorithm=MD5, opaque="o"'
PAGES = (
    _page(b"200 OK", b"Content-Type: text/xml", b"Set-Cookie: a=b; Path=/", body=b"<a/>"),
    _page(b"200 OK", b"Set-Cookie: a=\xc1; Path=/", body=b"<a/>"),
    _page(b"401 Unauthorized", DIGEST),
    _page(b"401 Unauthorized", b"WWW-Authenticate: Digest realm"),
    _page(b"401 Unauthorized", b'WWW-Authenticate: Digest realm="a", nonce="b", algorithm=none'),
    _page(b"401 Unauthorized", b'WWW-Authenticate: Digest realm="a", nonce="b", qop="auth-int"'),
    _page(b"401 Unauthorized", b'WWW-Authenticate: Digest realm="a", nonce="b", opaque='),
    _page(b"401 Unauthorized", b'WWW-Authenticate: Basic realm="digest"'),
    _page(b"302 Found", b"Location: https://x/"),
    _page(b"302 Found", b"Location: https:x"),
    b"HTTP/1.0 200\r\n\r\n<a/>",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
)

# --- multicast DNS ---------------------------------------------------------------------------


def announcements(data: bytes) -> None:
    """Take them for a packet that others send to all, as the scan does."""
    packet = DNSIncoming(data)
    if not packet.valid:
        return
    records, cache = packet.answers(), DNSCache()
    cache.async_add_records(records)
    for record in records:
        if isinstance(record, DNSPointer) and record.name.lower() in SERVICES:
            _heard(record.name.lower(), record.alias, cache)


def _heard(kind: str, name: str, cache: DNSCache) -> None:
    info = service(kind, name)
    if info is None:
        return
    info.load_from_cache(types.SimpleNamespace(cache=cache))  # type: ignore[arg-type]
    if info.server:
        server = announcement(info)
        found = announced_devices(server)
        printed(list({device.port: device for device in found}.values()))
        assert all(device.name in device.port for device in found)


def _packet(announced: Announcement, kind: str, text: bytes) -> bytes:
    """Write what a server says to all of itself."""
    name, host = announced.named(1)
    name = name.replace(SERVICE, kind)
    out, now = DNSOutgoing(dns._FLAGS_QR_RESPONSE | dns._FLAGS_AA), time.monotonic() * 1000
    family = dns._CLASS_IN
    for record in (
        DNSPointer(kind, dns._TYPE_PTR, family, 4500, name, now),
        DNSService(name, dns._TYPE_SRV, family, 120, 0, 0, announced.port, host, now),
        DNSText(name, dns._TYPE_TXT, family, 4500, text, now),
        DNSAddress(host, dns._TYPE_A, family, 120, b"\xc0\0\2\1", created=now),
    ):
        out.add_answer_at_time(record, 0)
    return out.packets()[0]


OURS = Announcement("rack", 3493, ("192.0.2.1",))
PACKETS = (
    _packet(OURS, SERVICE, b"\x09txtvers=1\x0cprotocol=1.3"),
    _packet(OURS, "_upsd._tcp.local.", b"\x0fdevice_list=a;b"),
    _packet(OURS, SERVICE, b"\x0fdevice_list=a;b").replace(b"\x04rack", b"\x04r\x00\nk"),
    _packet(OURS, SERVICE, b"\x0bdevice_list"),
)

TARGETS = {
    "http": Target(http, PAGES, rounds=30),
    "mdns": Target(announcements, PACKETS),
}

"""Find NUT servers that announce themselves on the local networks (mDNS, DNS-SD)."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zeroconf import Error, InterfaceChoice, IPVersion, ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from services.console.scan.exchange import Target
from services.console.scan.forms import SERVER_DEVICE
from services.console.scan.found import Bus, Found
from services.console.scan.nutserver import PORT, probe
from shared.nutaddress import Address

# The first is what NUT's documents tell to publish, the second what Home Assistant looks for.
SERVICES: Final = ("_upsd._tcp.local.", "_nut._tcp.local.")
LONGEST_LISTENING: Final = 3.0
DEVICES: Final = b"device_list"  # of the text record: names with ; between them


@dataclass(frozen=True, slots=True)
class Announcement:
    """A server as it announces itself; `devices` may be none although it has some."""

    host: str
    addresses: tuple[str, ...]
    port: int
    devices: tuple[str, ...] = ()


async def search(seconds: float, interfaces: Sequence[str] = ()) -> list[Found]:
    """Listen, then list the devices; servers that do not announce theirs are asked for them.

    `interfaces` are the addresses of the networks to listen on, by default all.
    """
    heard = await announcements(seconds, interfaces)
    found: list[Found] = []
    for each in heard:
        found += announced_devices(each) or await _asked(each, seconds)
    return list({device.port: device for device in found}.values())


async def announcements(seconds: float, interfaces: Sequence[str] = ()) -> list[Announcement]:
    """Listen for so many seconds; each server once."""
    names: list[tuple[str, str]] = []

    def heard(
        *, service_type: str, name: str, state_change: ServiceStateChange, **_: object
    ) -> None:
        if state_change is ServiceStateChange.Added:
            names.append((service_type, name))

    where = list(interfaces) if interfaces else InterfaceChoice.All
    async with AsyncZeroconf(interfaces=where) as zeroconf:
        browser = AsyncServiceBrowser(zeroconf.zeroconf, list(SERVICES), handlers=[heard])
        await asyncio.sleep(min(seconds, LONGEST_LISTENING))
        infos = [info for kind, name in sorted(names) if (info := service(kind, name))]
        async with asyncio.TaskGroup() as tasks:
            for info in infos:
                tasks.create_task(_resolve(info, zeroconf, seconds))
        await browser.async_cancel()
    return list(dict.fromkeys(announcement(info) for info in infos if info.server))


def service(kind: str, name: str) -> AsyncServiceInfo | None:
    """Make what a name that was heard is asked with; None for one that no service may have."""
    try:
        return AsyncServiceInfo(kind, name)
    except Error:  # control characters, another kind, too long: anybody may say so
        return None


async def _resolve(info: AsyncServiceInfo, zeroconf: AsyncZeroconf, seconds: float) -> None:
    """Ask for the rest of an announcement; without an answer `info` stays without a server."""
    with contextlib.suppress(Error):  # a name that cannot be written in a question
        await info.async_request(zeroconf.zeroconf, seconds * 1000)


def announced_devices(server: Announcement) -> list[Found]:
    """Make of an announcement the devices that it names."""
    return [_device(server, f"{name}@", name) for name in server.devices]


async def _asked(server: Announcement, seconds: float) -> list[Found]:
    for address in server.addresses:
        try:
            found = await probe(Target(address, server.port, seconds))
        except OSError:
            continue
        if found:
            return found
    return [_device(server, "", "")]


def _device(server: Announcement, prefix: str, name: str) -> Found:
    place = server.host if server.port == PORT else str(Address(server.host, server.port))
    family = "IPv4" if any("." in address for address in server.addresses) else "IPv6"
    return Found(Bus.NUT, SERVER_DEVICE, f"{prefix}{place}", (("desc", family),), name=name)


def announcement(info: AsyncServiceInfo) -> Announcement:
    """Read what a service says of itself."""
    listed = (info.properties.get(DEVICES) or b"").decode("utf-8", "replace")
    return Announcement(
        host=(info.server or "").removesuffix("."),
        addresses=tuple(info.parsed_scoped_addresses(IPVersion.All)),
        port=info.port or PORT,
        devices=tuple(filter(None, listed.split(";"))),
    )

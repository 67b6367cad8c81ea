"""The fleet as NUT clients see it; it drops ready replies when what they say has changed."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from services.gateway.aliases import Aliases
from services.gateway.logins import Logins
from services.gateway.replies import FLEET, Replies
from services.gateway.sections import AliasSettings
from services.gateway.tracking import Tracking
from shared.fleet import Device, Fleet
from shared.messages import Availability, DeviceMeta, ForcedShutdown

logger = logging.getLogger(__name__)


class _Seen(NamedTuple):
    """All of a device that a reply may show."""

    meta: DeviceMeta | None
    variables: Mapping[str, str] | None
    fsd: ForcedShutdown | None
    standing: Availability


class Mirror:
    """What requests are answered from; `now` is the receiver's clock, set about once a second."""

    def __init__(self, fleet: Fleet, logins: Logins, tracking: Tracking, replies: Replies) -> None:
        self.version = own_version()
        self.max_age = 0.0
        self.now = 0.0
        self._fleet = fleet
        self._logins = logins
        self._tracking = tracking
        self._replies = replies
        self._seen: dict[str, _Seen] = {}
        self._spellings: dict[str, str] | None = None
        self._aliases = Aliases({})
        self._stolen: set[str] = set()
        fleet.follow(self._changed)

    def use_aliases(self, settings: Mapping[str, AliasSettings]) -> None:
        """Know these further names of devices from now on, and no others."""
        self._aliases = Aliases(settings)
        self._replies.clear()
        for name in self._seen:
            self._judge_name(name)

    def names(self) -> Sequence[str]:
        """List the devices in their order, each with its parts."""
        return self._aliases.listed(self._fleet.names())

    def device(self, name: str) -> Device | None:
        """Find a device by one of its names in any case, as it is to be seen under that."""
        if self._aliases.has(name):
            return self._aliases.device(name, self._device)
        return self._device(name)

    def _device(self, name: str) -> Device | None:
        device = self._fleet.devices.get(name)
        if device is None or device.meta is None:
            device = self._fleet.devices.get(self._spelling(name))
        return device if device and device.meta else None

    def standing(self, device: Device) -> Availability:
        """Tell whether the device's data can be relied on."""
        if device.overdue and self.now - device.heard <= self.max_age:
            return replace(device, overdue=False).standing
        return device.standing

    def clients(self, device: str) -> Sequence[str]:
        """List the addresses of the clients that are logged in to a device."""
        return self._logins.clients(device)

    def result(self, id: str) -> str:
        """Say how a tracked request ended."""
        return self._tracking.result(id)

    def tick(self, now: float) -> None:
        """Let the clock run: devices may become stale."""
        self.now = now
        for device in list(self._fleet.devices.values()):
            if device.overdue:
                self._changed(device.name, device)

    def forget_order(self) -> None:
        """Drop what depends on the order of the devices."""
        self._replies.forget(FLEET)

    def _changed(self, name: str, device: Device | None) -> None:
        before = self._seen.get(name)
        after = self._see(device) if device else None
        if before == after:  # a heartbeat that says nothing new
            return
        if after is None:
            del self._seen[name]
        else:
            self._seen[name] = after
        self._replies.forget(name)
        if _meta(before) != _meta(after):
            self._replies.forget(FLEET)
        if (_meta(before) is None) != (_meta(after) is None):
            self._spellings = None
            self._replies.clear()  # the same word may mean another device now
            self._judge_name(name)

    def _judge_name(self, name: str) -> None:
        """Warn of a device that nobody sees, once as long as that is so."""
        if name not in self._seen or not self._aliases.steals(name):
            self._stolen.discard(name)
        elif name not in self._stolen:
            self._stolen.add(name)
            logger.warning("no client sees the device %s: an alias has its name", name)

    def _see(self, device: Device) -> _Seen:
        variables = device.state.vars if device.state else None
        return _Seen(device.meta, variables, device.fsd, self.standing(device))

    def _spelling(self, name: str) -> str:
        if self._spellings is None:
            described = reversed(self._fleet.names())
            self._spellings = {known.lower(): known for known in described}
        return self._spellings.get(name.lower(), "")


def _meta(seen: _Seen | None) -> DeviceMeta | None:
    return seen.meta if seen else None


def own_version() -> str:
    """Tell which nutbus this is."""
    try:
        return version("nutbus")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"

"""A mirror of a bus with some devices, and pages made from it, for the tests of compatibility."""

import time
from collections.abc import Mapping

from services.web.compatibility.directory import Host
from services.web.compatibility.page import Setting
from services.web.compatibility.templates import render
from services.web.link import Link
from services.web.mirror import Mirror
from shared.messages import (
    Availability,
    DeviceMeta,
    DeviceState,
    Message,
    Publication,
    device_availability,
)
from shared.service_messages import ServiceInfo, service_availability
from shared.topics import ServiceKind, Topics

TOPICS = Topics()
HERE = "thishost"
VARIABLES = {"ups.status": "OL CHRG", "ups.model": "Plain 1000", "ups.load": "42"}


class Bus:
    """Says what drivers say, to a mirror."""

    def __init__(self) -> None:
        self.link = Link("tested", TOPICS)
        self.mirror: Mirror = self.link.mirror
        self.mirror.is_connected = True
        info = ServiceInfo(version="1", host=HERE, started=0.0)
        self._say(info.publication(TOPICS, ServiceKind.DRIVER, "drivers"))
        online = Availability.ONLINE
        self._say(service_availability(TOPICS, ServiceKind.DRIVER, "drivers", online))

    def add(
        self,
        name: str,
        variables: Mapping[str, str] | None = None,
        *,
        driver: str = "dummy",
        availability: Availability = Availability.ONLINE,
        desc: str | None = None,
    ) -> None:
        """Announce a device."""
        meta = DeviceMeta(driver=driver, service="drivers", desc=desc)
        state = DeviceState(seq=0, at=time.time(), vars=dict(variables or VARIABLES))
        self._say(meta.publication(TOPICS, name))
        self._say(state.publication(TOPICS, name, urgent=True))
        self._say(device_availability(TOPICS, name, availability))

    def _say(self, publication: Publication) -> None:
        self.mirror.take(Message(publication.topic, publication.payload, True), 0.0)


def host(variables: Mapping[str, str] | None = None, system: str = "ups@localhost") -> Host:
    """Make a host that has these variables."""
    return Host(system, "My UPS", {**VARIABLES, **(variables or {})})


def page(template: str, *hosts: Host, single: bool = True, ending: str = "") -> str:
    """Fill a template in."""
    now = time.struct_time((2026, 1, 2, 3, 4, 5, 4, 2, 0))
    return render(template, Setting(hosts or (host(),), single, "9.9", now, link_ending=ending))

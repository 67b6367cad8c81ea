"""A bus with some devices and services, and the pages of it, for the tests of the pages."""

from typing import Any

from services.web.link import Link
from services.web.pages.pieces import Pieces
from services.web.pages.ranking import View
from services.web.pages.state import State
from services.web.rendering import Rendering
from services.web.settings import WebSettings
from services.web.site import Site
from shared.fleet import Device
from shared.latest import Latest
from shared.messages import (
    Availability,
    DeviceEvent,
    DeviceMeta,
    DeviceState,
    ForcedShutdown,
    Message,
    Publication,
    device_availability,
    variable,
)
from shared.service_messages import (
    MonitorPower,
    Phase,
    Role,
    ServiceInfo,
    StageOrder,
    service_availability,
)
from shared.topics import ServiceKind, Topics

TOPICS = Topics()
NASTY = "<script>alert(1)</script>\"'&"
VARIABLES = {"ups.status": "OL", "battery.charge": "90", "ups.load": "20", "battery.runtime": "900"}


def power(host: str, roles: dict[str, str], **more: Any) -> MonitorPower:
    """Say how a host stands whose supplies count 1 each."""
    values = dict.fromkeys(roles, 1)
    known = {"present": len(roles), "needed": 1, "phase": Phase.WATCHING, "values": values, **more}
    return MonitorPower(host=host, roles={k: Role(v) for k, v in roles.items()}, **known)


def device(name: str = "rack1", status: str = "OL", **parts: Any) -> Device:
    """Make a device as the mirror has it."""
    variables = {**VARIABLES, **parts.pop("variables", {}), "ups.status": status}
    known = {
        "meta": DeviceMeta(driver="dummy", service="drivers"),
        "state": DeviceState(seq=1, at=0.0, vars=variables),
        "availability": Availability.ONLINE,
        "service_online": True,
        **parts,
    }
    return Device(name, **known)


class World:
    """Drivers and monitors say what they say; `now` is the clock of the mirror."""

    def __init__(self) -> None:
        self.now = 100.0
        self.link = Link("web", TOPICS)
        self.rendering = Rendering()
        settings = {"web": {"id": "web", "history": {"enabled": False}}}
        latest = Latest(WebSettings.from_tables(settings, "test"))
        self.site = Site(self.link, latest, rendering=self.rendering)
        self.state = State(self.link, self.rendering)
        self.state.now = lambda: self.now
        self.pieces = Pieces(self.state, self.rendering)
        self.rendering.globals.update(site_title="t", product_version="0")
        self.link.mirror.connect(True)
        self.service(ServiceKind.DRIVER, "drivers")

    def say(self, *publications: Publication, retained: bool = False) -> None:
        for each in publications:
            self.link.mirror.take(Message(each.topic, each.payload, retained), self.now)

    def service(self, kind: str, id: str, online: bool = True, host: str = "box") -> None:
        value = Availability.ONLINE if online else Availability.OFFLINE
        info = ServiceInfo(version="1", host=host, started=0.0)
        self.say(service_availability(TOPICS, kind, id, value), info.publication(TOPICS, kind, id))

    def add(self, name: str, status: str = "OL", desc: str = "", **variables: str) -> None:
        meta = DeviceMeta(desc=desc or None, driver="dummy", service="drivers")
        self.say(meta.publication(TOPICS, name))
        self.says(name, status, **variables)
        self.available(name, Availability.ONLINE)

    def says(self, name: str, status: str, **variables: str) -> None:
        told = {key.replace("_", "."): value for key, value in variables.items()}
        state = DeviceState(seq=1, at=0.0, vars={**VARIABLES, **told, "ups.status": status})
        self.say(state.publication(TOPICS, name, urgent=True))

    def available(self, name: str, value: Availability) -> None:
        self.say(device_availability(TOPICS, name, value))

    def reason(self, name: str, text: str) -> None:
        self.say(variable(TOPICS, name, "driver.state", f"reconnect.trying: {text}"))

    def remove(self, name: str) -> None:
        for part in ("state", "meta", "availability"):
            self.say(Publication(f"nut/device/{name}/{part}", b"", 1, True))

    def fsd(self, name: str, by: str = "admin", reason: str = "") -> None:
        self.say(ForcedShutdown(by=by, at=0.0, reason=reason).publication(TOPICS, name))

    def monitor(self, id: str, said: MonitorPower, online: bool = True) -> None:
        self.service(ServiceKind.MONITOR, id, online)
        self.say(said.publication(TOPICS, id))

    def stage(self, by: str, *hosts: str, **more: Any) -> None:
        known = {"id": "1", "at": 0.0, "stage": "early", "deadline": 10.0, **more}
        self.say(StageOrder(hosts=list(hosts), **known).publication(TOPICS, by))

    def event(self, name: str, type: str, text: str) -> None:
        event = DeviceEvent(type=type, at=0.0, status="OB", text=text)
        self.say(event.publication(TOPICS, name))

    def html(self, id: str, name: str = "", view: View | None = None) -> str:
        """Draw one piece of any page."""
        pieces = self.pieces
        every = [
            *pieces.frame(),
            *pieces.fleet(view or View()),
            *(pieces.device(name) if name else ()),
            *pieces.events(),
            *pieces.topology(),
            *pieces.timers(),
            *pieces.services(),
        ]
        return next(piece for piece in every if piece.id == id).draw().html()

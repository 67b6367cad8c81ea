"""Devices, monitors, schedulers and gateways each text of which is an attack on a page."""

import time
from dataclasses import dataclass, field

from shared.bus import Bus
from shared.errors import ResultStatus
from shared.messages import (
    Availability,
    DeviceEvent,
    DeviceMeta,
    DeviceState,
    ForcedShutdown,
    Message,
    Publication,
    Request,
    Result,
    Writable,
    device_availability,
    read,
)
from shared.presence import Identity
from shared.service_messages import (
    Logins,
    MonitorPower,
    Phase,
    Role,
    ServiceInfo,
    StageOrder,
    Timer,
    Timers,
)
from shared.topics import DeviceTopic, OfDevice
from shared.variables import VARIABLES

NAME = "evil"
IDENTITY = Identity("driver", "d")  # of who says it all
# Every one of them has its number, so that a page tells which of them got through.
ATTACKS = (
    "<script>window.hit={n}</script>",
    '"><img src=x{n} onerror=window.hit={n}>',
    "' onmouseover='window.hit={n}' autofocus onfocus='window.hit={n}",
    '" style="position:fixed;inset:0" onpointermove="window.hit={n}',
    "javascript:window.hit={n}//",
    "</title></textarea></style></script><svg onload=window.hit={n}>",
    "<iframe srcdoc='<script>parent.hit={n}</script>'>",
    "<base href=https://{n}.example/><link rel=stylesheet href=//{n}.example/x>",
    "<meta http-equiv=refresh content='0;url=https://{n}.example/'>",
    "<form action=https://{n}.example/><button formaction=//{n}.example/>",
    "{{{{ 7*7 }}}}{{% include 'login.html' %}}${{window.hit={n}}}",
    "--><!--<script>window.hit={n}</script>\u2028\u2029\u202e\x7f\r\n\r\ndata: x\n\nevent: put",
    "https://{n}.example/\u0000",
    "&lt;script&gt;window.hit={n}&lt;/script&gt;&#x22;&quot;",
)


@dataclass
class HostileFleet:
    """Says its attacks on the bus, anew with `attack` as the place to begin in the list."""

    place: int = 0
    attack: int = 0
    bus: Bus | None = None
    rounds: int = 0
    orders: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Give the next attack."""
        self.place += 1
        return ATTACKS[(self.place + self.attack) % len(ATTACKS)].format(n=self.place)

    @property
    def mark(self) -> str:
        """Give a text that every page shows when it has got the latest attacks."""
        return f"round {self.rounds}"

    async def session(self, bus: Bus) -> None:
        """Say all there is to say, and answer what is ordered, with attacks too."""
        await bus.subscribe(*bus.topics.requests())
        self.bus = bus
        await self.say_all()
        await bus.online()
        try:
            async for message in bus.listen():
                about = bus.topics.parse(message.topic)
                if isinstance(about, OfDevice):
                    await self._answer(bus, about, message)
        finally:
            self.bus = None

    async def say_all(self, round_: int = 0) -> None:
        """Say everything, beginning with another attack in each round."""
        assert self.bus
        self.place, self.attack = 0, round_
        self.rounds += 1
        topics = self.bus.topics
        for publication in (*self._of_device(), *self._of_services()):
            await self.bus.publish(publication)
        await self.bus.publish(device_availability(topics, NAME, Availability.ONLINE))

    def _of_device(self) -> list[Publication]:
        assert self.bus
        topics, text = self.bus.topics, self.text
        variables = {name: text() for name in sorted(VARIABLES)}
        parts = ("desc", "name", "status", "switchable", "realpower", "current")
        variables |= {f"outlet.{number}.{part}": text() for number in (1, 2) for part in parts}
        variables |= {
            "ups.status": f"OB LB {text()}",
            "ups.alarm": text(),
            "x.y": text(),
            text(): text(),
        }
        writable = {
            "ups.id": Writable(max_length=40),
            "x.y": Writable(enum=[text(), text()]),
            text(): Writable(enum=[text()]),
            "battery.charge.low": Writable(type="number", ranges=[(0, 99)]),
        }
        commands = ["load.off", "beeper.mute", "outlet.1.load.off", "x.unknown", text(), text()]
        meta = DeviceMeta(desc=text(), driver=text(), service=IDENTITY.id, commands=commands,
                          writable=writable, heartbeat=3600.0)  # fmt: skip
        reason = topics.device(NAME, DeviceTopic.VARIABLE, "driver.state")
        return [
            meta.publication(topics, NAME),
            DeviceState(seq=self.place, at=time.time(), vars=variables).publication(
                topics, NAME, urgent=True
            ),
            ForcedShutdown(by=text(), at=time.time(), reason=text()).publication(topics, NAME),
            DeviceEvent(type=text(), at=time.time(), status=text(), text=text()).publication(
                topics, NAME
            ),
            Publication(reason, text().encode(errors="replace"), 0, True),
        ]

    def _of_services(self) -> list[Publication]:
        assert self.bus
        topics, text, now = self.bus.topics, self.text, time.time()
        power = MonitorPower(
            host=f"{text()} {self.mark}",
            roles={NAME: Role.PRIMARY, text(): Role.SECONDARY},
            values={NAME: 1},
            critical=[NAME],
            present=0,
            needed=1,
            phase=Phase.FINAL,
        )
        stage = StageOrder(id="1", at=now, stage=text(), hosts=[text(), "m"], deadline=60.0,
                           reason=text())  # fmt: skip
        timer = Timer(name=text(), device=text(), due=now + 600, action=text())
        info = ServiceInfo(version=text(), host=text(), started=now, devices=[text()])
        found = [
            power.publication(topics, "m"),
            stage.publication(topics, "m"),
            Timers(at=now, timers=[timer]).publication(topics, "s"),
            Logins(logins={NAME: [text(), text()]}).publication(topics, "g"),
        ]
        for kind, id in (("monitor", "m"), ("scheduler", "s"), ("gateway", "g"), ("driver", "d")):
            found.append(info.publication(topics, kind, id))
            found.append(
                Publication(f"{topics.prefix}/service/{kind}/{id}/availability", b"online", 1, True)
            )
        return found

    async def _answer(self, bus: Bus, about: OfDevice, message: Message) -> None:
        self.orders.append(about.name)
        request = read(Request, message)
        result = Result(id=request.id, request=str(about.part), name=about.name,
                        status=ResultStatus.FAILED, detail=self.text(), at=time.time())  # fmt: skip
        await bus.publish(result.publication(bus.topics, about.device))

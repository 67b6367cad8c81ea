"""Our driver service and gateway for tests that block, on the settings files of a `RealNut`.

They run in an event loop of their own in a thread, with a Mosquitto of their own. Devices that are
`Scripted` are played on the bus by the test, from the very lines that `RealNut` tells upsd.
"""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Self

import uvloop

from services.driver import app as driver
from services.driver.settings import DriverSettings
from services.gateway import app as gateway
from services.gateway.settings import GatewaySettings
from shared.bus import Bus, connect
from shared.errors import ResultStatus
from shared.latest import Latest
from shared.messages import (
    Availability,
    DeviceMeta,
    DeviceState,
    Request,
    Result,
    Writable,
    device_availability,
    read,
)
from shared.nutconfig import nut_settings
from shared.nutwire import split
from shared.presence import Identity
from shared.service_messages import ServiceInfo
from shared.settings import BusSettings
from shared.topics import DeviceTopic, OfDevice, Topics
from tests.brokers import Mosquitto
from tests.ports import free_port
from tests.realnut import Scripted

START_TIMEOUT = 40.0
CHECK_INTERVAL = 0.02
SERVICE = "zz-scripted"  # sorts behind the driver service
RESULTS = (ResultStatus.OK, ResultStatus.UNKNOWN, ResultStatus.INVALID, ResultStatus.FAILED)


class ScriptedOnBus:
    """A driver service that plays `Scripted` devices; `orders` has what it was asked to do."""

    def __init__(self, devices: Mapping[str, Scripted]) -> None:
        self.topics = Topics()
        self.devices = {name: _Played(device) for name, device in devices.items()}
        self.orders: list[tuple[str, str, str | None]] = []
        self.is_playing = asyncio.Event()
        self._bus: Bus | None = None

    async def declare(self, name: str, availability: Availability) -> None:
        """Say whether a device can be talked to."""
        assert self._bus is not None
        await self._bus.publish(device_availability(self.topics, name, availability))

    async def change(self, name: str, variable: str, value: str) -> None:
        """Let a device have another value."""
        assert self._bus is not None
        self.devices[name].variables[variable] = value
        await self._publish_state(self._bus, name)

    async def play(self, settings: BusSettings) -> None:
        """Play all devices until cancelled."""
        async with connect(settings, Identity("driver", SERVICE)) as bus:
            await bus.subscribe(*self.topics.requests())
            info = ServiceInfo(version="0", host="test", started=0.0, devices=[*self.devices])
            await bus.publish(info.publication(self.topics, "driver", SERVICE))
            for name, played in self.devices.items():
                await bus.publish(played.meta.publication(self.topics, name))
                await self._publish_state(bus, name)
                await bus.publish(device_availability(self.topics, name, Availability.ONLINE))
            await bus.online()
            self._bus = bus
            self.is_playing.set()
            async for message in bus.listen():
                about = self.topics.parse(message.topic)
                assert isinstance(about, OfDevice)
                if about.device in self.devices:  # the filters match every device
                    await self._take(bus, about, read(Request, message))

    async def _take(self, bus: Bus, about: OfDevice, request: Request) -> None:
        played = self.devices[about.device]
        self.orders.append((about.device, about.name, request.value))
        code = played.results.get(about.name)
        if code is None:
            return
        if code == 0 and about.part is DeviceTopic.SET and request.value is not None:
            played.variables[about.name] = request.value
            await self._publish_state(bus, about.device)
        result = Result(
            id=request.id,
            request=str(about.part),
            name=about.name,
            status=RESULTS[code],
            by=request.by,
            at=time.time(),
        )
        await bus.publish(result.publication(self.topics, about.device))

    async def _publish_state(self, bus: Bus, name: str) -> None:
        state = DeviceState(seq=0, at=time.time(), vars=self.devices[name].variables)
        await bus.publish(state.publication(self.topics, name, urgent=True))


class _Played:
    """What the lines of a driver's socket say, as the bus has it."""

    def __init__(self, device: Scripted) -> None:
        self.results = device.results
        self.variables: dict[str, str] = {}
        commands: list[str] = []
        writable: dict[str, dict[str, Any]] = {}
        for line in device.lines:
            match split(line):
                case ["SETINFO", name, value]:
                    self.variables[name] = value
                case ["SETFLAGS", name, "RW", *kinds]:
                    kind = "string" if "STRING" in kinds else "number"
                    writable[name] = {"type": kind, "enum": [], "ranges": []}
                case ["SETAUX", name, length]:
                    writable[name]["max_length"] = int(length)
                case ["ADDENUM", name, value]:
                    writable[name]["enum"].append(value)
                case ["ADDRANGE", name, low, high]:
                    writable[name]["ranges"].append((float(low), float(high)))
                case ["ADDCMD", name]:
                    commands.append(name)
        self.meta = DeviceMeta(
            desc=device.desc,
            driver="scripted",
            service=SERVICE,
            commands=commands,
            writable={name: Writable(**table) for name, table in writable.items()},
            heartbeat=3600.0,
        )


class OurNut:
    """Our server on a free port of 127.0.0.1; a context manager.

    `directory` has NUT's settings files. `gateway` is added to the gateway's table and `driver` to
    the driver's.
    """

    def __init__(
        self,
        directory: Path,
        *,
        scripted: Mapping[str, Scripted] | None = None,
        gateway: Mapping[str, Any] | None = None,
        driver: Mapping[str, Any] | None = None,
    ) -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self.scripted = ScriptedOnBus(scripted or {})
        self.broker = Mosquitto(directory)
        tables = nut_settings(directory)
        tables["bus"] = {"broker": self.broker.url}
        tables["gateway"] |= {"listen": [self.address], "id": "tested", **(gateway or {})}
        tables["driver"] |= {"id": "aa-driver", **(driver or {})}
        for name in scripted or {}:
            tables["devices"].pop(name, None)
        self.settings = Latest(GatewaySettings.from_tables(tables, "test"))
        self._driver_settings = Latest(DriverSettings.from_tables(tables, "test"))
        self._thread = threading.Thread(target=self._run)
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(START_TIMEOUT)
        try:
            self._await_open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop and self._task:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    @property
    def address(self) -> str:
        """Host and port as NUT's clients take them after the `@`."""
        return f"{self.host}:{self.port}"

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something in the event loop of the services."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_TIMEOUT)

    def ask(self, question: str) -> str:
        """Send one request line on a connection of its own and return the first line back."""
        with socket.create_connection((self.host, self.port), timeout=30) as connection:
            connection.sendall(question.encode() + b"\n")
            with connection.makefile("r") as replies:
                return replies.readline().rstrip("\n")

    def await_answer(self, question: str, expected: str) -> None:
        """Wait until the server answers a request line with this line."""
        deadline = time.monotonic() + START_TIMEOUT
        while (answer := self.ask(question)) != expected:
            assert time.monotonic() < deadline, f"{question!r}: {answer!r}, not {expected!r}"
            time.sleep(CHECK_INTERVAL)

    def await_readable(self, name: str) -> None:
        """Wait until the server has the device's data."""
        deadline = time.monotonic() + START_TIMEOUT
        while not (answer := self.ask(f"GET VAR {name} ups.status")).startswith("VAR"):
            assert time.monotonic() < deadline, f"{name}: {answer}"
            time.sleep(CHECK_INTERVAL)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    def _await_open(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            if self._error:
                raise self._error
            with contextlib.suppress(ConnectionError):
                socket.create_connection((self.host, self.port), timeout=30).close()
                return
            assert time.monotonic() < deadline, "the gateway does not accept connections"
            time.sleep(CHECK_INTERVAL)

    async def _serve(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            await self.broker.start()
            self._ready.set()
            async with asyncio.TaskGroup() as tasks:
                if self.scripted.devices:
                    tasks.create_task(self.scripted.play(self.settings.value.bus))
                tasks.create_task(driver.run(self._driver_settings))
                tasks.create_task(gateway.run(self.settings))
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            self._error = error
        finally:
            self._ready.set()
            await self.broker.stop()

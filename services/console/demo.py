"""`nutbus demo`: a small simulated fleet on the bus and on a NUT port, acting out a power cut."""

import asyncio
import contextlib
import os
import shutil
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from services.console import up, watching
from services.console.live import View, view
from shared import service
from shared.errors import PowerError
from shared.events import EventType
from shared.messages import Availability
from shared.topics import DeviceTopic, Topics

HOST = "127.0.0.1"
BROKER_PORT = 1883
WEB_PORT = 8493
PORTS_TRIED = 100
READY_TIMEOUT = 60.0  # a small board takes its time
SCENE_TIMEOUT = 120.0
UPSES = ("ups1", "ups2")

# Their time goes fast, so that the act is short; the second UPS carries less and lasts longer.
DEVICES: dict[str, dict[str, Any]] = {
    "ups1": {
        "driver": "simulated",
        "desc": "Demo UPS of rack 1",
        "serial": "DEMO0001",
        "load": 55.0,
        "speed": 30.0,
        "poll_interval": 0.5,
    },
    "ups2": {
        "driver": "simulated",
        "desc": "Demo UPS of rack 2",
        "serial": "DEMO0002",
        "load": 20.0,
        "speed": 30.0,
        "poll_interval": 0.5,
    },
    "pdu1": {
        "driver": "simulated",
        "desc": "Demo PDU of rack 1",
        "serial": "DEMO0003",
        "kind": "pdu",
        "poll_interval": 0.5,
    },
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One turn of the story: after `pause` seconds say, set, and wait for an event of a device."""

    pause: float
    says: str
    sets: tuple[tuple[str, str, str], ...]
    until: tuple[str, EventType]


STORY = (
    Scene(
        pause=5.0,
        says="The mains fails: input.voltage of both UPSes goes to 0.",
        sets=tuple((ups, "input.voltage", "0") for ups in UPSES),
        until=("ups1", EventType.LOWBATT),
    ),
    Scene(
        pause=4.0,
        says="The mains is back: input.voltage of both UPSes is 230 again.",
        sets=tuple((ups, "input.voltage", "230") for ups in UPSES),
        until=("ups2", EventType.ONLINE),
    ),
)


def run(first_port: int) -> None:
    """Act until Ctrl-C; what is written to disk, the history for the charts, goes at the end."""
    port, broker_port, web_port = map(free_port, (first_port, BROKER_PORT, WEB_PORT))
    with tempfile.TemporaryDirectory(prefix="nutbus-demo-") as folder:
        home = up.household(tables(port, broker_port, web_port, Path(folder)), "demo")
        if port != first_port:
            typer.echo(f"Port {first_port} is taken; the NUT port of this demo is {port}.")
        service.run(lambda: home, lambda settings: _play(settings, port, web_port))
    typer.echo("\nThe demo is over; nothing is left behind.")


def tables(port: int, broker_port: int, web_port: int, folder: Path) -> dict[str, Any]:
    """Write the settings of the demo as a settings file would have them; it writes to `folder`."""
    return {
        "bus": {"broker": f"embedded://{HOST}:{broker_port}"},
        "audit": {"file": ""},
        "driver": {"id": "demo"},
        "devices": DEVICES,
        "gateway": {
            "id": "demo",
            "listen": [f"{HOST}:{port}"],
            "users": {
                "demo": {
                    "password": "demo",
                    "actions": ["SET", "FSD"],
                    "instcmds": ["ALL"],
                    "upsmon": "primary",
                }
            },
        },
        "web": {
            "id": "demo",
            "listen": [f"{HOST}:{web_port}"],
            "title": "nutbus demo",
            "history": {"file": str(folder / "history.sqlite")},
        },
    }


def free_port(first: int) -> int:
    """Find the first port from `first` on that nobody listens on."""
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
    raise PowerError(f"no free port from {first} to {first + PORTS_TRIED - 1} on {HOST}")


async def _play(settings: service.Reloadable[up.Household], port: int, web_port: int) -> None:
    async with asyncio.TaskGroup() as tasks:
        household = tasks.create_task(up.run(settings))
        for each in (port, web_port):
            await _until_served(each)
        async with view(settings.value.bus, DeviceTopic.EVENT, DeviceTopic.RESULT) as seen:
            await _until_online(seen)
            typer.echo(introduction(port, web_port, str(settings.value.bus.address)))
            for scene in STORY:
                await _act(seen, scene)
            typer.echo(f"{_now()}  The story is told; the fleet stays until Ctrl-C.")
            while True:
                await _show_next(seen)
        household.cancel()


async def _act(seen: View, scene: Scene) -> None:
    await _listen_for(seen, scene.pause, None)
    typer.echo(f"{_now()}  -- {scene.says}")
    for device, variable, value in scene.sets:
        await seen.request(device, DeviceTopic.SET, variable, value, READY_TIMEOUT)
    await _listen_for(seen, SCENE_TIMEOUT, scene.until)


async def _listen_for(seen: View, seconds: float, awaited: tuple[str, EventType] | None) -> None:
    """Show what happens until the event awaited, or for the time given."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                if await _show_next(seen) == awaited:
                    return


async def _show_next(seen: View) -> tuple[str, str]:
    device, event = await seen.events.get()
    typer.echo(watching.event_line(device, event, as_json=False))
    return device, event.type


async def _until_served(port: int) -> None:
    try:
        async with asyncio.timeout(READY_TIMEOUT):
            while not await _is_served(port):  # noqa: ASYNC110 -- a port gives no sign when it opens
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise PowerError(f"nobody opened port {port} in {READY_TIMEOUT:.0f} s") from None


async def _is_served(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


async def _until_online(seen: View) -> None:
    changed = asyncio.Event()
    seen.fleet.follow(lambda _name, _device: changed.set())
    try:
        async with asyncio.timeout(READY_TIMEOUT):
            while not all(_is_online(seen, name) for name in DEVICES):
                changed.clear()
                await changed.wait()
    except TimeoutError:
        raise PowerError("the simulated devices did not come up; see the log above") from None


def _is_online(seen: View, name: str) -> bool:
    device = seen.fleet.devices.get(name)
    return device is not None and device.standing is Availability.ONLINE


def introduction(port: int, web_port: int, broker: str) -> str:
    """Say what runs where and what to try."""
    nutbus = _own_name()
    events = Topics().every_device(DeviceTopic.EVENT)
    at = "" if port == 3493 else f":{port}"
    return f"""\
Two UPSes and a PDU, all simulated, are on the bus at {broker} and on the NUT port {port}.
Their pages are at http://{HOST}:{web_port}/ (user demo, password demo).

In another terminal try:

  {nutbus} watch --broker {broker}
  {nutbus} upsc -L {HOST}:{port}
  upsc ups1@{HOST}{at}                      (NUT's own tool, from the package nut-client)
  {nutbus} upscmd -u demo -p demo ups1@{HOST}:{port} test.battery.start.quick
  {nutbus} command pdu1 outlet.3.load.off --broker {broker}
  {nutbus} set ups2 input.voltage 0 --broker {broker}     (a power cut of your own)
  mosquitto_sub -h {HOST} -p {broker.rpartition(":")[2]} -v -t '{events}'

What happens is shown here. A power cut comes in {STORY[0].pause:.0f} seconds; Ctrl-C ends it all.
"""


def _own_name() -> str:
    """Spell the command as the user can type it."""
    found = shutil.which("nutbus")
    own = Path(sys.argv[0])
    if found and own.exists() and Path(found).samefile(own):
        return "nutbus"
    return os.path.relpath(own) if own.is_file() else "nutbus"


def _now() -> str:
    return time.strftime("%H:%M:%S")

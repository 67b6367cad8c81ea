"""What runs until Ctrl-C: the live table and the stream of events."""

import asyncio
import json
import time

import typer
from rich.console import Console
from rich.live import Live

from services.console import render
from services.console.live import View, view
from shared.fleet import Device
from shared.messages import DeviceEvent
from shared.settings import BusSettings
from shared.topics import DeviceTopic

REDRAW_INTERVAL = 0.25  # changes that come closer together are drawn at once


async def watch(settings: BusSettings, only: frozenset[str]) -> None:
    """Draw the fleet again whenever it changes; without a terminal, draw it once."""
    console = Console()
    async with view(settings) as seen:
        if not console.is_terminal:
            console.print(render.fleet_table(_chosen(seen, only)))
            return
        changed = asyncio.Event()
        seen.fleet.follow(lambda _name, _device: changed.set())
        with Live(console=console, screen=True, auto_refresh=False) as screen:
            while True:
                screen.update(render.fleet_table(_chosen(seen, only)), refresh=True)
                changed.clear()
                await changed.wait()
                await asyncio.sleep(REDRAW_INTERVAL)


async def events(settings: BusSettings, only: frozenset[str], as_json: bool) -> None:
    """Print each event as it comes."""
    async with view(settings, DeviceTopic.EVENT) as seen:
        while True:
            device, event = await seen.events.get()
            if not only or device in only:
                typer.echo(event_line(device, event, as_json))


def event_line(device: str, event: DeviceEvent, as_json: bool) -> str:
    """Write one event as a line of text or of JSON."""
    if as_json:
        return json.dumps({"device": device, **event.model_dump()})
    at = time.strftime("%H:%M:%S", time.localtime(event.at))
    return f"{at}  {device}  {event.type:<9}  {event.text}  [{event.status}]"


def _chosen(seen: View, only: frozenset[str]) -> list[Device]:
    devices = (seen.fleet.devices[name] for name in seen.fleet.names())
    return [device for device in devices if not only or device.name in only]

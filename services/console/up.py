"""`nutbus up`: the broker and every service that the settings name, in one process."""

import asyncio
import contextlib
import logging
import os
import random
import secrets
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from services.broker import app as broker
from services.broker.settings import BrokerServiceSettings, BrokerSettings, BrokerUser
from services.driver import app as driver
from services.driver.settings import DriverSettings
from services.gateway import app as gateway
from services.gateway.risks import risks
from services.gateway.settings import GatewaySettings
from services.gateway.tls import tls_context
from services.homeassistant import app as homeassistant
from services.homeassistant.settings import HomeAssistantSettings
from services.monitor import app as monitor
from services.monitor.instance import held_pid_file
from services.monitor.privileged import Orders, become, clear_flag
from services.monitor.settings import MonitorSettings
from services.monitor.start import separated
from services.scheduler import app as scheduler
from services.scheduler.settings import SchedulerSettings
from services.web.settings import WebSettings
from shared.errors import PowerError, SettingsError, first_error
from shared.latest import Latest
from shared.listening import Address
from shared.nutconfig import read_nut
from shared.service import Reloadable
from shared.settings import BusSettings, ServiceSettings, merged, read_toml
from shared.supervisor import GATEWAY_CLIENTS

MAX_DELAY = 60.0
INTERNAL_USER = "nutbus-up"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What services get beside their settings: reading these again, and a way to shut down.

    `orders` leads to the privileged parent of the monitor, where there is one.
    """

    reload: Callable[[], None]
    orders: Orders | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One service that `up` can start: it does when one of `sections` is there."""

    name: str
    sections: tuple[str, ...]
    settings: type[ServiceSettings]
    run: Callable[[Latest[Any], Means], Coroutine[Any, Any, None]]


async def _web(settings: Latest[WebSettings]) -> None:
    """Load the HTTP server only where pages are wanted: it takes a while, and memory."""
    from services.web.app import run

    await run(settings)


SERVICES = (
    Service(
        "driver",
        ("devices", "driver"),
        DriverSettings,
        lambda settings, means: driver.run(settings, means.reload),
    ),
    Service("gateway", ("gateway",), GatewaySettings, lambda settings, _: gateway.run(settings)),
    Service(
        "monitor",
        ("monitor",),
        MonitorSettings,
        lambda settings, means: monitor.run(settings, means.orders),
    ),
    Service(
        "scheduler", ("scheduler",), SchedulerSettings, lambda settings, _: scheduler.run(settings)
    ),
    Service(
        "homeassistant",
        ("homeassistant",),
        HomeAssistantSettings,
        lambda settings, _: homeassistant.run(settings),
    ),
    Service("web", ("web",), WebSettings, lambda settings, _: _web(settings)),
)


@dataclass(frozen=True, slots=True)
class Household:
    """All that one process runs: the broker, if it is ours, and the settings of each service."""

    bus: BusSettings
    broker: BrokerSettings | None
    services: dict[str, ServiceSettings]


def parts(all_: Household) -> list[str]:
    """Name what has to serve until all is ready for systemd (`Supervisor.serves`)."""
    awaited: list[str] = list(all_.services)
    if "gateway" in all_.services:
        awaited.append(GATEWAY_CLIENTS)
    if "web" in all_.services:
        from services.web.server import PAGES

        awaited.append(PAGES)
    return [*awaited, broker.BROKER] if all_.broker else awaited


def load(config: Path | None, nut_config: Path | None) -> Household:
    """Read the settings of everything; SettingsError when there is nothing to run."""
    tables = read_nut(nut_config, together=True).tables if nut_config else {}
    if config:
        tables = merged(tables, read_toml(config))
    source = str(config or nut_config or "settings")
    return household(tables, source)


def household(tables: dict[str, Any], source: str) -> Household:
    """Check the tables of a settings file for every service that they name."""
    bus = ServiceSettings.from_tables(tables, source).bus
    services = {
        service.name: service.settings.from_tables(tables, source)
        for service in SERVICES
        if any(section in tables for section in service.sections)
    }
    if not services:
        known = ", ".join(f"[{service.sections[0]}]" for service in SERVICES)
        raise SettingsError(f"{source}: none of {known} is there, so nothing to run")
    if not bus.address.embedded:
        return Household(bus, None, services)
    own = BrokerServiceSettings.from_tables(_with_listener(tables, bus), source).broker
    sought = Address(bus.address.host, bus.address.port)
    if not any(_leads_to(address, sought) for address in own.addresses):
        raise SettingsError(
            f"{source}: broker: listen has not {sought}, where the services look for it: add it, "
            'or name another address to them, as broker = "embedded://127.0.0.1:1884" in [bus]'
        )
    return _let_in(Household(bus, own, services))


@contextlib.contextmanager
def monitor_prepared(all_: Household, user: str | None = None) -> Generator[Orders | None]:
    """Be this host's monitor inside the block, if one is to run: `nutbus monitor -c` finds it.

    Started by root for a `user` or with run_as_user, the right to shut down stays in a parent, and
    everything else becomes that user; so enter it before there is an event loop. Without, one line
    warns.
    """
    settings = all_.services.get("monitor")
    if not isinstance(settings, MonitorSettings):
        if user and os.geteuid() == 0:
            become(user)
        yield None
        return
    with held_pid_file(settings.monitor.pid_file):
        clear_flag(settings.monitor.power_down_flag)
        if os.geteuid() != 0:
            yield None
        elif user or settings.monitor.run_as_user:
            yield _checked(separated(settings, user))
        else:
            logger.warning("all runs as root: set run_as_user in [monitor], or run nutbus monitor")
            yield None


def _checked(orders: Orders) -> Orders:
    """Refuse to go on as a user for whom half of Python is not there."""
    if not os.access(os.__file__, os.R_OK):
        raise SettingsError(
            f"run_as_user cannot read Python itself, below {Path(os.__file__).parent}"
        )
    return orders


async def run(settings: Reloadable[Household], orders: Orders | None = None) -> None:
    """Run everything until cancelled; a service that crashes is restarted, the others go on."""
    own = settings.value.broker
    # The broker leaves last, so that the services can say goodbye.
    async with (
        broker.serving(own) if own else contextlib.nullcontext(),
        asyncio.TaskGroup() as tasks,
    ):
        shares = {name: Latest(value) for name, value in settings.value.services.items()}
        for service in SERVICES:
            if service.name in shares:
                share = shares[service.name]
                tasks.create_task(keep_running(service, share, Means(settings.reload, orders)))
        tasks.create_task(_hand_on(settings, shares))


async def keep_running(service: Service, settings: Latest[Any], means: Means) -> None:
    """Run one service; after a crash start it again, later each time."""
    attempt, loop = 0, asyncio.get_running_loop()
    while True:
        began = loop.time()
        # In a task of its own, as in shared.reconnecting.stay_connected and for the same reason.
        async with asyncio.TaskGroup() as alone:
            trying = alone.create_task(_ends_by_itself(service, settings, means))
        if trying.result():
            logger.info("%s is done", service.name)
            return
        attempt = 0 if loop.time() - began > MAX_DELAY else attempt + 1
        delay = random.uniform(0.5, 1.0) * longest_delay(attempt)  # noqa: S311 -- no secret
        logger.warning("%s starts again in %.0f s", service.name, delay)
        await asyncio.sleep(delay)


def longest_delay(attempt: int) -> float:
    """Give the seconds that the next start is at most put off; `attempt` counts from 1, no end."""
    return min(MAX_DELAY, 2.0 ** min(attempt, 10))


async def _ends_by_itself(service: Service, settings: Latest[Any], means: Means) -> bool:
    """Run one service once; a crash is logged and is no end."""
    ended = False
    try:
        await service.run(settings, means)
        ended = True
    except* PowerError as group:
        logger.error("%s ended: %s", service.name, first_error(group))
    except* Exception:  # one service must never take the others with it
        logger.exception("%s crashed", service.name)
    return ended


async def _hand_on(settings: Latest[Household], shares: dict[str, Latest[ServiceSettings]]) -> None:
    """Give each service its part of reloaded settings."""
    async for new in settings.follow():
        for name, share in shares.items():
            if name in new.services and new.services[name] != share.value:
                share.set(new.services[name])
        if new.services.keys() != shares.keys():
            logger.warning(
                "sections were added or removed: restart nutbus to start or stop services"
            )


def _with_listener(tables: dict[str, Any], bus: BusSettings) -> dict[str, Any]:
    own = tables.get("broker", {})
    address = bus.address
    host = f"[{address.host}]" if ":" in address.host else address.host
    return {**tables, "broker": {"listen": [f"{host}:{address.port}"], **own}}


def _leads_to(listening: Address, sought: Address) -> bool:
    """Tell whether a listener can be reached at an address; names may lead anywhere."""
    if listening.port != sought.port:
        return False
    try:
        here, there = ip_address(listening.host), ip_address(sought.host)
    except ValueError:
        return True
    return here.is_unspecified or here == there


def _let_in(all_: Household) -> Household:
    """Give our own services a login of this run, where the embedded broker asks for one."""
    if not all_.broker or not all_.broker.users or all_.bus.username:
        return all_
    password = SecretStr(secrets.token_urlsafe(32))
    users = {**all_.broker.users, INTERNAL_USER: BrokerUser(password=password)}
    login = {"username": INTERNAL_USER, "password": password}
    return Household(
        all_.bus.model_copy(update=login),
        all_.broker.model_copy(update={"users": users}),
        {
            name: settings.model_copy(update={"bus": settings.bus.model_copy(update=login)})
            for name, settings in all_.services.items()
        },
    )


def summary(all_: Household) -> list[str]:
    """Say in a few lines what would run, without secrets."""
    where = f"embedded, at {all_.bus.address}" if all_.broker else str(all_.bus.address)
    lines = [f"broker: {where}"]
    for name, settings in all_.services.items():
        if isinstance(settings, DriverSettings):
            lines += [f"device {name}: {_driver_of(settings, name)}" for name in settings.devices]
        elif isinstance(settings, GatewaySettings):
            lines += _served(settings)
        elif isinstance(settings, MonitorSettings):
            lines += _monitored(settings)
        elif isinstance(settings, WebSettings):
            lines.append(f"web: {', '.join(settings.web.urls)}")
        else:
            lines.append(name)
    return lines


def _served(settings: GatewaySettings) -> list[str]:
    section = settings.gateway
    users = ", ".join(section.every_user) or "none"
    lines = [f"gateway: {', '.join(section.listen)}; users: {users}"]
    lines += [f"name {name}: {alias.device}" for name, alias in section.every_alias.items()]
    return lines + [f"warning: gateway: {risk}" for risk in risks(section)]


def _monitored(settings: MonitorSettings) -> list[str]:
    section = settings.monitor
    command = section.shutdown_command or "nothing"
    runs = "dry run of" if section.dry_run else "runs"
    lines = [f"monitor: {runs} {command!r}, with {section.min_supplies} supplies at least"]
    for supply in section.supplies:
        feeds = f"power value {supply.power_value}"
        lines.append(f"supply {supply.device or supply.address}: {supply.role}, {feeds}")
    return lines


def devices_that_cannot_run(all_: Household) -> list[str]:
    """Name the devices without a driver or with a port or options that it cannot work with."""
    return [
        name
        for settings in all_.services.values()
        if isinstance(settings, DriverSettings)
        for name in settings.devices
        if settings.trouble(name)
    ]


def gateway_trouble(all_: Household) -> str:
    """Say why the gateway cannot start with its certificate; empty if it can."""
    settings = all_.services.get("gateway")
    try:
        if isinstance(settings, GatewaySettings):
            tls_context(settings.gateway)
    except SettingsError as error:
        return str(error)
    return ""


def _driver_of(settings: DriverSettings, name: str) -> str:
    device = settings.devices[name]
    trouble = settings.trouble(name)
    if device.kind is None:
        return trouble
    # What is wrong may be a secret in the port.
    return f"{device.driver}: {trouble}" if trouble else f"{device.driver} on {device.port}"

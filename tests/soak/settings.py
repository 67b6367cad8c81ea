"""The settings of each part of a soak's set."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HEARTBEAT = 1.0
DEAD_TIME = 5.0
HOST_SYNC = 4.0
FINAL_DELAY = 0.5
HOME = "ha"  # id of Home Assistant's service
USER, PASSWORD = "operator", "soak"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the set keeps its things; `commands` are the shutdown commands of the hosts."""

    folder: Path
    state: Path
    ports: Mapping[str, int]
    commands: Mapping[str, str]


def tables(place: Place) -> dict[str, tuple[str, str]]:
    """Give the kind of each service and its sections, by its name."""
    ports, state = place.ports, place.state
    audit = f'[audit]\nfile = "{state}/audit.jsonl"\n'
    return {
        "d1": ("driver", _driver("d1", 1, _device(place, "rack1"), _device(place, "rack2"), place)),
        "d2": ("driver", _driver("d2", 2, "", "", place)),
        "gateway": (
            "gateway",
            f'{audit}[gateway]\nid = "gateway"\nlisten = ["127.0.0.1:{ports["gateway"]}"]\n'
            f"max_age = {3 * HEARTBEAT}\n"
            f'[gateway.users.{USER}]\npassword = "{PASSWORD}"\nactions = ["SET", "FSD"]\n',
        ),
        "web": (
            "web",
            f'{audit}[web]\nid = "web"\nlisten = ["127.0.0.1:{ports["web"]}"]\n'
            f'[web.history]\nfile = "{state}/history.sqlite"\n',
        ),
        "homeassistant": (
            "homeassistant",
            f'[homeassistant]\nid = "{HOME}"\nstate_file = "{state}/homeassistant.json"\n'
            "save_interval = 2.0\n",
        ),
        "scheduler": (
            "scheduler",
            f'[scheduler]\nid = "scheduler"\ndatabase = "{state}/scheduler.sqlite3"\n'
            "retry_delay = 0.5\nmax_retry_delay = 2.0\n"
            f'[scheduler.receivers.hook]\nurls = "json://127.0.0.1:{ports["hook"]}"\n'
            '[[scheduler.rules]]\nwhen = "ONBATT"\nquiet = 0\n'
            'do = { notify = "{device} {ups.id}" }\n',
        ),
        "boss": ("monitor", _monitor(place, "boss", "primary", "rack1")),
        "web1": ("monitor", _monitor(place, "web1", "secondary", "rack1")),
        "big": ("monitor", _monitor(place, "big", "primary", "rack2", "twin")),
    }


def _driver(id: str, priority: int, first: str, second: str, place: Place) -> str:
    head = f'[driver]\nid = "{id}"\nheartbeat = {HEARTBEAT}\npoll_interval = 0.5\n'
    twin = f"{_device(place, 'twin')}standby = true\npriority = {priority}\n"
    return head + first + second + twin


def _device(place: Place, name: str) -> str:
    return f'[devices.{name}]\ndriver = "dummy"\nport = "{place.folder}/{name}.dev"\n'


def _monitor(place: Place, id: str, role: str, *devices: str) -> str:
    quiet = ("ONLINE", "ONBATT", "LOWBATT", "FSD", "COMMOK", "COMMBAD", "SHUTDOWN", "NOCOMM")
    told = "".join(f'[monitor.notify.{type_}]\nflags = ["SYSLOG"]\n' for type_ in quiet)
    supplies = "".join(
        f'[[monitor.supplies]]\ndevice = "{device}"\nrole = "{role}"\n' for device in devices
    )
    return (
        f'[monitor]\nid = "{id}"\nshutdown_command = ["{place.commands[id]}"]\n'
        f'power_down_flag = "{place.folder}/{id}.killpower"\n'
        f'pid_file = "{place.folder}/{id}.pid"\n'
        f"dead_time = {DEAD_TIME}\nhost_sync = {HOST_SYNC}\nfinal_delay = {FINAL_DELAY}\n"
        f"{supplies}{told}"
    )

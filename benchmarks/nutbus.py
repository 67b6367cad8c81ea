"""Our own programs: brokers, driver service, gateway, monitor, and `nutbus up`."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.programs import Programs, is_accepting
from benchmarks.question import are_readable
from benchmarks.served import DEV_FILE, names
from benchmarks.server import Server
from tests.brokers import Mosquitto, find_program
from tests.monitors import QUIET
from tests.ports import free_port

USER, PASSWORD = "admin", "benchmark"

Tables = Mapping[str, Mapping[str, object]]


def start_mosquitto(programs: Programs) -> tuple[str, int]:
    """Start Mosquitto, set as in deploy/mosquitto.conf; return its URL and its process."""
    broker = Mosquitto(programs.folder)
    program = find_program(broker.program, broker.package)
    *option, settings = broker.command()
    with Path(settings).open("a") as file:
        file.write("set_tcp_nodelay true\n")
    process = programs.start("mosquitto", program, *option, settings)
    programs.until(lambda: is_accepting(broker.port), "mosquitto does not start")
    return broker.url, process


def start_embedded_broker(programs: Programs) -> tuple[str, int]:
    """Start the embedded broker alone and return its URL and its process."""
    port = free_port()
    process = start_service(programs, "broker", {"broker": {"listen": [f"127.0.0.1:{port}"]}})
    programs.until(lambda: is_accepting(port), "the embedded broker does not start")
    return f"mqtt://127.0.0.1:{port}", process


def start_with_bus_devices(programs: Programs, count: int) -> Server:
    """Start Mosquitto, a program that puts `count` devices on the bus, and the gateway."""
    url, _ = start_mosquitto(programs)
    publisher = start_bus_devices(programs, url, count)
    return start_gateway(programs, url, names(count), (publisher,))


def start_bus_devices(programs: Programs, broker: str, count: int) -> int:
    """Start a program that puts `count` devices on the bus."""
    return programs.start(
        "devices", sys.executable, "-m", "benchmarks.busdevices", broker, str(count)
    )


def start_with_dummy(programs: Programs) -> tuple[Server, str]:
    """Start Mosquitto, the driver service with a dummy device, and the gateway."""
    url, _ = start_mosquitto(programs)
    device = names(1)[0]
    driver = start_driver(programs, url, [device])
    return start_gateway(programs, url, [device], (driver,)), url


def start_gateway(
    programs: Programs, broker: str, devices: list[str], others: tuple[int, ...]
) -> Server:
    """Start the gateway and return when it serves all the devices."""
    port = free_port()
    tables = {"bus": {"broker": broker}, **gateway_tables(port)}
    process = start_service(programs, "gateway", tables)
    programs.until(lambda: are_readable(port, devices), "the gateway does not serve its devices")
    return Server(port, process, (process, *others))


def start_driver(
    programs: Programs,
    broker: str,
    devices: Iterable[str],
    *,
    id: str = "benchmark",
    variables: bool = True,
) -> int:
    """Start a driver service with dummy devices, each with a file of its own."""
    tables: Tables = {
        "bus": {"broker": broker},
        "driver": {"id": id, "publish_variables": variables},
        **device_tables(programs.folder, devices),
    }
    return start_service(programs, "driver", tables, name=f"driver-{id}")


def start_monitor(programs: Programs, broker: str, device: str, command: str) -> None:
    """Start a monitor as the primary of one device, whose name is also the prefix of their topics.

    `command` is what it runs instead of shutting this host down.
    """
    name = monitor_name(device)
    tables: Tables = {
        "bus": {"broker": broker, "prefix": device},
        "monitor": {
            "id": device,
            "shutdown_command": command,
            "power_down_flag": str(programs.folder / f"{name}.killpower"),
            "pid_file": str(programs.folder / f"{name}.pid"),
            "host_sync": 1.0,
            "final_delay": 0.0,
        },
        "[monitor.supplies]": {"device": device, "role": "primary"},  # one of an array
        **{f"monitor.notify.{type_}": {"flags": ["SYSLOG"]} for type_ in QUIET},
    }
    start_service(programs, "monitor", tables, name=name, arguments=("-p",))


def monitor_name(device: str) -> str:
    """Name the monitor of a device among the programs."""
    return f"monitor-{device}"


def start_service(
    programs: Programs,
    service: str,
    tables: Tables,
    *,
    name: str = "",
    arguments: Sequence[str] = (),
) -> int:
    """Start one service as a process of its own; `name` is for a second one of its kind."""
    name = name or service
    file = write_settings(programs.folder / f"{name}.toml", tables)
    command = (sys.executable, "-m", f"services.{service}", "--config", file, *arguments)
    return programs.start(name, *command)


def start_up(programs: Programs) -> Server:
    """Start `nutbus up` with the embedded broker, one dummy device and the gateway."""
    port, device = free_port(), names(1)[0]
    tables = {
        "bus": {"broker": f"embedded://127.0.0.1:{free_port()}"},
        **device_tables(programs.folder, [device]),
        **gateway_tables(port),
    }
    file = write_settings(programs.folder / "nutbus.toml", tables)
    command = (sys.executable, "-m", "services.console", "up", "--config", file)
    process = programs.start("nutbus", *command)
    programs.until(lambda: are_readable(port, [device]), "nutbus up does not serve its device")
    return Server(port, process, (process,))


def gateway_tables(port: int) -> Tables:
    """Say what a gateway on this port is told."""
    user = {"password": PASSWORD, "actions": ["SET"]}
    return {"gateway": {"listen": [f"127.0.0.1:{port}"]}, f"gateway.users.{USER}": user}


def device_tables(folder: Path, devices: Iterable[str]) -> Tables:
    """Write a file for each dummy device and say what the driver service is told."""
    tables = {}
    for device in devices:
        file = folder / f"{device}.dev"
        file.write_text(DEV_FILE)
        tables[f"devices.{device}"] = {"driver": "dummy", "port": str(file)}
    return tables


def write_settings(file: Path, tables: Tables) -> str:
    """Write a settings file; the values that occur here are spelt in TOML as in JSON."""
    lines = []
    for name, table in tables.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    file.write_text("\n".join(lines) + "\n")
    file.chmod(0o600)
    return str(file)

"""NUT's own server and drivers for tests: each of the test's own, on loopback, in a folder given.

Everything here blocks (NUT needs two seconds to start), so that a fixture may serve a whole module;
an async test starts it with `asyncio.to_thread`.
"""

import contextlib
import os
import pwd
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from shared.nutwire import join, split
from tests.ports import free_port

START_TIMEOUT = 40.0
STOP_TIMEOUT = 30.0
CHECK_INTERVAL = 0.02
FOLDERS = "/lib/nut:/usr/lib/nut:/usr/libexec/nut:/usr/sbin:/usr/bin:/sbin:/bin"

UPSD_CONF = """\
LISTEN {host} {port}
MAXAGE {max_age}
"""


def find_nut_program(name: str) -> str:
    """Return the path of one of NUT's programs, or fail naming its Debian packages."""
    path = shutil.which(name, path=FOLDERS) or shutil.which(name)
    if path is None:
        raise AssertionError(f"these tests need {name}: apt-get install nut-server nut-client")
    return path


@dataclass(frozen=True, slots=True)
class Dummy:
    """A device of dummy-ups: the text of its file and the settings of its section.

    A `suffix` of `.dev` is read once, `.seq` over and over; `settings` are added to ups.conf.
    """

    text: str
    suffix: str = ".dev"
    desc: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scripted:
    """A device whose driver is this test: what it says after DUMPALL, line by line.

    The lines are those of NUT's docs/sock-protocol.txt (`SETINFO ups.status "OL"`,
    `SETFLAGS x RW`, `ADDENUM x "a"`, `ADDCMD y`). `results` has the tracking result, a number of
    drivers/upshandler.h, for each command or variable asked for; without one there is no answer.
    """

    lines: Sequence[str]
    results: Mapping[str, int] = field(default_factory=dict)
    desc: str | None = None


class RealNut:
    """The real upsd on a free port of 127.0.0.1, and a driver for each device.

    `devices` are by name, a plain string being the `.dev` file of dummy-ups; `users` is the text of
    upsd.users and `upsd_conf` is added to upsd.conf. Use it as a context manager, or start and stop
    the server and each driver one by one.
    """

    def __init__(
        self,
        directory: Path,
        devices: Mapping[str, str | Dummy | Scripted],
        *,
        users: str = "",
        upsd_conf: str = "",
        host: str = "127.0.0.1",
        max_age: int = 15,
    ) -> None:
        self.directory = directory
        self.devices = {
            name: Dummy(device) if isinstance(device, str) else device
            for name, device in devices.items()
        }
        self.users = users
        self.host = host
        self.port = free_port(host)
        self._conf = UPSD_CONF.format(host=host, port=self.port, max_age=max_age) + upsd_conf
        self._server: subprocess.Popen[bytes] | None = None
        self._drivers: dict[str, subprocess.Popen[bytes] | ScriptedDriver] = {}
        self._write_settings()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """Host and port as NUT's clients take them after the `@`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What NUT's own programs need in their environment to stay in the folder."""
        folder = str(self.directory)
        places = ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH")
        return {**os.environ, **dict.fromkeys(places, folder)}

    @property
    def log(self) -> str:
        """Everything that server and drivers said, for the text of a failure."""
        files = sorted(self.directory.glob("*.log"))
        return "\n".join(f"{file.name}:\n{file.read_text(errors='replace')}" for file in files)

    def start(self) -> None:
        """Start all drivers, then the server; return when every device can be read."""
        for name in self.devices:
            self._launch_driver(name)
        for name in self.devices:
            self._await_socket(name)
        self.start_server()
        for name in self.devices:
            self.await_readable(name)

    def stop(self) -> None:
        """Stop whatever runs."""
        self.stop_server()
        for name in list(self._drivers):
            self.stop_driver(name)

    def start_server(self) -> None:
        """Start upsd and return when it accepts connections."""
        self._server = self._spawn("upsd", "upsd", "-F")
        self._until(self._accepts, "upsd does not accept connections")

    def stop_server(self) -> None:
        """Stop upsd if it runs."""
        server, self._server = self._server, None
        if server is not None:
            _end(server)

    def start_driver(self, name: str) -> None:
        """Start the driver of one device and return when upsd could connect to it."""
        self._launch_driver(name)
        self._await_socket(name)

    def stop_driver(self, name: str) -> None:
        """Stop the driver of one device if it runs."""
        driver = self._drivers.pop(name, None)
        if isinstance(driver, ScriptedDriver):
            driver.stop()
        elif driver is not None:
            _end(driver)
        self._socket(name).unlink(missing_ok=True)

    def scripted(self, name: str) -> "ScriptedDriver":
        """Return the running driver of a `Scripted` device."""
        driver = self._drivers[name]
        assert isinstance(driver, ScriptedDriver)
        return driver

    def await_readable(self, name: str) -> None:
        """Wait until the server has the device's data."""
        question = f"GET VAR {name} ups.status"
        self._until(lambda: _is_data(self.ask(question)), f"{name} has no data in upsd")

    def await_answer(self, question: str, expected: str) -> None:
        """Wait until the server answers a request line with this line."""
        self._until(lambda: self.ask(question) == expected, f"{question!r} is not {expected!r}")

    def ask(self, question: str) -> str:
        """Send one request line on a connection of its own and return the first line back."""
        try:
            with socket.create_connection((self.host, self.port), timeout=30) as connection:
                connection.sendall(question.encode() + b"\n")
                with connection.makefile("r") as replies:
                    return replies.readline().rstrip("\n")
        except ConnectionError:
            return ""

    def _write_settings(self) -> None:
        sections = ["maxretry = 1"]
        for name, device in self.devices.items():
            sections.append(self._section(name, device))
        self._write("ups.conf", "\n".join(sections) + "\n")
        self._write("upsd.conf", self._conf)
        self._write("upsd.users", self.users)

    def _section(self, name: str, device: Dummy | Scripted) -> str:
        settings = {"driver": "dummy-ups", "port": "none"}
        if isinstance(device, Dummy):
            file = self._write(name + device.suffix, device.text)
            settings |= {"port": str(file), **device.settings}
        if device.desc is not None:
            settings["desc"] = device.desc
        lines = (f"{key} = {join([value])}" for key, value in settings.items())
        return "\n".join((f"[{name}]", *lines))

    def _write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def _launch_driver(self, name: str) -> None:
        device = self.devices[name]
        if isinstance(device, Scripted):
            self._drivers[name] = ScriptedDriver(self._socket(name), device)
        else:
            self._drivers[name] = self._spawn(name, "dummy-ups", "-F", "-a", name)

    def _spawn(self, log: str, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        user = pwd.getpwuid(os.getuid()).pw_name
        with (self.directory / f"{log}.log").open("ab") as output:
            return subprocess.Popen(
                (find_nut_program(program), *arguments, "-u", user),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def _socket(self, name: str) -> Path:
        return self.directory / f"dummy-ups-{name}"

    def _await_socket(self, name: str) -> None:
        self._until(self._socket(name).exists, f"the driver of {name} does not start")

    def _accepts(self) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection((self.host, self.port), timeout=30).close()
            return True
        return False

    def _until(self, condition: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{complaint}\n{self.log}")
            time.sleep(CHECK_INTERVAL)


class ScriptedDriver:
    """The driver's side of the socket between upsd and a driver, played by the test.

    `orders` has the INSTCMD and SET requests that came, as words and without the tracking id.
    """

    def __init__(self, path: Path, device: Scripted) -> None:
        self.device = device
        self.orders: list[list[str]] = []
        self._connections: list[socketserver.StreamRequestHandler] = []
        self._lock = threading.Lock()
        path.unlink(missing_ok=True)
        driver = self

        class Connection(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                driver._serve(self)

        self._server = socketserver.ThreadingUnixStreamServer(str(path), Connection)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def say(self, line: str) -> None:
        """Send a line, such as `DATASTALE`, to every server that is connected."""
        with self._lock:
            for connection in self._connections:
                _say(connection, line)

    def stop(self) -> None:
        """Hang up and take the socket away."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        with self._lock:
            for connection in self._connections:
                connection.connection.shutdown(socket.SHUT_RDWR)

    def _serve(self, connection: socketserver.StreamRequestHandler) -> None:
        with self._lock:
            self._connections.append(connection)
        try:
            for line in connection.rfile:
                self._take(connection, split(line))
        except OSError:
            pass
        finally:
            with self._lock:
                self._connections.remove(connection)

    def _take(self, connection: socketserver.StreamRequestHandler, words: list[str]) -> None:
        if words[0] == "DUMPALL":
            _say(connection, *self.device.lines, "DATAOK", "DUMPDONE")
        elif words[0] == "PING":
            _say(connection, "PONG")
        elif words[0] in ("INSTCMD", "SET"):
            self._order(connection, words)

    def _order(self, connection: socketserver.StreamRequestHandler, words: list[str]) -> None:
        identity = None
        if words[-2:-1] == ["TRACKING"]:
            *words, _, identity = words
        self.orders.append(words)
        result = self.device.results.get(words[1])
        if result == 0 and words[0] == "SET":
            _say(connection, "SETINFO " + join(words[1:]))
        if identity is not None and result is not None:
            _say(connection, f"TRACKING {identity} {result}")


def _say(connection: socketserver.StreamRequestHandler, *lines: str) -> None:
    connection.wfile.write("".join(line + "\n" for line in lines).encode())


def _is_data(reply: str) -> bool:
    return reply.startswith("VAR ") and not reply.endswith('"WAIT"')


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise

"""The whole set of a soak: a broker, every service as a process of its own, and lines to be cut."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

from tests.brokers import Mosquitto, find_program
from tests.ports import free_port
from tests.soak.diary import Diary
from tests.soak.settings import Place, tables
from tests.soak.truth import Device
from tests.standbys import Proxy

DEVICES = ("rack1", "rack2", "twin")
HOSTS: Mapping[str, tuple[str, ...]] = {
    "boss": ("rack1",),
    "web1": ("rack1",),
    "big": ("rack2", "twin"),
}
STATE_SIZE = "24m"
STOP_TIMEOUT = 10.0
FAKETIME = "libfaketimeMT.so.1"


class Broker(Mosquitto):
    """Mosquitto that keeps what is retained on a file system of its own, as deploy/ has it."""

    state: Path

    def command(self) -> tuple[str, ...]:
        *option, settings = super().command()
        text = Path(settings).read_text()
        kept = f"persistence_location {self.state}/"
        text = text.replace(f"persistence_location {self.directory}/", kept)
        more = "set_tcp_nodelay true\nautosave_interval 60\nmax_packet_size 132096\n"
        Path(settings).write_text(text + more)
        return (*option, settings)

    async def mend(self) -> None:
        """Let it run again, whatever was done to it."""
        await self.kill()
        await self.start()


class Program:
    """A service as a process that is killed, frozen and started again; its log goes on."""

    def __init__(self, name: str, command: tuple[str, ...], log: Path, clock: Path | None) -> None:
        self.name = name
        self.log = log
        self.before: tuple[str, ...] = ()  # words before the command
        self._command = command
        self._clock = clock
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Whether there is a process now."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.runs:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                (*self.before, *self._command),
                env={**os.environ, **self._environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us; we end them in their order
            )

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens if there is no process."""
        if self.process and self.runs:
            self.process.send_signal(number)

    async def kill(self) -> None:
        """End it without a word."""
        self.send(signal.SIGKILL)
        if self.process:
            await asyncio.to_thread(self.process.wait)

    async def stop(self) -> None:
        """End it in good order, by force if it does not."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        if self.process:
            try:
                await asyncio.to_thread(self.process.wait, STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                await self.kill()

    def megabytes(self) -> float:
        """Say how much of its memory is resident; 0 if it does not run."""
        with contextlib.suppress(OSError, IndexError, AttributeError):
            assert self.process
            pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
            return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
        return 0.0

    def _environment(self) -> dict[str, str]:
        if self._clock is None:
            return {}
        return {
            "LD_PRELOAD": str(faketime()),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }


class Plant:
    """All parts of the set, by name."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.clock = folder / "clock"
        self.broker = broker
        self.broker_turn = asyncio.Lock()  # who has it may do something to the broker
        self.devices = {name: Device(name, folder) for name in DEVICES}
        self.diary = Diary(folder)
        self.programs: dict[str, Program] = {}
        self.lines: dict[str, Proxy] = {}
        self.ports = {name: free_port() for name in ("gateway", "web", "hook")}
        self.has_small_disk = False

    @property
    def hosts(self) -> dict[str, Program]:
        """The monitors."""
        return {name: self.programs[name] for name in HOSTS}

    @property
    def services(self) -> dict[str, Program]:
        """All that is no monitor."""
        return {name: each for name, each in self.programs.items() if name not in HOSTS}

    def set_clock(self, offset: float) -> None:
        """Let the clock of all services go wrong by so many seconds."""
        draft = self.clock.with_suffix(".draft")
        draft.write_text(f"{offset:+.0f}\n")
        draft.replace(self.clock)

    async def start(self) -> None:
        """Start everything."""
        await self.broker.start()
        commands = {host: self.diary.command(host) for host in HOSTS}
        place = Place(self.folder, self.state, self.ports, commands)
        for name, (service, text) in tables(place).items():
            line = self.lines[name] = Proxy(self.broker.port)
            await line.start()
            settings = self.folder / f"{name}.toml"
            settings.write_text(f'[bus]\nbroker = "{line.url}"\nkeepalive = 2\n{text}')
            settings.chmod(0o600)
            command = (sys.executable, "-m", f"services.{service}", "--config", str(settings))
            arguments = ("-p",) if service == "monitor" else ()
            log = self.folder / f"{name}.log"
            self.programs[name] = Program(name, (*command, *arguments), log, self.clock)
            if name in HOSTS:
                self.programs[name].before = self.diary.boot(name)
            self.programs[name].start()

    async def boot(self, host: str) -> None:
        """Start a host that was shut down, as after the boot of its machine."""
        program = self.programs[host]
        await program.kill()
        (self.folder / f"{host}.killpower").unlink(missing_ok=True)
        program.before = self.diary.boot(host)
        program.start()

    async def mend(self) -> None:
        """Undo what was done to the set and not undone because its time was over."""
        for line in self.lines.values():
            line.mend()
        await self.broker.mend()
        (self.state / "ballast").unlink(missing_ok=True)
        for program in self.services.values():
            program.send(signal.SIGCONT)
            program.start()

    async def stop(self) -> None:
        """End everything that was started."""
        await asyncio.gather(*(program.stop() for program in self.programs.values()))
        for line in self.lines.values():
            await line.stop()
        with contextlib.suppress(ProcessLookupError, AssertionError):
            os.kill(self.broker.pid, signal.SIGCONT)
        await self.broker.stop()


def faketime() -> Path:
    """Find the library that shows programs another time."""
    find_program("faketime", "faketime")
    for place in Path("/usr/lib").glob(f"*/faketime/{FAKETIME}"):
        return place
    raise AssertionError(f"these tests need {FAKETIME}: apt-get install libfaketime")


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncGenerator[Plant]:
    """Run the set in a folder; at the end of the block all of it has ended."""
    state, own = folder / "state", folder / "broker"
    state.mkdir()
    own.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", f"size={STATE_SIZE},mode=0755", "soak", str(state))
    is_small = await _succeeds(*mount)
    broker = Broker(own)
    broker.state = state
    plant = Plant(folder, broker)
    plant.has_small_disk = is_small
    plant.set_clock(0)
    try:
        await plant.start()
        yield plant
    finally:
        try:
            await plant.stop()
        finally:
            if is_small:
                await _succeeds("umount", "-l", str(state))


async def _succeeds(*command: str) -> bool:
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    return await process.wait() == 0

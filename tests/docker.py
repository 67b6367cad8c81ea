"""A Docker engine of the tests' own: Debian's, in namespaces of its own, with stand-ins for images.

It has its own network: its addresses, its firewall rules and the ports that its containers publish
are seen inside `Engine.inside()` only, and nothing of it is left when it ends.
"""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final

from tests.brokers import find_program

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
IMAGES = ROOT / "tests" / "system" / "images"
LATER = ROOT / "tools" / "debian-later"
START_TIMEOUT: Final = 60.0
STOP_TIMEOUT: Final = 60.0
COMMAND_TIMEOUT: Final = 600.0
INTERVAL: Final = 0.1
NAMES: Final = "10.0.2.3"  # where slirp4netns answers questions for names
DEBIAN_FIRST: Final = "/usr/sbin:/usr/bin:/sbin:/bin"

PYTHON: Final = "python:3.11-slim-bookworm"
MOSQUITTO: Final = "eclipse-mosquitto:2"
PROMETHEUS: Final = "prom/prometheus:v2.53.4"
GRAFANA: Final = "grafana/grafana:11.6.0"

# The two programs for compose files: Debian 12's own, and `docker compose` as Debian 13 has it.
COMPOSE_1: Final = "docker-compose 1.29"
COMPOSE_2: Final = "docker compose 2.26"

_NEW_NETWORK: Final = 0x40000000  # CLONE_NEWNET


def until(condition: Callable[[], Any], what: str, limit: float = START_TIMEOUT) -> Any:
    """Wait for a condition to be true and return what it gave."""
    end = time.monotonic() + limit
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"never {what}")
        time.sleep(INTERVAL)
    return value


class Engine:
    """A running engine; `folder` holds all that it has, but for images that are kept in memory."""

    def __init__(self, folder: Path, *, in_memory: bool = False) -> None:
        self.folder = folder
        self._in_memory = in_memory
        self.socket = folder / "socket"
        self.url = f"unix://{self.socket}"
        self._docker = find_debian("docker", "docker.io")
        self._shell: subprocess.Popen[bytes] | None = None
        self._line: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What programs need to find it."""
        return {
            "PATH": f"{Path(self._docker).parent}:{os.environ.get('PATH', '')}",
            "HOME": str(self.folder),
            "DOCKER_HOST": self.url,
            "DOCKER_BUILDKIT": "0",  # the other builder asks the registry about what is here
        }

    def start(self) -> None:
        """Start, and return when it takes orders."""
        (self.folder / "settings.json").write_text("{}")
        engine = (
            find_debian("dockerd", "docker.io"),
            f"--config-file={self.folder / 'settings.json'}",
            f"--data-root={self.folder / 'data'}",
            f"--exec-root={self.folder / 'exec'}",
            f"--pidfile={self.folder / 'pid'}",
            f"--host={self.url}",
            f"--dns={NAMES}",
            "--log-level=warn",
        )
        (self.folder / "data").mkdir()
        disk = f"mount -t tmpfs tmpfs {self.folder / 'data'} &&" if self._in_memory else ""
        # It dies with us, and all of its containers with it, however we end.
        alone = (
            *("setpriv", "--pdeathsig", "KILL"),
            *("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc"),
            "--kill-child",
            *("sh", "-c", f'ip link set lo up && {disk} exec "$@"', "sh"),
        )
        with (self.folder / "log").open("wb") as log:
            self._shell = self._start(*alone, *engine, log=log)
        self._give_network()
        until(self._answers, "took orders")

    def stop(self) -> None:
        """Stop it and all of its containers; its folder can then be removed."""
        for process, polite in ((self._shell, True), (self._line, False)):
            if process is not None and process.poll() is None:
                self._end(process, polite)

    def docker(self, *arguments: str | Path, given: bytes = b"", fails: bool = False) -> str:
        """Run the docker program; what it prints. With `fails` it has to fail."""
        return self.run(self._docker, *arguments, given=given, fails=fails)

    def compose(
        self,
        project: str,
        arguments: Iterable[str],
        *,
        files: tuple[str, ...] = (),
        given: bytes = b"",
        environment: Mapping[str, str] = MappingProxyType({}),
        version: str = COMPOSE_1,
    ) -> str:
        """Run docker-compose on the file of deploy/, with `files` of that folder over it."""
        named = [f"--file={DEPLOY / name}" for name in ("docker-compose.yml", *files)]
        command = (*compose(version, self.folder), f"--project-name={project}", *named, *arguments)
        return self.run(*command, given=given, environment=environment)

    def run(
        self,
        *command: str | Path,
        given: bytes = b"",
        fails: bool = False,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        """Run any program beside the engine, in its network."""
        done = subprocess.run(
            self._beside(*map(str, command)),
            env={**self.environment, **environment},
            input=given,
            capture_output=True,
            cwd=self.folder,
            timeout=COMMAND_TIMEOUT,
            check=False,
        )
        said = (done.stdout + done.stderr).decode(errors="replace")
        assert (done.returncode != 0) == fails, f"{command}:\n{said[-6000:]}"
        return done.stdout.decode(errors="replace") if not fails else said

    def build(self, tag: str) -> None:
        """Build the image from the Dockerfile of deploy/, as it is."""
        self.docker("build", "--quiet", "--file", DEPLOY / "Dockerfile", "--tag", tag, ROOT)

    def provide(self, *images: str, architecture: str = "") -> None:
        """Bring the stand-ins of public images in, under the same names.

        Those of another architecture are not labelled so: this engine would label what it builds
        from them as its own, and then refuse to go on. The kernel looks at the programs only.
        """
        for image in images:
            named = [architecture] if architecture else []
            made = subprocess.run(
                [IMAGES / "make", image, *named], stdout=subprocess.PIPE, timeout=3600, check=True
            )
            file = Path(made.stdout.decode().strip())
            changes = file.with_suffix(".changes").read_text().splitlines()
            options = [part for change in changes for part in ("--change", change)]
            self.docker("import", *options, file, image)

    def inspect(self, name: str) -> dict[str, Any]:
        """Give all that the engine knows of a container, an image and so on."""
        found = json.loads(self.docker("inspect", name))[0]
        assert isinstance(found, dict)
        return found

    def crash(self, container: str) -> None:
        """Kill the main process of a container, as a crash would: nobody gave an order to stop."""
        number = self.inspect(container)["State"]["Pid"]
        assert self._shell is not None
        (engine,) = _children(self._shell.pid)
        command = (
            "nsenter",
            f"--target={engine}",
            "--pid",
            "--mount",
            "kill",
            "-KILL",
            str(number),
        )
        subprocess.run(command, check=True, timeout=START_TIMEOUT)

    @contextlib.contextmanager
    def inside(self) -> Generator[None]:
        """Have this thread, and what it starts, in the engine's network inside the block."""
        assert self._shell is not None
        with Path("/proc/self/ns/net").open() as ours:
            _enter(Path(f"/proc/{self._shell.pid}/ns/net"))
            try:
                yield
            finally:
                _enter(Path(f"/proc/self/fd/{ours.fileno()}"))

    def _beside(self, *command: str) -> tuple[str, ...]:
        assert self._shell is not None
        return ("nsenter", f"--net=/proc/{self._shell.pid}/ns/net", *command)

    def _give_network(self) -> None:
        """Let the engine out, for what images are built from; nobody else's rules change."""
        program = find_program("slirp4netns", "slirp4netns")
        assert self._shell is not None
        until(self._has_own_network, "alone")
        ready, told = os.pipe()
        try:
            self._line = subprocess.Popen(
                (
                    *("setpriv", "--pdeathsig", "KILL", program, "--configure"),
                    *("--disable-host-loopback", f"--ready-fd={told}"),
                    *(str(self._shell.pid), "tap0"),
                ),
                pass_fds=[told],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            os.close(told)
            assert os.read(ready, 1), "slirp4netns ended at its start"
        finally:
            os.close(ready)

    def _has_own_network(self) -> bool:
        assert self._shell is not None
        own = Path(f"/proc/{self._shell.pid}/ns/net").readlink()
        return own != Path("/proc/self/ns/net").readlink()

    def _answers(self) -> bool:
        assert self._shell is not None
        assert self._shell.poll() is None, (self.folder / "log").read_text()[-3000:]
        if not self.socket.exists():
            return False
        tried = subprocess.run(
            [self._docker, "version"], env=self.environment, capture_output=True, check=False
        )
        return tried.returncode == 0

    def _start(self, *command: str, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:{DEBIAN_FIRST}"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def _end(self, process: subprocess.Popen[bytes], polite: bool) -> None:
        if polite:
            for child in _children(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGTERM)
        else:
            process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def engine(*, in_memory: bool = False) -> Generator[Engine]:
    """Run an engine inside the block; in memory it is quicker, and needs that of its images."""
    folder = Path(tempfile.mkdtemp(prefix="nutbus-docker-"))  # its socket needs a short name
    running = Engine(folder, in_memory=in_memory)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder)


def compose(version: str, home: Path) -> tuple[str, ...]:
    """Give the command of a version of compose; what it needs is put into the `home` of a user."""
    if version == COMPOSE_1:
        return (find_debian("docker-compose", "docker-compose"),)
    plugin = home / ".docker" / "cli-plugins" / "docker-compose"
    if not plugin.exists():
        made = subprocess.run(
            [LATER, "trixie", "docker-compose"], stdout=subprocess.PIPE, timeout=600, check=True
        )
        program = f"{made.stdout.decode().strip()}/usr/libexec/docker/cli-plugins/docker-compose"
        plugin.parent.mkdir(parents=True, exist_ok=True)
        plugin.symlink_to(program)
    return (find_debian("docker", "docker.io"), "compose")


def find_debian(name: str, package: str) -> str:
    """Find a program, Debian's before any other."""
    path = shutil.which(name, path=DEBIAN_FIRST)
    return path or find_program(name, package)


def _children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(number) for number in listed.split()]


def _enter(namespace: Path) -> None:
    """Put this thread into a network namespace."""
    with namespace.open() as opened:
        library = ctypes.CDLL(None, use_errno=True)
        if library.setns(opened.fileno(), _NEW_NETWORK):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

"""NUT's CGI programs and ours for tests, at the same devices and from the same folder.

Both block. Debian's programs are run as a web server would run them; since their folder is compiled
in, it is copies that are run, in which the name of that folder is the current one.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import uvloop
from starlette.applications import Starlette

from services.driver import app as driver
from services.driver.settings import DriverSettings
from services.web import compatibility
from services.web.link import Link
from services.web.server import serve
from services.web.settings import WebSettings
from services.web.site import Site
from shared.latest import Latest
from shared.messages import Availability
from shared.nutconfig import nut_settings
from shared.presence import Identity
from shared.reconnecting import stay_connected
from shared.topics import ServiceKind, Topics
from tests.brokers import Mosquitto
from tests.ports import free_port

PROGRAMS = Path("/usr/lib/cgi-bin/nut")
TEMPLATES = Path("/etc/nut")
PACKAGE = "apt-get install --no-install-recommends nut-cgi"
FOLDER = b"/etc/nut\0"
HERE = b".//././.\0"
START_TIMEOUT = 40.0
RUN_TIMEOUT = 40.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the kind of content, and the content; `status` and the rest are HTTP's."""

    kind: str
    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class CrashError(AssertionError):
    """A program that died of a signal."""


def nut_template(name: str) -> str:
    """Read one of the templates of NUT's package."""
    file = TEMPLATES / name
    if not file.exists():
        raise AssertionError(f"these tests need {file}: {PACKAGE}")
    return file.read_text()


class RealCgi:
    """Debian's upsstats.cgi and upsimage.cgi, with hosts.conf and templates in a folder."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs = programs
        self.folder = folder
        for name in ("upsstats.cgi", "upsimage.cgi"):
            if not (PROGRAMS / name).exists():
                raise AssertionError(f"these tests need {PROGRAMS / name}: {PACKAGE}")
            content = (PROGRAMS / name).read_bytes()
            assert content.count(FOLDER) == 1
            (programs / name).write_bytes(content.replace(FOLDER, HERE))
            shutil.copymode(PROGRAMS / name, programs / name)

    def ask(self, program: str, query: str = "", timeout: float = RUN_TIMEOUT) -> Answer:
        """Run a program for one request; CrashError if it crashes."""
        request = {"REQUEST_METHOD": "GET", "QUERY_STRING": query, "NUT_CONFPATH": "."}
        done = subprocess.run(
            [self.programs / program],
            check=False,
            cwd=self.folder,
            env={**os.environ, **request},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
        )
        if done.returncode < 0:
            raise CrashError(f"{program}?{query} died of signal {-done.returncode}")
        head, _, body = done.stdout.partition(b"\n\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        return Answer(headers["Content-type"], body, headers=headers)


class OurCgi:
    """Our driver and the part of our web service, in a thread; a context manager.

    `nut` has the devices in NUT's own files, unless `devices` are given; our broker keeps its
    files there. `folder` has hosts.conf and templates, `settings` are added to [web.compatibility].
    """

    def __init__(
        self,
        nut: Path,
        folder: Path | None,
        settings: Mapping[str, Any],
        devices: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.broker = Mosquitto(nut)
        tables: dict[str, Any] = (
            {"driver": {}, "devices": devices} if devices else nut_settings(nut)
        )
        tables["bus"] = {"broker": self.broker.url}
        tables["driver"] |= {"id": "driver"}
        self._driver_settings = Latest(DriverSettings.from_tables(tables, "test"))
        self._names = set(tables["devices"])
        self.address = f"127.0.0.1:{free_port()}"
        section: dict[str, Any] = {**settings, **({"folder": folder} if folder else {})}
        web = {"id": "tested", "listen": [self.address], "compatibility": section}
        tables = {"bus": tables["bus"], "web": web}
        self.settings = Latest(WebSettings.from_tables(tables, "test"))
        self.link = Link("tested", Topics())
        self._client = httpx.Client(
            base_url=f"http://{self.address}/cgi-bin/nut/", timeout=RUN_TIMEOUT
        )
        self._thread = threading.Thread(target=self._run)
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        is_ready = self._ready.wait(START_TIMEOUT)
        if self._error or not is_ready:
            self.__exit__()
            raise self._error or AssertionError("our devices are not there")
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        if self._loop and self._task:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def ask(self, program: str, query: str = "") -> Answer:
        """Make one request."""
        answer = self._client.get(f"{program}?{query}" if query else program)
        return Answer(
            answer.headers.get("content-type", ""),
            answer.content,
            answer.status_code,
            dict(answer.headers),
        )

    def use(self, **changed: Any) -> None:
        """Change [web.compatibility] as a reload does."""
        assert self._loop is not None
        value = self.settings.value
        section = value.web.compatibility.model_copy(update=changed)
        new = value.model_copy(
            update={"web": value.web.model_copy(update={"compatibility": section})}
        )
        self._loop.call_soon_threadsafe(self.settings.set, new)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        site = Site(self.link, self.settings)
        try:
            await self.broker.start()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(driver.run(self._driver_settings))
                identity = Identity(ServiceKind.WEB, self.link.id)
                bus = self.settings.value.bus
                tasks.create_task(stay_connected(bus, identity, self.link.session))
                application = Starlette(routes=compatibility.routes(site))
                tasks.create_task(serve(application, self.settings.value.web.addresses))
                await self._until_ready()
                self._ready.set()
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            self._error = error
        finally:
            self._ready.set()
            await self.broker.stop()

    async def _until_ready(self) -> None:
        changed = asyncio.Event()
        self.link.mirror.fleet.follow(lambda _name, _device: changed.set())
        host, _, port = self.address.rpartition(":")
        async with asyncio.timeout(START_TIMEOUT):
            while not self._are_online():
                changed.clear()
                await changed.wait()
            while True:
                with contextlib.suppress(ConnectionError):
                    _, writer = await asyncio.open_connection(host, int(port))
                    writer.close()
                    return
                await asyncio.sleep(0.02)

    def _are_online(self) -> bool:
        devices = self.link.mirror.devices()
        online = {device.name for device in devices if device.standing is Availability.ONLINE}
        return online >= self._names

"""The containers of deploy/docker-compose.yml, as they are, on an engine of the tests' own."""

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tests.docker import COMPOSE_1, Engine, until

IMAGE: Final = "nutbus"
TRY: Final = "./compose/try.toml"
HOME: Final = ("broker", "driver", "gateway", "monitor", "scheduler", "homeassistant", "web")
FLEET: Final = ("broker", "driver", "gateway", "scheduler", "web")
SEEN: Final = ("prometheus", "grafana")
HEALTHY_TIMEOUT: Final = 240.0
# What a false shutdown would be told with.
ALARMS: Final = ("would be shut down", "has to shut down", "FSD would be set", "Traceback")


class Project:
    """One project of compose, with profiles and files of deploy/ over the first."""

    def __init__(
        self,
        engine: Engine,
        name: str,
        *profiles: str,
        files: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
        version: str = COMPOSE_1,
    ) -> None:
        self.engine = engine
        self.name = name
        self._profiles = [part for profile in profiles for part in ("--profile", profile)]
        self._files = files
        self._version = version
        self.usb = engine.folder / f"usb-{name}"
        self.usb.mkdir(exist_ok=True)
        self._environment = {
            "NUTBUS_IMAGE": IMAGE,
            "NUTBUS_SETTINGS": TRY,
            "NUTBUS_USB": str(self.usb),  # a machine of a test may have no USB at all
            **(environment or {}),
        }

    def compose(self, *arguments: str, given: bytes = b"") -> str:
        """Run compose; what it prints."""
        return self.engine.compose(
            self.name,
            (*self._profiles, *arguments),
            files=self._files,
            given=given,
            environment=self._environment,
            version=self._version,
        )

    def up(self, services: Iterable[str], *only: str) -> None:
        """Start all, or `only` these and what they need; wait until `services` are healthy."""
        self.compose("up", "--detach", *only)
        self.until_healthy(services)

    def down(self) -> None:
        """Stop everything and remove it, what was kept too."""
        self.compose("down", "--volumes", "--timeout", "20")

    def container(self, service: str) -> str:
        """Give the container of a service."""
        listed = self.compose("ps", "--all", "--quiet", service).split()
        assert len(listed) == 1, (service, listed)
        return listed[0]

    def state(self, service: str) -> dict[str, Any]:
        """Give what the engine knows of the container of a service."""
        return self.engine.inspect(self.container(service))

    def is_seen_by_prometheus(self) -> bool:
        """Tell whether Prometheus has the one device, and that it is there."""
        url = "http://localhost:9090/api/v1/query?query=nutbus_device_up"
        said = json.loads(self.inside("prometheus", "wget", "-q", "-O", "-", url))
        return [each["value"][1] for each in said["data"]["result"]] == ["1"]

    def until_healthy(self, services: Iterable[str]) -> None:
        """Wait until each of these is healthy."""
        waiting = {service: self.container(service) for service in services}
        end = time.monotonic() + HEALTHY_TIMEOUT
        while waiting:
            for service, container in list(waiting.items()):
                if is_healthy(self.engine.inspect(container)):
                    del waiting[service]
            assert time.monotonic() < end, self._complaint(waiting)
            time.sleep(0.5)

    def until_again(self, service: str, starts: int) -> None:
        """Wait until the container of a service was started more often, and is healthy."""

        def is_back() -> bool:
            state = self.state(service)
            return int(state["RestartCount"]) > starts and is_healthy(state)

        until(is_back, f"healthy again: {service}", HEALTHY_TIMEOUT)

    def logs(self, service: str) -> str:
        """Give all that a service has said."""
        return self.compose("logs", "--no-color", service)

    def inside(self, service: str, *command: str, fails: bool = False) -> str:
        """Run a program in the container of a service, as its user."""
        return self.engine.docker("exec", self.container(service), *command, fails=fails)

    def script(self, service: str, script: str, fails: bool = False) -> str:
        """Run a line of shell there."""
        return self.inside(service, "sh", "-c", script, fails=fails)

    def secret(self, name: str) -> str:
        """Ask for a password, as docs/docker.md says."""
        return self.compose("run", "--rm", "secrets", "show", name).strip()

    def alarms(self) -> list[str]:
        """Give the lines that no service may say while all is well."""
        return [
            line for line in self.logs("monitor").splitlines() if any(a in line for a in ALARMS)
        ]

    def _complaint(self, waiting: Mapping[str, str]) -> str:
        said = [self.engine.docker("logs", "--tail", "15", each) for each in waiting.values()]
        return f"never healthy: {', '.join(waiting)}\n" + self.compose("ps") + "\n".join(said)


def is_healthy(state: Mapping[str, Any]) -> bool:
    """Tell whether a container runs and its health check says that all is well."""
    return bool(state["State"]["Running"] and state["State"]["Health"]["Status"] == "healthy")

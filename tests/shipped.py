"""The brokers with the files of deploy/; only folders, ports and passwords are the test's."""

import asyncio
import os
import re
from pathlib import Path

import bcrypt

from services.console.passwords import bcrypt_hash, mosquitto_hash
from tests.brokers import (
    REACHABLE_INTERVAL,
    START_TIMEOUT,
    Login,
    ProgramBroker,
    find_program,
    mosquitto_password_line,
)
from tests.ports import free_port

DEPLOY = Path(__file__).parents[1] / "deploy"
PASSWORD = "not-a-secret"
TESTER = "tester"  # who may do everything, added by us
USERS = tuple(re.findall(r"^user (\S+)", (DEPLOY / "mosquitto.acl").read_text(), re.MULTILINE))


class Shipped(ProgramBroker):
    """A broker with a file of deploy/."""

    places: tuple[tuple[str, str], ...] = ()
    file: str

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, login=Login("viewer", PASSWORD))

    def written(self, file: str | None = None) -> Path:
        """Write a settings file for this test."""
        written = self.directory / (file or self.file)
        written.write_text(self.moved((DEPLOY / (file or self.file)).read_text()))
        return written

    def moved(self, text: str) -> str:
        """Put the places of this test into a text; in one go, for a port may contain another."""
        places = dict((*self.places, ("1883", str(self.port))))
        shipped = "|".join(map(re.escape, places))
        return re.sub(shipped, lambda found: places[found[0]].format(folder=self.directory), text)


class ShippedMosquitto(Shipped):
    program = "mosquitto"
    package = "mosquitto"
    file = "mosquitto.conf"
    places: tuple[tuple[str, str], ...] = (
        ("/etc/mosquitto/", "{folder}/"),
        ("/var/lib/mosquitto/", "{folder}/"),
    )

    def command(self) -> tuple[str, ...]:
        file = self.written()
        if os.geteuid() == 0:  # else it becomes mosquitto, who may not read the folder
            file.write_text(f"user root\n{file.read_text()}")
        logins = [Login(user, PASSWORD) for user in USERS]
        passwords = self.directory / "passwords"
        cheap = "".join(mosquitto_password_line(login) for login in logins)
        passwords.write_text(f"{cheap}{TESTER}:{mosquitto_hash(PASSWORD)}\n")
        passwords.chmod(0o600)
        rules = self.directory / "mosquitto.acl"
        everything = f"\nuser {TESTER}\ntopic readwrite #\n"
        rules.write_text((DEPLOY / "mosquitto.acl").read_text() + everything)
        rules.chmod(0o600)
        return ("-c", str(file))


class ShippedNats(Shipped):
    program = "nats-server"
    package = "nats-server"
    file = "nats.conf"
    places: tuple[tuple[str, str], ...] = (
        ("/var/lib/nats", "{folder}"),
        ("port: 4222", "port: -1"),
    )

    def command(self) -> tuple[str, ...]:
        file = self.written("nats.conf")
        everybody = f"users = [\n    {{ user: {TESTER}, password: ${TESTER}_password }}\n"
        file.write_text(file.read_text().replace("users = [\n", everybody))
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        lines = [f'{user}_password: "{hashed}"\n' for user in USERS]
        lines.append(f'{TESTER}_password: "{bcrypt_hash(PASSWORD)}"\n')
        (self.directory / "nats-passwords.conf").write_text("".join(lines))
        return ("-c", str(self.written(self.file) if self.file != "nats.conf" else file))


class TlsMosquitto(ShippedMosquitto):
    """With mosquitto-tls.conf; `tls_port` is where others come in."""

    file = "mosquitto-tls.conf"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.tls_port = free_port()
        self.places = (*self.places, ("8883", f"{self.tls_port} 127.0.0.1"))


class TlsNats(ShippedNats):
    """With nats-tls.conf; nobody comes in but by TLS."""

    file = "nats-tls.conf"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.tls_port = free_port()
        self.places = (
            *self.places,
            ("8883", str(self.tls_port)),
            ("0.0.0.0", "127.0.0.1"),
            ("/etc/nats/", "{folder}/"),
        )

    async def start(self) -> None:
        program = find_program(self.program, self.package)
        with self._log_path.open("ab") as log:
            self._process = await self._spawn(program, log)
        host = dict(self.places)["0.0.0.0"]
        async with asyncio.timeout(START_TIMEOUT):
            while not await _is_listening(host, self.tls_port):
                self._check_alive()
                await asyncio.sleep(REACHABLE_INTERVAL)


async def _is_listening(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True

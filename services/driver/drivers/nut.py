"""The nut driver: a device of another NUT server, read and commanded as a client of it."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr

from services.driver.contract import Reading, Site
from services.driver.protocols import nutclient, nutvariables
from services.driver.protocols.nutclient import Type
from shared.errors import DeviceError, RefusedError, ResultStatus, SettingsError
from shared.messages import Writable
from shared.nutaddress import AddressError, parse_device
from shared.nutline import Line, LineError, Security, ServerRefusalError, connected
from shared.settings import Section

AGAIN: Final = 60.0  # seconds after which we ask anew what can be written and commanded
IDLE: Final = 25.0  # upsd hangs up on who says nothing for 60 s
RESULT_PATIENCE: Final = 15.0
FIRST_LOOK: Final = 0.05  # seconds until the first question for a result; then twice as long
LAST_LOOK: Final = 1.0

Row = Sequence[str]


class NutOptions(Section):
    """Options of the nut driver."""

    username: str | None = Field(
        default=None,
        description="User at the server (its upsd.users); without one the device is only read.",
    )
    password: SecretStr | None = Field(
        default=None, description="Its password; better given by password_file."
    )
    tracking: bool = Field(
        default=True,
        description="Wait for the result of what is ordered; else it counts as done at once.",
    )
    tls: Literal["no", "try", "require"] = Field(
        default="no",
        description="Whether the connection is encrypted; require is NUT's FORCESSL.",
    )
    certificate_authority: Path | None = Field(
        default=None,
        description="PEM file or folder of the authorities that may sign for it (CERTPATH).",
    )
    verify_certificate: bool = Field(
        default=True, description="Whether the certificate is checked (NUT's CERTVERIFY)."
    )
    certificate_name: str | None = Field(
        default=None, description="The name in the certificate, if that is not the host's."
    )
    certificate_file: Path | None = Field(
        default=None, description="PEM file of our own certificate, if the server asks for one."
    )
    key_file: Path | None = Field(
        default=None, description="PEM file of its private key, if certificate_file has it not."
    )

    def security(self) -> Security | None:
        """Say how to speak TLS, None for plain text."""
        if self.tls == "no":
            return None
        return Security(
            authorities=self.certificate_authority,
            certificate=self.certificate_file,
            key=self.key_file,
            is_verified=self.verify_certificate,
            is_required=self.tls == "require",
            host=self.certificate_name,
        )


class NutDriver:
    """Follows one device of another server; FSD in its status is passed on as any other word."""

    def __init__(self, site: Site, options: NutOptions) -> None:
        try:
            self._device, self._address = parse_device(site.port)
        except AddressError as error:
            raise SettingsError(f"port: {error}") from None
        self._options = options
        self._where = str(self._address)
        self._stack = AsyncExitStack()
        self._line: Line | None = None
        self._asked_at = 0.0  # when we last asked what can be done, on the clock of the loop
        self._writable: Mapping[str, Writable] = {}
        self._commands: tuple[str, ...] = ()
        self._rows: list[list[str]] | None = None
        self._reading: Reading | None = None

    async def open(self) -> None:
        """Connect and log in; whether name and password are right shows at the first order."""
        address, options = self._address, self._options
        try:
            line = connected(address.host, address.port, options.security())
            self._line = await self._stack.enter_async_context(line)
        except LineError as error:
            raise DeviceError(str(error)) from None
        self._rows = None
        if options.username is not None:
            await self._log_in(options.username)

    async def close(self) -> None:
        """Take leave of the server."""
        self._line = None
        await self._stack.aclose()

    async def poll(self) -> Reading:
        """Read all variables; now and then, and if there are others, what can be done too."""
        (rows,) = await self._lists(("VAR", self._device))
        if rows == self._rows and self._reading and not self._is_outdated():
            return self._reading
        variables = nutclient.variables(rows)
        if nutvariables.is_waiting(variables):
            raise DeviceError(f"the NUT server at {self._where} has no data of the device yet")
        known = nutclient.variables(self._rows or ())
        if self._is_outdated() or known.keys() != variables.keys():
            await self._ask_what_can_be_done()
        self._rows = rows
        self._reading = nutvariables.reading(variables, self._writable, self._commands)
        return self._reading

    async def wait(self) -> None:
        """Return in time to keep the connection: a server does not speak by itself."""
        await asyncio.sleep(IDLE)

    async def command(self, name: str, value: str | None) -> None:
        """Have the server carry out an instant command."""
        await self._order("INSTCMD", self._device, name, *(() if value is None else (value,)))

    async def set(self, name: str, value: str) -> None:
        """Have the server write a variable."""
        await self._order("SET", "VAR", self._device, name, value)

    async def _log_in(self, username: str) -> None:
        password = self._options.password
        requests = [
            ("USERNAME", username),
            ("PASSWORD", password.get_secret_value() if password else ""),
            *([("SET", "TRACKING", "ON")] if self._options.tracking else []),
        ]
        for request, reply in zip(requests, await self._ask_all(requests), strict=True):
            # Servers before 2.8 have no tracking: there an order is done when it is taken.
            if isinstance(reply, ServerRefusalError) and request[0] != "SET":
                raise DeviceError(f"the NUT server at {self._where} refused our {request[0]}")

    def _is_outdated(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._rows is None or now - self._asked_at >= AGAIN

    async def _ask_what_can_be_done(self) -> None:
        self._asked_at = asyncio.get_running_loop().time()
        if self._options.username is None:
            return  # no server would let us do anything
        writable, commands = await self._lists(("RW", self._device), ("CMD", self._device))
        values = nutclient.variables(writable)
        types = await self._types(values)
        wanted = nutclient.details(types)
        rows = await self._lists(*((part, self._device, name) for part, name in wanted))
        lists = dict(zip(wanted, rows, strict=True))
        self._writable = nutclient.writables(values, types, lists)
        self._commands = nutclient.names(commands)

    async def _types(self, names: Mapping[str, str]) -> dict[str, Type]:
        replies = await self._ask_all([("GET", "TYPE", self._device, name) for name in names])
        types = {}
        for name, reply in zip(names, replies, strict=True):
            if isinstance(reply, ServerRefusalError):
                if reply.word == "VAR-NOT-SUPPORTED":
                    continue  # it has just gone
                raise nutclient.no_data(self._where, reply.word)
            if [word.casefold() for word in reply[2:3]] != [name.casefold()]:
                raise DeviceError(f"{self._where} answered GET TYPE {name} with {reply!r}")
            types[name] = nutclient.type_of(reply[3:])
        return types

    async def _order(self, *words: str) -> None:
        (reply,) = await self._ask_all([words])
        if isinstance(reply, ServerRefusalError):
            raise nutclient.refused(self._where, reply.word)
        match reply:
            case ["OK", "TRACKING", id]:
                await self._follow(id)
            case ["OK", *_]:
                pass
            case _:
                raise DeviceError(f"{self._where} answered {words[0]} with {reply!r}")

    async def _follow(self, id: str) -> None:
        """Ask for the result until there is one; a server does not tell it by itself."""
        clock, pause = asyncio.get_running_loop().time, FIRST_LOOK
        deadline = clock() + RESULT_PATIENCE
        while await self._is_pending(id):
            if clock() > deadline:
                late = f"the NUT server at {self._where}: no result in {RESULT_PATIENCE:g} s"
                raise RefusedError(ResultStatus.FAILED, late)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LAST_LOOK)

    async def _is_pending(self, id: str) -> bool:
        (reply,) = await self._ask_all([("GET", "TRACKING", id)])
        if isinstance(reply, ServerRefusalError):
            raise nutclient.refused(self._where, reply.word)
        if reply not in (["PENDING"], ["SUCCESS"]):
            raise DeviceError(f"{self._where} answered GET TRACKING with {reply!r}")
        return reply == ["PENDING"]

    async def _lists(self, *queries: Row) -> list[list[list[str]]]:
        try:
            replies = await self._open_line().list_all(queries)
        except LineError as error:
            raise DeviceError(str(error)) from None
        found = []
        for reply in replies:
            if isinstance(reply, ServerRefusalError):
                raise nutclient.no_data(self._where, reply.word)
            found.append(reply)
        return found

    async def _ask_all(self, requests: Sequence[Row]) -> list[list[str] | ServerRefusalError]:
        try:
            return await self._open_line().ask_all(requests)
        except LineError as error:
            raise DeviceError(str(error)) from None

    def _open_line(self) -> Line:
        if self._line is None:
            raise DeviceError(f"the connection to the NUT server at {self._where} is closed")
        return self._line

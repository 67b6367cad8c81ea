"""The driver `powerman`: the outlets that a powermand switches, as one PDU."""

from services.driver.contract import Reading, Site
from services.driver.protocols import powerman
from services.driver.protocols.powerman import Answer
from services.driver.transports.tcp import TcpLine
from shared.errors import DeviceError, RefusedError, ResultStatus, SettingsError
from shared.listening import parse_address
from shared.settings import Section

# PDUs are slow, and powermand does not answer before they do; its own limits are shorter.
ANSWER_TIMEOUT = 25.0


class PowermanOptions(Section):
    """There is nothing to choose: NUT's driver has no options either."""


class PowermanDriver:
    """The line to a powermand, which tells nothing unasked but that it ends."""

    def __init__(self, site: Site, _options: PowermanOptions) -> None:
        try:
            address = parse_address(site.port or "localhost", powerman.PORT)
        except ValueError as error:
            raise SettingsError(f"port: {error}") from None
        self._line = TcpLine(address)
        self._nodes: tuple[str, ...] = ()
        self._states: dict[str, str] | None = None
        self._reading = Reading({})

    async def open(self) -> None:
        """Connect, have ranges of nodes expanded and learn the nodes."""
        await self._line.open()
        greeting = await self._line.read_until(powerman.PROMPT, longest=powerman.MAX_ANSWER)
        if not powerman.GREETING.match(greeting.decode(errors="replace")):
            raise DeviceError(f"{self._line.where}: this is no powermand: {greeting[:80]!r}")
        if (await self._ask(powerman.EXPAND)).end != powerman.EXPANDED:
            raise DeviceError(f"{self._line.where}: powermand does not expand ranges of nodes")
        self._nodes = powerman.nodes(await self._ask(powerman.NODES))

    async def close(self) -> None:
        """Hang up."""
        await self._line.close()

    async def poll(self) -> Reading:
        """Ask for the state of the nodes of all devices that powermand is connected to."""
        everything, some = powerman.reachable(await self._ask(powerman.DEVICES))
        states: dict[str, str] = {}
        if everything or some:
            question = powerman.STATUS if everything else f"{powerman.STATUS} {some}"
            states = powerman.states(await self._ask(question), self._nodes)
        if states != self._states:
            self._states = states
            self._reading = powerman.reading(self._nodes, states)
        return self._reading

    async def wait(self) -> None:
        """Return when powermand hangs up, as it does when it ends."""
        await self._line.has_input()

    async def command(self, name: str, value: str | None) -> None:  # noqa: ARG002 -- none takes one
        """Switch or cycle an outlet; powermand answers when the PDU has done it."""
        request = powerman.action(name, self._nodes)
        if request is None:
            raise RefusedError(ResultStatus.UNKNOWN, f"powermand has no command {name}")
        powerman.check_done(request, await self._ask(request))

    async def set(self, name: str, value: str) -> None:  # noqa: ARG002 -- nothing can be written
        """Refuse: nothing can be written."""
        raise RefusedError(ResultStatus.READ_ONLY, f"powermand lets nobody write {name}")

    async def _ask(self, request: str) -> Answer:
        if self._line.unread:
            raise DeviceError(f"{self._line.where}: came unasked: {self._line.unread[:80]!r}")
        await self._line.write(f"{request}\r\n".encode())
        return powerman.answer(
            await self._line.read_until(powerman.PROMPT, ANSWER_TIMEOUT, powerman.MAX_ANSWER)
        )

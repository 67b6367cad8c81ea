"""The driver snmp: UPSes, PDUs and transfer switches that have an SNMP agent."""

import asyncio
import logging
import math
from collections.abc import Sequence

from services.driver.contract import Reading, Site
from services.driver.drivers.snmp_options import SnmpOptions
from services.driver.protocols.snmp import finding
from services.driver.protocols.snmp.plan import Plan, Walk, Wishes
from services.driver.protocols.snmp.table import Answers, Mapping
from services.driver.protocols.snmp.values import number
from services.driver.protocols.snmpwire.values import Missing, Value
from services.driver.transports.snmp import SnmpAgent, Version, address
from shared.errors import DeviceError, RefusedError, SettingsError

VERSION = "snmp version"  # hint: the version in which the agent answered
KEPT = "snmp kept "  # hint: value of a variable that only the driver has
UPTIME = "1.3.6.1.2.1.1.3.0"  # sysUpTime (SNMPv2-MIB)
YOUNG = 300.0  # seconds; so long after its start a card may not show all that it has

logger = logging.getLogger(__name__)


class SnmpDriver:
    """A device with an SNMP agent."""

    def __init__(self, site: Site, options: SnmpOptions) -> None:
        self._site = site
        self._options = options
        self._mappings = finding.candidates(options.mibs, site.tables)
        if site.port == "auto":
            raise SettingsError("port: name the agent as HOST, HOST:PORT or [IPv6]:PORT")
        address(site.port)
        self._agent: SnmpAgent | None = None
        self._known: Plan | None = None
        self._next = Walk.FAST
        self._due = 0.0
        self._learn_again = math.inf

    async def open(self) -> None:
        """Reach the agent and learn what it has; some minutes later again if it is starting."""
        system = await self._reach()
        await self._learn(system)
        uptime = number(system[UPTIME]) if UPTIME in system else None
        if uptime is not None and uptime < YOUNG:
            self._learn_again = _now() + YOUNG
        await self._apply_delays()

    async def close(self) -> None:
        """Give the line back."""
        if self._agent:
            await self._agent.close()

    async def poll(self) -> Reading:
        """Read the status; from time to time, and after a change, read everything."""
        if _now() >= self._learn_again:
            self._learn_again = math.inf
            system, _ = await self._get((finding.SYSTEM,))
            await self._learn(system)
            return self._plan.reading()
        walk = Walk.FULL if self._next is Walk.FAST and _now() >= self._due else self._next
        return await self._walk(walk)

    async def wait(self) -> None:
        """Return when the agent has sent a notification."""
        assert self._agent
        await self._agent.notification()

    async def command(self, name: str, value: str | None) -> None:
        """Carry out an instant command."""
        await self._write(self._plan.command(name, value))

    async def set(self, name: str, value: str) -> None:
        """Write a variable, or keep the value of one that the device knows nothing of."""
        values = self._plan.set(name, value)
        if values:
            await self._write(values)
        else:
            self._site.hints[KEPT + name] = value

    @property
    def _plan(self) -> Plan:
        if self._known is None:
            raise DeviceError(f"{self._site.port}: the device is not known yet")
        return self._known

    async def _reach(self) -> Answers:
        """Open the line in the first version that the agent answers in; give its sysObjectID."""
        versions = self._options.versions()
        if (hint := self._site.hints.get(VERSION)) in versions:
            versions = (Version(hint), *(each for each in versions if each != hint))
        trouble = DeviceError("")
        for version in versions:
            try:
                found = await self._greet(version)
            except DeviceError as error:
                trouble = error
            else:
                return found if hint == version else await self._settle(version, versions, found)
        raise trouble

    async def _greet(self, version: Version) -> Answers:
        """Open the line in a version; give the sysObjectID (DeviceError)."""
        await self.close()
        settings = self._options.agent(self._site.port, version, self._site.snmp_traps)
        self._agent = SnmpAgent(settings, self._site.hints)
        await self._agent.open()
        found, _ = await self._get((finding.SYSTEM, UPTIME))
        return found

    async def _settle(
        self, version: Version, versions: Sequence[Version], found: Answers
    ) -> Answers:
        """Take the version for good; but not a lesser one because the agent was away before."""
        if version is Version.V1 and Version.V2C in versions:
            try:
                found, version = await self._greet(Version.V2C), Version.V2C
            except DeviceError:
                found = await self._greet(version)
        self._site.hints[VERSION] = version
        return found

    async def _learn(self, system: Answers) -> None:
        """Find the mapping that fits and read everything once."""
        mapping = await self._find({oid: each for oid, each in system.items() if oid != UPTIME})
        options = self._options
        wishes = Wishes(options.semistaticfreq, options.notransferoids, options.symmetrathreephase)
        self._known = Plan(mapping, wishes)
        while ask := self._known.layout():
            found, _ = await self._get(ask.gets)
            self._known.take_layout({**found, **await self._columns(ask.columns)})
        logger.info("%s: mapping %s", self._site.device, mapping.id)
        await self._walk(Walk.FULL)
        self._restore()

    async def _find(self, system: Answers) -> Mapping:
        """Find the mapping; an agent of version 1 is not asked for everything there is."""
        assert self._agent
        is_thorough = self._agent.settings.version is not Version.V1
        search = finding.Search(self._mappings, is_thorough=is_thorough)
        search.ask()
        search.take(system)
        while oids := search.ask():
            found, _ = await self._get(oids)
            search.take(found)
        if search.found is None:
            tried = ", ".join(self._options.mibs)
            raise DeviceError(f"{self._site.port}: no mapping fits the device (mibs: {tried})")
        return search.found

    async def _walk(self, walk: Walk) -> Reading:
        """Poll; the time of the next full one counts from the start of this."""
        started = _now()
        found, unsure = await self._get(self._plan.due(walk))
        more = self._plan.more(found)
        alarms = await self._columns(more.columns) if more else None
        try:
            reading = self._plan.take(walk, found, alarms, unsure)
        except DeviceError as error:
            raise DeviceError(f"{self._site.port}: {error}") from None
        if walk is not Walk.FAST:
            self._due = started + self._options.pollfreq
        self._next = Walk.FAST
        return reading

    async def _get(self, oids: Sequence[str]) -> tuple[Answers, frozenset[str]]:
        """Ask for objects: the values of those there are, and which ones may be there."""
        if not oids:
            return {}, frozenset()
        assert self._agent
        told = await self._agent.get(oids)
        found = {oid: each for oid, each in told.items() if isinstance(each, Value)}
        refused = (oid for oid, each in told.items() if each is Missing.REFUSED)
        return found, frozenset(refused)

    async def _columns(self, roots: Sequence[str]) -> Answers:
        if not roots:
            return {}
        assert self._agent
        told = await self._agent.columns(roots)
        return {f"{root}.{rest}": each for root in told for rest, each in told[root].items()}

    async def _write(self, values: dict[str, Value]) -> None:
        assert self._agent
        self._next = Walk.CHANGED
        await self._agent.set(values)

    def _restore(self) -> None:
        """Take up the values that only the driver has, as they were on an earlier line."""
        for hint, value in self._site.hints.items():
            name = hint.removeprefix(KEPT)
            if hint.startswith(KEPT) and self._plan.keeps(name):
                self._plan.set(name, value)

    async def _apply_delays(self) -> None:
        """Write the delays that are options, where the device has them otherwise."""
        delays = {
            "ups.delay.start": self._options.ondelay,
            "ups.delay.shutdown": self._options.offdelay,
        }
        for name, seconds in delays.items():
            if seconds is None or self._plan.value(name) == str(seconds):
                continue
            try:
                await self.set(name, str(seconds))
            except RefusedError as refused:
                logger.warning("%s: %s = %s: %s", self._site.device, name, seconds, refused)


def _now() -> float:
    return asyncio.get_running_loop().time()

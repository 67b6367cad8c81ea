"""Try a broker: whether it lets in strangers, and lets us write what nobody should."""

import asyncio
import secrets

from services.console.security_findings import Finding, Severity
from shared.bus import connect
from shared.errors import BusError, first_error
from shared.messages import Publication
from shared.settings import BusSettings

PATIENCE = 10.0
ECHO_PATIENCE = 2.0  # the broker is there, and has nothing else to do for us
_OURS = ("username", "password", "certificate_file", "key_file")


async def probed(bus: BusSettings) -> list[Finding]:
    """Connect without a login, then as ourselves; what is found, or that nothing could be tried."""
    found = []
    if await _lets_in(_anonymous(bus)):
        found.append(
            Finding(
                Severity.HIGH,
                "[bus] broker",
                f"{bus.address} lets in everybody without a password",
                "whoever reaches it may read, command and force shutdowns, if no rules forbid it",
                "allow_anonymous false, as in deploy/mosquitto.conf",
            )
        )
    is_free, trouble = False, ""
    try:
        async with asyncio.timeout(PATIENCE):
            is_free = await _may_write_anything(bus)
    except* BusError as group:
        trouble = str(first_error(group))
    except* TimeoutError:
        trouble = "no answer"
    if trouble:
        found.append(_untried(bus, trouble))
    if is_free:
        found.append(
            Finding(
                Severity.HIGH,
                "[bus] prefix",
                f"no access rules at {bus.address} for what is below {bus.prefix}/",
                "each service, viewers too, may command devices and forge the words of others",
                "use the rules of deploy/mosquitto.acl or deploy/nats.conf",
            )
        )
    return found


def _untried(bus: BusSettings, why: str) -> Finding:
    return Finding(
        Severity.LOW,
        "[bus] broker",
        f"{bus.address} could not be tried: {why}",
        "whether it has access rules is not known",
        "check again when it runs",
    )


def _anonymous(bus: BusSettings) -> BusSettings:
    """Be nobody: without user, password and certificate, whatever the URL says."""
    address = bus.address
    return bus.model_copy(update={**dict.fromkeys(_OURS), "broker": str(address)})


async def _lets_in(bus: BusSettings) -> bool:
    is_in = False
    try:
        async with asyncio.timeout(PATIENCE), connect(bus):
            is_in = True
    except* (BusError, TimeoutError):
        pass
    return is_in


async def _may_write_anything(bus: BusSettings) -> bool:
    """Write where nothing of the contract is, and see whether it comes back.

    Raises BusError if we do not come in; one that comes later says that there are rules.
    """
    topic = f"{bus.prefix}/nutbus-check/{secrets.token_hex(8)}"
    async with connect(bus) as ours:
        try:
            async with asyncio.timeout(ECHO_PATIENCE):
                await ours.subscribe(topic)
                await ours.publish(Publication(topic, b"check", 1, retain=False))
                async for message in ours.listen():
                    if message.topic == topic:
                        return True
        except (BusError, TimeoutError):
            return False
    return False

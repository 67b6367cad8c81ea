"""Find SNMP agents, and the mapping that fits each."""

from typing import Final

from services.console.scan.exchange import Target
from services.console.scan.found import Bus, Found
from services.driver.protocols.snmp.finding import AUTO, SYSTEM, Search, candidates
from services.driver.protocols.snmpwire.values import Value
from services.driver.transports.snmp import SnmpAgent, SnmpSettings, Version
from shared.errors import DeviceError

PORT: Final = 161
DESCRIPTION: Final = "1.3.6.1.2.1.1.1.0"  # sysDescr
NAME: Final = "1.3.6.1.2.1.1.5.0"  # sysName
_VERSIONS: Final = (Version.V2C, Version.V1)


async def probe(target: Target) -> list[Found]:
    """Find the power device there by one of the mappings, or nothing."""
    for version in _VERSIONS:
        share = target.timeout / len(_VERSIONS)
        settings = SnmpSettings(
            target.host, target.port, version, target.community, retries=0, timeout=share
        )
        agent = SnmpAgent(settings)
        try:
            await agent.open()
            return await _described(agent, target, version)
        except DeviceError:
            continue
        finally:
            await agent.close()
    return []


async def _described(agent: SnmpAgent, target: Target, version: Version) -> list[Found]:
    system = await agent.get((SYSTEM, DESCRIPTION, NAME))
    search = Search(candidates((AUTO,)), is_thorough=version is not Version.V1)
    while oids := search.ask():
        answers = await agent.get(oids)
        search.take({oid: each for oid, each in answers.items() if isinstance(each, Value)})
    if search.found is None:
        return []
    facts = {"description": _text(system.get(DESCRIPTION)), "name": _text(system.get(NAME))}
    options = [("mibs", search.found.name), ("community", target.community)]
    if version is Version.V1:
        options.append(("snmp_version", version.value))
    return [
        Found(
            Bus.SNMP,
            "snmp-ups",
            target.place(PORT),
            options=tuple(options),
            name=facts["name"],
            facts={key: text for key, text in facts.items() if text},
        )
    ]


def _text(value: object) -> str:
    told = value.octets if isinstance(value, Value) else None
    return " ".join((told or b"").decode("utf-8", "replace").split())

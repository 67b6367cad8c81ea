"""Find PowerMan daemons by their greeting."""

from services.console.scan.exchange import Target, conversation, line
from services.console.scan.found import Bus, Found
from services.driver.protocols.powerman import GREETING, PORT, PROMPT

_PROMPT = PROMPT.lstrip()
_QUIT = b"quit\r\n"


async def probe(target: Target) -> list[Found]:
    """Find the daemon there, or nothing."""
    async with conversation(target) as (reader, writer):
        greeting = GREETING.fullmatch(await line(reader) or "")
        if not greeting or await reader.readexactly(len(_PROMPT)) != _PROMPT:
            return []
        writer.write(_QUIT)
        facts = {"server": f"powerman {greeting[1]}"}
        return [Found(Bus.POWERMAN, "powerman-pdu", target.place(PORT), facts=facts)]

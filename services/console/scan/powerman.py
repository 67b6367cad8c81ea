"""Find PowerMan daemons by their greeting."""

import re

from services.console.scan.exchange import Target, conversation, line
from services.console.scan.found import Bus, Found
from services.driver.protocols.powerman import PORT

# > 001 powerman 2.3.27\r\n
# > powerman> \
_GREETING = re.compile(r"001 powerman ([\w.+~-]+)")
_QUIT = b"quit\r\n"


async def probe(target: Target) -> list[Found]:
    """Find the daemon there, or nothing."""
    async with conversation(target) as (reader, writer):
        greeting = _GREETING.fullmatch(await line(reader) or "")
        if not greeting:
            return []
        writer.write(_QUIT)
        facts = {"server": f"powerman {greeting[1]}"}
        return [Found(Bus.POWERMAN, "powerman-pdu", target.place(PORT), facts=facts)]

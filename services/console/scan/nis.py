"""Find apcupsd daemons by their network information server (NIS).

A message is its length in two bytes, the higher first, and so many bytes; a message of no bytes
ends an answer. The answer to `status` is a message for each line, `KEY      : value`.
"""

import asyncio
from typing import Final

from services.console.scan.exchange import Target, conversation
from services.console.scan.found import Bus, Found
from services.driver.protocols.apcupsd import LENGTH_SIZE, PORT, REQUEST

MOST_LINES: Final = 500
_FACTS = {"MODEL": "model", "UPSNAME": "name", "HOSTNAME": "host", "VERSION": "server"}


async def probe(target: Target) -> list[Found]:
    """Find the UPS of the apcupsd there, or nothing."""
    async with conversation(target) as (reader, writer):
        writer.write(REQUEST)
        lines = await _answer(reader)
    keys = dict(_pair(line) for line in lines)
    if "APC" not in keys or "STATUS" not in keys:
        return []
    facts = {fact: keys[key] for key, fact in _FACTS.items() if keys.get(key)}
    name = keys.get("UPSNAME", "")
    return [Found(Bus.NIS, "apcupsd-ups", target.place(PORT), name=name, facts=facts)]


async def _answer(reader: asyncio.StreamReader) -> list[str]:
    """Read an answer to its end; nothing at all if it never comes to one."""
    lines: list[str] = []
    try:
        while length := int.from_bytes(await reader.readexactly(LENGTH_SIZE), "big"):
            if len(lines) >= MOST_LINES:
                return []
            lines.append((await reader.readexactly(length)).decode("utf-8", "replace"))
    except asyncio.IncompleteReadError:
        return []
    return lines


def _pair(line: str) -> tuple[str, str]:
    key, _, value = line.partition(":")
    return key.strip(), value.strip()

"""Find the devices of a NUT server: the question that upsc -L asks."""

import asyncio
from typing import Final

from services.console.scan.exchange import Target, conversation, line
from services.console.scan.forms import SERVER_DEVICE
from services.console.scan.found import Bus, Found
from shared.nutwire import split

PORT: Final = 3493
MOST_DEVICES: Final = 10_000
NO_DESCRIPTION: Final = "Description unavailable"  # what upsd says where there is none


async def probe(target: Target) -> list[Found]:
    """List the devices of the NUT server there; none if it is not one."""
    async with conversation(target) as (reader, writer):
        version = await _ask(reader, writer, "VER")
        if version is None or await _ask(reader, writer, "LIST UPS") != "BEGIN LIST UPS":
            return []
        found: list[Found] = []
        while (row := await line(reader)) != "END LIST UPS":
            words = split(row or "")
            if len(words) < 2 or words[0] != "UPS" or len(found) >= MOST_DEVICES:
                return []
            found.append(_device(words, target, version))
        writer.write(b"LOGOUT\n")
        return found


def _device(words: list[str], target: Target, version: str) -> Found:
    name, description = words[1], (*words, "")[2]
    facts = {"description": description} if description not in ("", NO_DESCRIPTION) else {}
    facts["server"] = version
    port = f"{name}@{target.place(PORT)}"
    return Found(Bus.NUT, SERVER_DEVICE, port, name=name, facts=facts)


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, question: str
) -> str | None:
    writer.write(question.encode() + b"\n")
    return await line(reader)

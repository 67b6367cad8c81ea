"""Finding out what an APC UPS is and what it has; nothing that is read here is published."""

import logging
from collections.abc import Iterable
from dataclasses import replace

from services.driver.drivers.apcsmart_talk import Talk
from services.driver.protocols.apcsmart import identity
from services.driver.protocols.apcsmart.capabilities import capabilities, choices
from services.driver.protocols.apcsmart.identity import Abilities
from services.driver.protocols.apcsmart.known import PROOFS, Known, read
from services.driver.protocols.apcsmart.rows import Format, Model, Row
from services.driver.protocols.apcsmart.stream import NOT_AVAILABLE, said
from services.driver.protocols.apcsmart.values import fits
from shared.errors import DeviceError

FIRMWARES = (b"V", b"b")
LIST = b"a"
MAX_SILENT = 15  # codes without any reply; a device with more of them is no such device

logger = logging.getLogger(__name__)


async def find(talk: Talk, models: Iterable[Model], device: str) -> Known:
    """Ask a device in smart mode for all that it has."""
    abilities = await _abilities(talk, models)
    found = await _answered(talk, abilities.rows, device)
    model = identity.ancient_model(found.replies) if abilities.is_ancient else abilities.model
    found = replace(found, commands=abilities.commands, model=model)
    if not abilities.has_capabilities:
        return found
    return replace(found, choices=await _choices(talk, found, device))


async def recall(talk: Talk, remembered: str) -> Known | None:
    """Return what an earlier line found out, if this is the same UPS with the same firmware."""
    known = read(remembered)
    for proof in PROOFS:
        row = known.row(proof)
        if row is None or await _try(talk, row) != known.replies[proof]:
            return None
    return known


async def _abilities(talk: Talk, models: Iterable[Model]) -> Abilities:
    firmware = await _firmware(talk)
    if firmware and (old := identity.of_firmware(firmware, models)):
        return old
    await talk.settle()
    reply = await talk.ask_list(LIST)
    listed = identity.of_list(reply) if reply else None
    return listed or identity.of_ancient()


async def _firmware(talk: Talk) -> str | None:
    for code in FIRMWARES:
        reply = await talk.try_to_ask(code)
        text = said(reply).text if reply else NOT_AVAILABLE
        if text not in ("", NOT_AVAILABLE):
            return text
        await talk.settle()
    return None


async def _answered(talk: Talk, rows: tuple[Row, ...], device: str) -> Known:
    """Try the rows; of rivals the first that fits wins."""
    found = Known()
    silent = 0
    waiting = [*rows]
    while waiting:
        row, *waiting = waiting
        reply = await _try(talk, row)
        silent += reply is None
        if silent > MAX_SILENT:
            raise DeviceError(f"no reply to {silent} codes that the device should know")
        if reply is None or not fits(row, reply):
            logger.debug("%s: %s is not offered: %r", device, row.variable, reply)
            is_answered = reply == NOT_AVAILABLE or row.is_rival
            found = replace(found, is_sure=found.is_sure and is_answered)
            continue
        replies = {**found.replies, row.variable: reply}
        found = replace(found, rows=(*found.rows, row), replies=replies)
        if row.is_rival:
            waiting = [*identity.without_rivals(waiting, row)]
    return found


async def _try(talk: Talk, row: Row) -> str | None:
    """Return the reply to a row; one that makes no sense is asked for again."""
    text = ""
    for _ in range(2):
        reply = await talk.try_to_ask(row.code)
        if reply is None:
            await talk.settle()
            return None
        text, alerts = said(reply)
        if row.format is Format.TEXT and alerts:
            await talk.settle()
            text = await talk.ask_text(row.code)
        else:
            talk.heard += alerts
        if text == NOT_AVAILABLE or fits(row, text):
            return text
        await talk.settle()
    return text


async def _choices(talk: Talk, found: Known, device: str) -> dict[bytes, tuple[str, ...]]:
    await talk.settle()
    text = await talk.ask_capabilities(identity.CAPABILITIES)
    if text in (None, "", NOT_AVAILABLE):
        return {}
    try:
        offered = capabilities(text or "")
    except ValueError as error:
        logger.warning("%s: settings cannot be written: %s", device, error)
        return {}
    known = {row.code for row in found.rows if not row.is_packed}
    region = found.replies.get("ups.firmware", "")[-1:]
    return {code: each for code, each in choices(offered, region).items() if code in known}

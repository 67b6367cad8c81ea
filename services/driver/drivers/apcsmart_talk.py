"""Questions and answers with an APC UPS over its line; alerts are heard whenever they come."""

import asyncio

from services.driver.protocols.apcsmart import orders
from services.driver.protocols.apcsmart.stream import (
    ALERTS,
    CAPABILITY_ALERTS,
    END,
    POWERING_DOWN,
    agreed,
    is_only_alerts,
    said,
)
from services.driver.transports.serial import SerialLine
from shared.errors import DeviceError

REPLY_TIMEOUT = 2.0
LIST_TIMEOUT = 6.0  # the device makes up long lists slowly
SMART_TIMEOUT = 1.5
SMART = b"Y"
ESCAPE = b"\x1b"
IS_SMART = "SM"


class Talk:
    """The exchange of codes and replies; `heard` gathers the alerts until somebody takes them."""

    def __init__(self, line: SerialLine) -> None:
        self._line = line
        self.heard = b""

    async def ask(self, code: bytes) -> str:
        """Return the reply to a code; DeviceError if it does not come whole."""
        await self._line.write(code)
        return self._hear(await self._next(REPLY_TIMEOUT))

    async def ask_text(self, code: bytes) -> str:
        """Return a reply in which alert characters may be part of the text."""
        await self._line.write(code)
        first = await self._next(REPLY_TIMEOUT)
        if not said(first).alerts:
            return self._hear(first)
        await self.settle()
        await self._line.write(code)
        text, alerts = agreed(first, await self._next(REPLY_TIMEOUT))
        self.heard += alerts
        return text

    async def try_to_ask(self, code: bytes, within: float = REPLY_TIMEOUT) -> bytes | None:
        """Return the reply as it came, None if there is only silence."""
        await self._line.write(code)
        return await self._maybe_next(within)

    async def ask_list(self, code: bytes, alerts: bytes = b"") -> str | None:
        """Return a long reply, once it came twice the same; None if there is only silence."""
        first = await self.try_to_ask(code, LIST_TIMEOUT)
        if first is None:
            return None
        await self.settle()
        await self._line.write(code)
        texts = [said(each, alerts) for each in (first, await self._next(LIST_TIMEOUT))]
        if texts[0].text != texts[1].text:
            raise DeviceError(f"lists that do not agree: {texts[0].text!r} and {texts[1].text!r}")
        self.heard += b"".join(each.alerts for each in texts)
        return texts[0].text

    async def ask_capabilities(self, code: bytes) -> str | None:
        """Return the capability string; None if there is only silence."""
        return await self.ask_list(code, CAPABILITY_ALERTS)

    async def settle(self) -> bytes:
        """Wait until the line is silent; hear the alerts and return what else came unasked."""
        text, alerts = said(await self._line.drain())
        self.heard += alerts
        return text.encode("latin-1")

    async def become_smart(self, tries: int) -> bool:
        """Bring the device into smart mode; tell whether it says that it is."""
        for _ in range(tries):
            await self.settle()
            reply = await self.try_to_ask(SMART, SMART_TIMEOUT)
            if reply is not None and said(reply).text == IS_SMART:
                return True
            await self.settle()
            await self.try_to_ask(ESCAPE, SMART_TIMEOUT)
        return False

    async def perform(self, steps: orders.Steps) -> bool:
        """Carry out an order; tell whether the device obeyed."""
        await self.settle()
        obeyed = True
        for step in steps:
            obeyed = await self._step(step)
            if not obeyed:
                break
        await self.settle()
        return obeyed

    def take_alerts(self) -> bytes:
        """Return the alerts that came since the last time."""
        heard, self.heard = self.heard, b""
        return heard

    async def _step(self, step: orders.Step) -> bool:
        match step:
            case orders.Send(code):
                await self._line.write(code)
            case orders.Silence(seconds):
                return await self._character(seconds) is None
            case orders.Pause(seconds):
                await asyncio.sleep(seconds)
            case orders.Type(text):
                for character in text:
                    await self._line.write(bytes([character]))
                    await asyncio.sleep(orders.PACE)
            case orders.Ignore():
                await self._confirmation(orders.CONFIRM)
            case orders.Confirm():
                return await self._confirmed(step)
        return True

    async def _confirmed(self, step: orders.Confirm) -> bool:
        reply = await self._confirmation(step.seconds)
        if step.silence_is_yes if reply is None else reply in step.replies:
            return True
        if step.abort:
            await self._line.write(step.abort)
            await self._confirmation(step.seconds)
        return False

    async def _confirmation(self, within: float) -> str | None:
        """Return a reply that ends in CR LF, or OK for `*`, which has no end."""
        text = b""
        while (character := await self._character(within, POWERING_DOWN)) is not None:
            if character == POWERING_DOWN:
                return "OK"
            if character == END:
                return said(text).text
            text += character
        return said(text).text if text else None

    async def _character(self, within: float, wanted: bytes = b"") -> bytes | None:
        """Return the next character that is no alert, or one that is wanted."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while found := await self._line.read(1, max(0.0, deadline - loop.time())):
            if found in wanted or found not in ALERTS:
                return found
            self.heard += found
        return None

    async def _next(self, within: float) -> bytes:
        line = await self._line.read_until(END, within)
        while is_only_alerts(line):
            self._hear(line)
            line = await self._line.read_until(END, within)
        return line

    async def _maybe_next(self, within: float) -> bytes | None:
        found = b""
        while not found.endswith(END):
            if found.strip(ALERTS + b"\r"):
                found += await self._line.read_until(END, within)
            elif more := await self._line.read(1, within):
                found += more
            else:
                self._hear(found)
                return None
        if is_only_alerts(found):
            self._hear(found)
            return await self._maybe_next(within)
        return found

    def _hear(self, line: bytes) -> str:
        text, alerts = said(line)
        self.heard += alerts
        return text

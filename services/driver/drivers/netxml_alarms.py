"""The subscription of the driver netxml: a line on which a card says that something changed."""

import asyncio
import logging
import socket
from dataclasses import dataclass

from services.driver.protocols.netxml import documents, orders
from services.driver.protocols.netxml.documents import Product
from services.driver.transports.http import HttpDevice
from services.driver.transports.tcp import TcpLine
from shared.errors import DeviceError
from shared.listening import Address

INTERVAL = 60.0  # a card that takes no subscription is not asked all the time
SILENCE = 180.0  # a subscribed card says something before that

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a card is told of us; both are seconds, a timer of 0 is none."""

    device: str
    duration: int
    timer: int


class Alarms:
    """Keeps a subscription; without one the card is only polled.

    What arrives only says that the pages are to be read anew: nothing in it is taken for a value.
    """

    def __init__(self, card: HttpDevice, terms: Terms | None) -> None:
        self.timers: dict[str, str] = {}
        self._card = card
        self._terms = terms
        self._line: TcpLine | None = None
        self._tried: float | None = None
        self._heard = 0.0
        self._trouble = ""

    async def keep(self, product: Product) -> None:
        """Subscribe if that is wanted and due."""
        if self._line is not None:
            if self._line.taken():
                self._heard = _now()
            if _now() - self._heard <= SILENCE:
                return
            await self.close()
        due = self._tried is None or _now() - self._tried >= INTERVAL
        if self._terms is None or not product.subscription_page or not due:
            return
        self._tried = _now()
        try:
            await self._subscribe(product, self._terms)
        except DeviceError as error:
            await self.close()
            self._tell(f"no subscription: {error}", self._terms)

    async def news(self) -> None:
        """Return when the card says something; never if it is not subscribed."""
        if self._line is None:
            await asyncio.Event().wait()
            return
        await self._line.has_input()
        if self._line.taken():
            self._heard = _now()
        else:
            await self.close()

    async def close(self) -> None:
        """End the subscription; never fails."""
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    async def _subscribe(self, product: Product, terms: Terms) -> None:
        card, page = self._card, product.subscription_page
        if product.settings_page:
            self.timers = documents.timers(await card.get(product.settings_page))
        wish = orders.subscription(socket.gethostname(), terms.duration, terms.timer)
        reply = await card.ask("POST", page, wish)
        card.check(page, reply)
        invitation = orders.invitation(reply.body)
        self._line = TcpLine(Address(card.host, invitation.port))
        await self._line.open()
        await self._line.write(orders.greeting(invitation.secret))
        answer = await self._line.read_until(b"</Subscription>")
        if answer.strip(b"\0\r\n ").lower() != orders.SUBSCRIBED:
            raise DeviceError(f"{card.name(page)}: declined: {answer[:80]!r}")
        self._heard = _now()
        self._tell("subscribed", terms, logging.INFO)

    def _tell(self, what: str, terms: Terms, level: int = logging.WARNING) -> None:
        logger.log(logging.DEBUG if what == self._trouble else level, "%s: %s", terms.device, what)
        self._trouble = what


def _now() -> float:
    return asyncio.get_running_loop().time()

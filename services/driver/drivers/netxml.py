"""The driver netxml: network cards of Eaton and MGE that speak XML over HTTP."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Self, TypeVar

from pydantic import Field, SecretStr, field_validator, model_validator

from services.driver.contract import Reading, Site
from services.driver.drivers.netxml_alarms import Alarms, Terms
from services.driver.protocols.netxml import documents, orders
from services.driver.protocols.netxml.decode import (
    LOW_RUNTIME,
    LOW_RUNTIME_SHUTDOWN,
    Choices,
    object_of,
    phases,
    reading,
)
from services.driver.protocols.netxml.documents import Object, Product
from services.driver.protocols.netxml.objects import PAGES
from services.driver.transports.http import HttpDevice, HttpSettings, Reply
from shared.errors import DeviceError, RefusedError, ResultStatus
from shared.settings import Section

# A card may give some pages to those who log in alone, or not have them.
CLOSED = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
_Document = TypeVar("_Document")
_PLACES = ("input", "input.bypass", "output")

logger = logging.getLogger(__name__)


class NetxmlOptions(Section):
    """Options of the netxml driver."""

    timeout: float = Field(
        default=5.0, ge=1, description="Seconds to wait for a connection and for a reply."
    )
    login: str | None = Field(default=None, description="User at the card, if it asks for one.")
    password: SecretStr | None = Field(
        default=None, description="Its password; better given by password_file."
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authority, or the card's own certificate, for https.",
    )
    insecure: bool = Field(
        default=False, description="Take any certificate of an https card; it may be an impostor."
    )
    subscribe: bool = Field(
        default=False, description="Let the card say at once when something changes."
    )
    shutdown_duration: int = Field(
        default=120,
        ge=0,
        description="Seconds before the UPS goes off by its timer at which the hosts shut down.",
    )
    shutdown_timer: int = Field(
        default=0,
        ge=0,
        description="Seconds on battery after which a subscribed card says so; 0 for never.",
    )
    do_convert_deci: bool = Field(
        default=False, description="The card is very old and says some values ten times too high."
    )

    @field_validator("shutdown_timer", mode="before")
    @classmethod
    def _none(cls, value: object) -> object:
        return 0 if value == "none" else value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.password is not None and self.login is None:
            raise ValueError("password needs login")
        return self


class NetxmlDriver:
    """Reads the pages of one card."""

    def __init__(self, site: Site, options: NetxmlOptions) -> None:
        self._site = site
        self._options = options
        self._choices = Choices(options.shutdown_duration, options.do_convert_deci)
        self._card = HttpDevice(
            site.port,
            HttpSettings(
                timeout=options.timeout,
                login=options.login,
                password=options.password,
                ca_file=options.ca_file,
                check_certificate=not options.insecure,
            ),
        )
        self._page = ""
        self._objects: list[Object] = []
        self._phases: dict[str, str] = {}
        self._closed: set[str] = set()
        terms = Terms(site.device, options.shutdown_duration, options.shutdown_timer)
        self._alarms = Alarms(self._card, terms if options.subscribe else None)

    async def open(self) -> None:
        """Find the page on which the card describes itself."""
        await self._card.open()
        hint = self._site.hints.get("page", "")
        troubles = []
        for page in sorted(PAGES, key=lambda page: page != hint):
            reply = await self._card.look(page)
            try:
                self._product(page, reply)
            except DeviceError as error:
                if page == hint and reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise
                troubles.append(str(error))
            else:
                self._page = self._site.hints["page"] = page
                return
        raise DeviceError("; ".join(troubles))

    async def close(self) -> None:
        """Hang up."""
        await self._alarms.close()
        await self._card.close()

    async def poll(self) -> Reading:
        """Read all pages, and keep the subscription alive."""
        product = self._product(self._page, await self._card.look(self._page))
        await self._alarms.keep(product)
        self._objects = await self._read(product)
        try:
            found = reading(product, self._objects, self._choices)
        except DeviceError as error:
            raise DeviceError(f"{self._card.name('/')}: {error}") from None
        for place in _PLACES:
            if count := phases(found.variables, place):
                self._phases.setdefault(f"{place}.phases", str(count))
        variables = {**found.variables, **self._phases, **self._alarms.timers}
        return Reading(variables, found.status, found.alarms, found.writable, found.commands)

    async def wait(self) -> None:
        """Return when a subscribed card has something to say."""
        await self._alarms.news()

    async def command(self, name: str, value: str | None) -> None:  # noqa: ARG002 -- no command of ours takes a value
        """Let the UPS shut its clients and itself down: no runtime that is left is enough then."""
        if name != "shutdown.default":
            raise RefusedError(ResultStatus.UNKNOWN, f"the card has no command {name}")
        await self._send(object_of(LOW_RUNTIME), LOW_RUNTIME_SHUTDOWN)

    async def set(self, name: str, value: str) -> None:
        """Write a variable; the card tells nothing, so its value is read again."""
        target = object_of(name)
        before = self._said(target)
        await self._send(target, value)
        await self.poll()
        now = self._said(target)
        counts = name.startswith("ups.timer.") and now != before
        if not counts and not _is_same(now, value):
            raise RefusedError(ResultStatus.FAILED, f"the card leaves {name} at {now or 'nothing'}")

    def _said(self, name: str) -> str:
        said = [each.value for each in self._objects if each.name.lower() == name.lower()]
        return said[-1] if said else ""

    def _product(self, page: str, reply: Reply) -> Product:
        self._card.check(page, reply)
        return self._decoded(page, reply, documents.product)

    def _decoded(self, page: str, reply: Reply, decode: Callable[[bytes], _Document]) -> _Document:
        try:
            return decode(reply.body)
        except DeviceError as error:
            raise DeviceError(f"{self._card.name(page)}: {error}") from None

    async def _read(self, product: Product) -> list[Object]:
        pages = [page for page in (product.objects_page, product.summary_page) if page]
        found: list[Object] = []
        read = 0
        for page in pages:
            reply = await self._card.look(page)
            if self._is_closed(reply) and (read or page != pages[-1]):
                self._pass_over(page, reply)
                continue
            self._card.check(page, reply)
            found += self._decoded(page, reply, documents.objects)
            read += 1
        if not read:
            raise DeviceError(f"{self._card.name(self._page)}: names no page of objects")
        return found

    def _is_closed(self, reply: Reply) -> bool:
        no_login = reply.status == HTTPStatus.UNAUTHORIZED and self._options.login is None
        return no_login or reply.status in CLOSED

    def _pass_over(self, page: str, reply: Reply) -> None:
        if page not in self._closed:
            self._closed.add(page)
            name, status = self._card.name(page), reply.status
            logger.warning("%s: %s is not read: HTTP %s", self._site.device, name, status)

    async def _send(self, target: str, value: str) -> None:
        """Give an object a value: by the form of the card, or by the older page."""
        document = orders.setting(target, value)
        page, body, kind = orders.FORM_PAGE, orders.form(document), orders.FORM_TYPE
        reply = await self._card.ask("POST", page, body, kind)
        if reply.status == HTTPStatus.NOT_FOUND:
            page = orders.PLAIN_PAGE
            reply = await self._card.ask("POST", page, document, orders.PLAIN_TYPE)
        try:
            self._card.check(page, reply)
        except DeviceError as error:
            raise RefusedError(ResultStatus.FAILED, str(error)) from None


def _is_same(said: str, wanted: str) -> bool:
    try:
        return float(said) == float(wanted)
    except ValueError:
        return said == wanted

"""Orders of people: checked, confirmed where the load is at risk, carried out, noted."""

import time
import uuid
from collections.abc import Awaitable, Sequence
from typing import Final, Literal, NamedTuple

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.web.control.login import redirected, to_login
from services.web.control.orders import (
    Action,
    Order,
    consequence,
    is_dangerous,
    may,
    objection,
)
from services.web.sessions import Session
from services.web.site import Site
from shared.audit import Deed
from shared.commands import command
from shared.errors import BusError, PayloadError, ResultStatus
from shared.messages import ForcedShutdown, Result
from shared.topics import DeviceTopic

LONGEST_VALUE: Final = 4096
_PARTS: Final[dict[Action, Literal[DeviceTopic.COMMAND, DeviceTopic.SET]]] = {
    Action.COMMAND: DeviceTopic.COMMAND,
    Action.SET: DeviceTopic.SET,
}


def routes(site: Site) -> Sequence[BaseRoute]:
    """Give the routes for orders: GET asks for a parameter, POST gives the order."""
    actions = _Actions(site)
    path = "/device/{device}/order"
    return [
        Route(path, actions.ask, methods=["GET"]),
        Route(path, actions.take, methods=["POST"]),
    ]


class _End(NamedTuple):
    """How an order ended: a word, a sentence if there is more, and what it is called on the bus."""

    outcome: str
    detail: str = ""
    id: str = ""


class _Actions:
    def __init__(self, site: Site) -> None:
        self._site = site

    async def ask(self, request: Request) -> Response:
        """Show the form of one order, with what would follow from it."""
        query = request.query_params
        order = _order(request, query.get("action"), query.get("name"), query.get("value"))
        session = self._site.door.session(request)
        if session is None:
            return to_login(request, f"{_path(request)}?{request.url.query}")
        if order is None:
            return self._problem(request, "That is no order.", 400)
        is_blank = order.action is Action.SET and order.value is None
        refused = self._checked(request, session, order, is_blank=is_blank)
        return refused or self._form(request, order)

    async def take(self, request: Request) -> Response:
        """Take an order; where the load is at risk it must have been confirmed."""
        form = await request.form(max_files=0, max_fields=20)
        session = self._site.door.session(request)
        device = f"/device/{request.path_params['device']}"
        if session is None:
            return to_login(request, device)
        if not session.owns(_field(form, "form_key")):
            return self._problem(request, "The form is too old: go back and try again.", 403)
        value = _field(form, "value") if "value" in form else None
        order = _order(request, _field(form, "action"), _field(form, "name"), value)
        if order is None:
            return self._problem(request, "That is no order.", 400)
        if not may(session.user, order):
            await self._note(session, order, _End("denied"))
        if refused := self._checked(request, session, order):
            return refused
        if is_dangerous(order) and _field(form, "confirmed") != "yes":
            return self._form(request, order)
        end = await self._carried_out(session, order)
        await self._note(session, order, end)
        session.notices.append((_told(order, end), end.outcome == ResultStatus.OK))
        return redirected(request, device)

    def _checked(
        self, request: Request, session: Session, order: Order, *, is_blank: bool = False
    ) -> Response | None:
        """Refuse what is not permitted or cannot be; None when all is well.

        In a form that `is_blank` the value is still to be filled in.
        """
        device = self._site.link.mirror.device(order.device)
        if device is None:
            return self._problem(request, "There is no such device.", 404)
        if not may(session.user, order):
            text = f"{session.user.name} may not do this: {order.in_words}."
            return self._problem(request, text, 403)
        why = None if is_blank else objection(order, device)
        if why is None:
            return None
        return self._problem(request, f"That cannot be done: {why}.", 409)

    def _form(self, request: Request, order: Order) -> Response:
        known = command(order.name) if order.action is Action.COMMAND else None
        risk = consequence(order, self._site.link.mirror) if is_dangerous(order) else ""
        return self._site.rendering.page(
            request,
            "order.html",
            order=order,
            description=known.description if known else "",
            parameter=known.parameter if known else "",
            risk=risk,
        )

    def _problem(self, request: Request, text: str, status: int) -> Response:
        device = request.path_params["device"]
        return self._site.rendering.page(request, "refused.html", status, text=text, device=device)

    async def _carried_out(self, session: Session, order: Order) -> _End:
        """Have an order carried out."""
        id, work = self._begun(session, order)
        try:
            result = await work
        except (BusError, PayloadError) as error:
            return _End("not sent", str(error), id)
        except TimeoutError:
            return _End("no answer", "nothing is known of what became of it", id)
        return _End(result.status.value, result.detail, id) if result else _End("ok", "", id)

    def _begun(self, session: Session, order: Order) -> tuple[str, Awaitable[Result | None]]:
        """Say what the order is called on the bus, and what carries it out."""
        link, device = self._site.link, order.device
        by = f"{session.user.name}@{session.address} via web@{link.id}"[:256]
        match order.action:
            case Action.FSD:
                forced = ForcedShutdown(by=by, at=time.time(), reason="forced on the web page")
                return forced.digest, link.force_shutdown(device, forced)
            case Action.CLEAR_FSD:
                known = link.mirror.device(device)
                id = known.fsd.digest if known and known.fsd else ""
                return id, link.clear_shutdown(device)
        id = str(uuid.uuid4())
        part = _PARTS[order.action]
        return id, link.request(device, part, order.name, order.value, by, id)

    async def _note(self, session: Session, order: Order, end: _End) -> None:
        deed = Deed(
            at=time.time(),
            service=f"web@{self._site.link.id}",
            user=session.user.name,
            address=session.address,
            action=order.action.value,
            outcome=end.outcome,
            device=order.device,
            name=order.name,
            value=order.value,
            detail=end.detail,
            id=end.id,
        )
        await self._site.audit.record(deed)


def _order(
    request: Request, action: str | None, name: str | None, value: str | None
) -> Order | None:
    try:
        kind = Action(action or "")
    except ValueError:
        return None
    if len(name or "") + len(value or "") > LONGEST_VALUE:
        return None
    device = request.path_params["device"]
    if kind is Action.COMMAND:
        return Order(kind, device, name or "", value or None)
    return Order(kind, device, name or "", value)


def _field(form: FormData, name: str) -> str:
    field = form.get(name)
    return field if isinstance(field, str) else ""


def _path(request: Request) -> str:
    return request.url.path.removeprefix(request.scope.get("root_path", ""))


def _told(order: Order, end: _End) -> str:
    """Say how an order ended."""
    words = order.in_words
    said = f"{words[0].upper()}{words[1:]}: {end.outcome}"
    return f"{said} ({end.detail})" if end.detail else said

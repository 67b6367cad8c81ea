"""What NUT's users did, for the audit log: what they asked for, and later what became of it.

Forced shutdowns that others set or clear on the bus are noted as seen.
"""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.gateway.answers import ACCESS_DENIED, Order, Session
from shared.audit import SEEN, AuditLog, Deed
from shared.fleet import Device
from shared.messages import ForcedShutdown, Result

LIMIT: Final = 10_000  # orders whose results are awaited
MINUTE: Final = 60.0
DENIALS: Final = 100  # of one address that are noted in a minute
ADDRESSES: Final = 1000
ACTIONS: Final = {
    "INSTCMD": "command",
    "SET": "set",
    "FSD": "fsd",
    "LOGIN": "login",
    "ATTACH": "login",
    "PRIMARY": "primary",
    "MASTER": "primary",
}


@dataclass(slots=True)
class _Denials:
    """How often an address was denied something since then, and how often that was not noted."""

    since: float
    count: int = 0
    passed_over: int = 0


class Deeds:
    """Notes deeds of clients in the audit log.

    What an address is denied again and again is noted so often in a minute and then counted, so
    that nobody without a password can fill the disk.
    """

    def __init__(self, audit: AuditLog, gateway: str) -> None:
        self._audit = audit
        self._service = f"gateway@{gateway}"
        self._awaited: OrderedDict[str, Deed] = OrderedDict()
        self._denials: OrderedDict[str, _Denials] = OrderedDict()
        self._shutdowns: dict[str, ForcedShutdown] = {}  # of each device, as it stands

    async def asked(self, words: Sequence[str], session: Session, reply: str) -> None:
        """Note a request that needs a right and what it was answered."""
        given = list(words[2 if words[0].upper() == "SET" else 1 :])
        device, name, value = (*given, "", "", None)[:3] if len(given) < 3 else given[:3]
        deed = replace(
            self._deed(session, ACTIONS.get(words[0].upper(), words[0].lower()), reply),
            device=device or "",
            name=name or "",
            value=value,
        )
        order = self._shutdowns.get(deed.device)
        if deed.action == "fsd" and deed.outcome == "ok" and order:
            deed = replace(deed, id=order.digest)
        noted = deed if deed.outcome == "ok" else self._restrained(deed)
        if noted:
            await self._audit.record(noted)

    async def ordering(self, order: Order, session: Session, id: str) -> None:
        """Note an order before it is handed on, so that none is carried out that is not noted."""
        deed = replace(
            self._deed(session, "command" if order.is_command else "set", ""),
            device=order.device,
            name=order.name,
            value=order.value,
            outcome="sent",
            id=id,
        )
        if len(self._awaited) >= LIMIT:
            self._awaited.popitem(last=False)
        self._awaited[id] = deed
        await self._audit.record(deed)

    async def failed(self, id: str, reply: str) -> None:
        """Note that an order may not have reached the bus."""
        deed = self._awaited.pop(id, None)
        if deed:
            ended = replace(deed, at=time.time(), outcome="not sent", detail=reply)
            await self._audit.record(ended)

    def concluded(self, result: Result) -> None:
        """Note how an order of ours ended."""
        deed = self._awaited.pop(result.id or "", None)
        if deed:
            ended = replace(deed, at=time.time(), outcome=result.status.value, detail=result.detail)
            self._audit.note(ended)

    def forcing(self, device: str, order: ForcedShutdown) -> None:
        """Take an FSD that is about to be set for a client of ours: it is not seen as another's."""
        self._shutdowns[device] = order

    def seen(self, name: str, device: Device | None) -> None:
        """Note an FSD that was set or cleared by others, as the fleet tells of each change."""
        order, before = device.fsd if device else None, self._shutdowns.get(name)
        if order == before:
            return
        deed = Deed(time.time(), self._service, "", "", "clear-fsd", SEEN, name)
        if order:
            self._shutdowns[name] = order
            deed = replace(deed, user=order.by, action="fsd", detail=order.reason, id=order.digest)
        elif before:
            del self._shutdowns[name]
            deed = replace(deed, id=before.digest)
        self._audit.note(deed)

    def _restrained(self, deed: Deed) -> Deed | None:
        """Pass what is to be noted of a denial; None when there were too many."""
        known = self._denials.setdefault(deed.address, _Denials(deed.at))
        passed_over = 0
        if not 0 <= deed.at - known.since < MINUTE:
            passed_over = known.passed_over
            known = self._denials[deed.address] = _Denials(deed.at)
        if len(self._denials) > ADDRESSES:
            self._denials.popitem(last=False)
        known.count += 1
        if known.count > DENIALS:
            known.passed_over += 1
            return None
        more = f"; {passed_over} more before were not noted" if passed_over else ""
        return replace(deed, detail=f"{deed.detail}{more}".removeprefix("; "))

    def _deed(self, session: Session, action: str, reply: str) -> Deed:
        is_refused = reply.startswith("ERR")
        outcome = "denied" if reply == ACCESS_DENIED else "refused" if is_refused else "ok"
        return Deed(
            at=time.time(),
            service=self._service,
            user=session.username or "",
            address=session.address,
            action=action,
            outcome=outcome,
            detail=reply if outcome == "refused" else "",
        )

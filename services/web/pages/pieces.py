"""The live pieces of the pages: what each shows, and what it is about."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from services.web.pages import listing, topology, wording
from services.web.pages.cut import Cut, Sufferer, announcement, cut, sufferer
from services.web.pages.instruments import instruments
from services.web.pages.levels import NAMES, Level, reason
from services.web.pages.live import Drawn, Piece, whole
from services.web.pages.ranking import View
from services.web.pages.state import State
from services.web.rendering import Rendering
from shared.fleet import Device
from shared.messages import Availability

LINES: Final = 200  # events on a page


class Pieces:
    """Makes the pieces; those of one key draw the same."""

    def __init__(self, state: State, rendering: Rendering) -> None:
        self._state = state
        self._render = rendering.piece
        self._rows: dict[str, tuple[Device, str, str]] = {}
        rendering.globals.update(
            duration=wording.duration,
            number=wording.number,
            moment=wording.local_time,
            machine_time=wording.machine_time,
            page_time=lambda epoch: epoch - time.time() + state.now(),
            started=rendering.started,
        )

    def frame(self) -> tuple[Piece, ...]:
        """Give what every page has: the banner of a power cut, and whether there is a bus."""
        return (
            self._simple("notice", "bus", template="notice.html", values=self._notice),
            self._simple("banner", "trouble", template="banner.html", values=self._banner),
            self._simple("announcement", "trouble", template="said.html", values=self._said),
        )

    def fleet(self, view: View) -> tuple[Piece, ...]:
        """Give one page of the fleet."""
        key = f"fleet {view.size} {view.number} {view.text}"
        draw = partial(self._fleet, view)
        return (Piece(key, "fleet", frozenset({"order", "device", "bus"}), draw),)

    def device(self, name: str) -> tuple[Piece, ...]:
        """Give what there is to see of one device."""
        about = f"device:{name}"

        def piece(part: str, draw: Callable[[str], Drawn], *more: str) -> Piece:
            return Piece(f"{part} {name}", part, frozenset({about, *more}), partial(draw, name))

        return (
            piece("head", self._head),
            piece("instruments", self._instruments),
            piece("outlets", self._outlets),
            piece("clients", self._clients, "clients", "hosts"),
            piece("variables", self._variables),
        )

    def events(self) -> tuple[Piece, ...]:
        """Give the latest events."""
        return (self._simple("events", "events", template="happened.html", values=self._happened),)

    def topology(self) -> tuple[Piece, ...]:
        """Give what feeds what."""
        about = ("hosts", "order", "trouble")
        return (self._simple("wiring", *about, template="wiring.html", values=self._wiring),)

    def timers(self) -> tuple[Piece, ...]:
        """Give what schedulers will do."""
        return (self._simple("agenda", "timers", template="agenda.html", values=self._agenda),)

    def services(self) -> tuple[Piece, ...]:
        """Give how the services are."""
        values = self._services
        return (self._simple("health", "services", template="health.html", values=values),)

    def _simple(
        self, id: str, *about: str, template: str, values: Callable[[], Mapping[str, Any]]
    ) -> Piece:
        return Piece(
            id, id, frozenset(about), lambda: whole(self._render(template, **values()))
        )  # fmt: skip

    def _notice(self) -> Mapping[str, Any]:
        state = self._state
        return {"lost_at": state.lost_at, "is_known": state.has_been_connected}

    def _cut(self) -> Cut:
        """Put together the power cut as it is now."""
        state = self._state
        return cut(self._sufferers(), state.mirror.services.values(), state.orders)

    def _sufferers(self) -> list[Sufferer]:
        state = self._state
        devices = state.mirror.fleet.devices
        return [
            sufferer(devices[name], state.standing(devices[name]), since, state.ages.heard(name))
            for name, since in state.ages.on_battery.items()
            if name in devices and devices[name].meta
        ]

    def _banner(self) -> Mapping[str, Any]:
        return {"cut": self._cut()}

    def _said(self) -> Mapping[str, Any]:
        return {"text": announcement(self._cut())}

    def _fleet(self, view: View) -> Drawn:
        state = self._state
        part = state.ranking.part(view)
        counts = {NAMES[level]: state.ranking.counts[level] for level in Level}
        rows = {f"d-{name}": self._row(name) for name in part.names}
        total, is_connected = len(state.ranking), state.mirror.is_connected
        frame = (part, tuple(counts.values()), is_connected)

        def html() -> str:
            return self._render(
                "rows.html",
                part=part,
                view=view,
                counts=counts,
                total=total,
                rows=rows.values(),
                is_connected=is_connected,
            )

        return Drawn(html, rows, frame)

    def _row(self, name: str) -> str:
        device = self._state.mirror.fleet.devices[name]
        told = self._state.mirror.reasons.get(name, "")
        known = self._rows.get(name)
        if known is None or known[0] is not device or known[1] != told:
            judged = self._state.standing(device)
            values = device.variables if judged.is_live else {}
            why = reason(device, told)
            html = self._render("row.html", device=device, judged=judged, values=values, reason=why)
            known = self._rows[name] = (device, told, html)
        return known[2]

    def _of(self, name: str, template: str, **values: Any) -> Drawn:  # noqa: ANN401 -- shown
        device = self._state.mirror.device(name)
        judged = self._state.standing(device) if device else None
        return whole(self._render(template, device=device, judged=judged, **values))

    def _head(self, name: str) -> Drawn:
        device = self._state.mirror.device(name)
        return self._of(
            name,
            "head.html",
            reason=reason(device, self._state.mirror.reasons.get(name, "")) if device else "",
            heard=self._state.ages.heard(name) if device else 0.0,
            since=self._state.ages.on_battery.get(name),
        )

    def _instruments(self, name: str) -> Drawn:
        device = self._state.mirror.device(name)
        is_live = device is not None and device.standing is Availability.ONLINE
        shown = instruments(device.variables) if device and is_live else []
        return self._of(name, "instruments.html", instruments=shown)

    def _outlets(self, name: str) -> Drawn:
        device = self._state.mirror.device(name)
        return self._of(
            name, "outlets.html", outlets=listing.outlets(device.variables) if device else []
        )

    def _clients(self, name: str) -> Drawn:
        mirror = self._state.mirror
        hosts = [host for host in topology.hosts(mirror.services.values()) if host.is_online]
        fed = [(host, feed) for host in hosts for feed in host.feeds if feed.device == name]
        return self._of(name, "clients.html", clients=mirror.clients(name), fed=fed)

    def _variables(self, name: str) -> Drawn:
        device = self._state.mirror.device(name)
        lines = listing.lines(device.variables, device.meta) if device else []
        ages = self._state.ages
        parts = {
            line.id: self._render("line.html", line=line, since=ages.of(name, line.name))
            for line in lines
        }
        is_live = device is not None and device.standing is Availability.ONLINE
        heard = ages.heard(name) if device else 0.0

        def html() -> str:
            groups = [
                (group, [parts[line.id] for line in members])
                for group, members in listing.groups(lines)
            ]
            return self._render(
                "variables.html", groups=groups, is_live=is_live, heard=heard, count=len(lines)
            )

        return Drawn(html, parts, (is_live, None if is_live else heard))

    def _happened(self) -> Mapping[str, Any]:
        return {"happenings": list(self._state.happenings)[:LINES]}

    def _wiring(self) -> Mapping[str, Any]:
        mirror = self._state.mirror
        hosts = topology.hosts(mirror.services.values())
        devices = mirror.devices()
        standings = {device.name: self._state.standing(device) for device in devices}
        return {
            "hosts": hosts,
            "drawing": topology.drawing(hosts, standings),
            "space": topology,
            "standings": standings,
            "untils": {each.device.name: each.until for each in self._sufferers() if each.until},
            "unwatched": topology.unwatched(standings, hosts),
        }

    def _agenda(self) -> Mapping[str, Any]:
        views = self._state.mirror.services.values()
        return {"schedulers": [view for view in views if view.kind == "scheduler"]}

    def _services(self) -> Mapping[str, Any]:
        services = self._state.mirror.services
        return {"services": [services[key] for key in sorted(services)]}

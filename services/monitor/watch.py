"""One supply as the policy follows it: what it said last, since when, and what was told of it."""

from dataclasses import dataclass, field

from services.monitor.rules import Supply
from services.monitor.sights import Reach, Sight
from shared.events import Condition
from shared.status import Status, words

# Of the vendors' names for modes in ups.mode.buzzwords, vendor:…:NAME, those that mean ECO.
_ECO_BUZZWORDS = frozenset({"ECO", "ESS", "HE", "SMART"})

# Why a supply is lost that was heard before: one that is gone from the bus is cut off, and an empty
# status says nothing.
_LOST = {
    Reach.UNHEARD: Reach.CUT,
    Reach.REACHED: Reach.SILENT,
    Reach.SILENT: Reach.SILENT,
    Reach.CUT: Reach.CUT,
}


@dataclass(slots=True)
class Watch:
    """What the judgement of one supply stands on; `begun` and all the times are monotonic.

    `heard` is the time of its last word while it was reached, `lost` why it is not. `on_battery`
    stays as it was until OL or OB is said again. After `forget`, nothing counts as heard until a
    word newer than `fresh_from` comes, but a supply that was on battery is taken to be so still.
    """

    supply: Supply
    begun: float
    id: str = ""  # of this monitor, as it stands in an FSD that it set
    sight: Sight = field(default_factory=Sight)
    words: tuple[str, ...] = ()
    heard: float | None = None
    lost: Reach | None = None
    on_battery: bool = False
    since: dict[str, float] = field(default_factory=dict)
    fresh_from: float | None = None
    told: Condition | None = None
    told_fsd: bool = False
    told_replace: float | None = None
    told_unavailable: float | None = None
    told_unknown: bool = False
    own_fsd: bool | None = None  # what we made of FSD and have not seen come true yet
    fsd_sent: bool = False  # to a NUT server, which cannot take it back

    @property
    def is_reached(self) -> bool:
        """Whether its word counts as of now."""
        return self.heard is not None and self.lost is None

    @property
    def is_well(self) -> bool:
        """Whether it is known to be on line power."""
        return self.is_reached and not self.on_battery

    @property
    def has_fsd(self) -> bool:
        """Whether the shutdown of all it feeds is ordered, as far as it concerns this host.

        An order from before this machine booted counts only while on battery: the outage that it
        was given in is over otherwise, and who gave it may not be up yet to clear it.
        """
        if self.own_fsd is True:
            return True
        by_topic = self.sight.fsd and not (self.own_fsd is False and self._is_by_us)
        if self.sight.fsd_is_old and not self.on_battery:
            by_topic = False
        return by_topic or Status.FSD in self.words

    @property
    def has_order(self) -> bool:
        """Whether the shutdown of all it feeds is ordered, by an order of before the boot too."""
        return self.has_fsd or self.sight.fsd

    @property
    def fsd_is_ours(self) -> bool:
        """Whether the FSD topic was set by this monitor, or is about to be."""
        if self.own_fsd is not None:
            return self.own_fsd
        return self.sight.fsd and self._is_by_us

    @property
    def is_leftover(self) -> bool:
        """Whether the FSD topic was set by this monitor before its machine booted, for nothing."""
        is_kept = self.sight.fsd and self.sight.fsd_is_old and self.own_fsd is None
        return is_kept and self.is_well and self.fsd_is_ours

    @property
    def _is_by_us(self) -> bool:
        return self.supply.on_bus and self.sight.fsd_by == self.id

    def take(self, sight: Sight, now: float) -> None:
        """Take in what is known now."""
        self.sight = sight
        if self.own_fsd is not None and self._has_come_true(sight):
            self.own_fsd = None
        is_obsolete = self.fresh_from is not None and sight.at < self.fresh_from
        if sight.reach is Reach.REACHED and words(sight.status):
            if not is_obsolete:
                self.heard, self.lost, self.fresh_from = sight.at, None, None
                self._take_words(words(sight.status), now)
        elif self.heard is not None or sight.reach is not Reach.UNHEARD:
            self._lose(sight, now)

    def _has_come_true(self, sight: Sight) -> bool:
        if self.own_fsd is False:
            return not sight.fsd
        if self.supply.on_bus:  # a device may say FSD by itself
            return sight.fsd and not sight.fsd_is_old
        return Status.FSD in self.words

    def forget(self, now: float) -> None:
        """Count nothing that was seen until now; roles, logins and what was told stay."""
        self.fresh_from = now
        self.since.clear()
        self.words = (Status.OB,) if self.on_battery else ()
        if self.on_battery:
            self.since["battery"] = now
        if self.heard is not None:
            self.heard = now
            self.lost = Reach.CUT

    def _take_words(self, said: tuple[str, ...], now: float) -> None:
        self.words = said
        for word in said:
            if word in (Status.OL, Status.OB):
                self.on_battery = word == Status.OB
        self._count("battery", self.on_battery, now)
        self._count("off", Status.OFF in self.words, now)
        self._count("over", Status.OVER in self.words, now)

    def _lose(self, sight: Sight, now: float) -> None:
        """Keep the last word; a first one that was kept for us counts as of its time."""
        if self.heard is None and words(sight.status):
            self.heard = sight.at
            self._take_words(words(sight.status), now)
        self.lost = _LOST[sight.reach]

    def _count(self, what: str, holds: bool, now: float) -> None:
        if holds:
            self.since.setdefault(what, now)
        else:
            self.since.pop(what, None)

    def condition(self) -> Condition | None:
        """Say what events of it are judged by, FSD apart; as told before if nothing is new."""
        waits = self.fresh_from is not None and self.sight.reach is Reach.REACHED
        if waits or (self.heard is None and self.sight.reach is Reach.UNHEARD):
            return self.told
        said = [word for word in self.words if word != Status.FSD]
        if is_eco(self.sight.buzzwords):
            said.append(Status.ECO)
        return Condition(" ".join(said), self.sight.alarm, self.lost is None)


def is_eco(buzzwords: str) -> bool:
    """Tell whether a mode that its vendor calls economic is among the buzzwords."""
    names = (buzzword.upper().split(":")[1:] for buzzword in buzzwords.replace(",", " ").split())
    return any(_ECO_BUZZWORDS.intersection(name) for name in names)

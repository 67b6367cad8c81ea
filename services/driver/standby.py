"""Which of several driver services works with a device: pure; docs/standby.md says why it is safe.

All times are seconds of one clock of this machine that nobody can set and that goes on in sleep.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from shared.messages import Claim

BEAT: Final = 0.5  # from one word of the service that works to the next
LEASE: Final = 1.5  # after the sending of a word that came back, for which work is allowed
GUARD: Final = 2.0  # from the return of a claim to the begin of work; longer than LEASE
SILENCE: Final = 3.0  # without a word, after which a claim is thought to be dead
SETTLE: Final = 0.5  # after connecting or asking, for what is retained to come
COURTESY: Final = 0.1  # more patience for each step of priority
ANSWER: Final = 2.0  # until a claim that did not come back is made anew
LISTENING: Final = 2 * BEAT  # after a silent broker is back, for who holds the device to say so
LATE: Final = 1.0  # beyond this we were frozen ourselves, and others may have spoken
STRAYS: Final = 3  # words of another that cannot be left over: the broker lost his claim
LEFT_OVER: Final = 12  # words of the one before: he says 9 until he gives his claim up

Told = Callable[[], tuple[int, str]]
"""The sequence number and the ups.status that were published last."""


@dataclass(slots=True)
class _Term:
    """A claim of ours: its beats that are on their way, by number, and what came back of them."""

    id: str
    begun: float
    sent: dict[int, float]
    number: int = 0
    confirmed: bool = False
    works_from: float = 0.0
    works_until: float = 0.0
    previous: str = ""  # the term before ours, of which beats may still come
    strays: int = 0
    left_over: int = 0


@dataclass(slots=True)
class _Other:
    """The last word on the topic, when it came, and whether it came live."""

    claim: Claim
    heard: float
    live: bool
    offline: float | None = None  # when its service was seen to go, after that word
    looked: float | None = None  # when the broker was asked for a later word, as none came


@dataclass(slots=True)
class Candidate:
    """One service's part in the contention for one device.

    `advance` is called at each change and when `due` has come, and gives what is to be published
    next, in this order. `may_work` is to be asked before each exchange with the device.
    """

    service: str
    priority: int
    preempts: bool
    new_term: Callable[[], str]
    told: Told = lambda: (0, "")
    begins_with: Claim | None = None  # the last word of the one before, when we began to hold
    _connected: float | None = None
    _expected: float | None = None  # when we were to be asked again at the latest
    _term: _Term | None = None
    _other: _Other | None = None
    _is_deaf: bool = False  # our last claim was given up because no word of it came back
    _is_lost: bool = False  # and no claim was heard since
    _highest: int = 0  # sequence number that anybody ever told of
    _offline: set[str] = field(default_factory=set)
    _rival: str = ""

    def connect(self, now: float) -> None:
        """Note that a connection to the bus began: whatever was known is void."""
        self._connected, self._expected = now, None
        self._term = self._other = None
        self._is_deaf = self._is_lost = False
        self._offline.clear()
        self._rival = ""

    def settle(self, now: float) -> None:
        """Give what is on its way to us the time to come, before anything is claimed."""
        if self._connected is not None:
            self._connected = now + LISTENING - SETTLE if self._is_deaf else now
        if self._other:
            self._other.heard, self._other.looked = now, None
        self._is_deaf = False

    def look(self, now: float) -> None:
        """Note that the broker was asked for a later word of one who is silent here."""
        if self._other and self.is_in_doubt(now):
            self._other.looked = now

    def disconnect(self) -> None:
        """Note that it is lost: work ends at once."""
        self._connected = self._term = self._other = None

    @property
    def holds(self) -> bool:
        """Whether ours is the claim that counts, as far as we have heard."""
        return self._term is not None and self._term.confirmed

    @property
    def is_claiming(self) -> bool:
        """Whether a claim of ours is on its way, or was lost there and nobody else has one."""
        return self._is_lost if self._term is None else not self._term.confirmed

    @property
    def is_deaf(self) -> bool:
        """Whether nothing is to be claimed until the broker was asked for the claims again.

        The line may be cut, and what we say would come out of it later. `settle` says it answered.
        """
        return self._is_deaf

    def is_in_doubt(self, now: float) -> bool:
        """Whether the broker is to be asked for the claims, since another falls silent here.

        Of a cluster, two nodes may not hear each other while both keep what is claimed. `look` says
        it answered.
        """
        doubted = self._doubted_at()
        return doubted is not None and now >= doubted

    def stands_by(self, claim: Claim) -> bool:
        """Tell whether a word of ours that waits to be published is still to be."""
        return claim.released or (self._term is not None and claim.term == self._term.id)

    @property
    def holder(self) -> str:
        """The service whose claim counts, as far as we have heard; empty if none does."""
        if self.holds:
            return self.service
        return self._other.claim.service if self._other and not self._other.claim.released else ""

    @property
    def rival(self) -> str:
        """A service that works with the device and knows of no claims; empty if there is none."""
        return self._rival

    def may_work(self, now: float) -> bool:
        """Tell whether nobody else can be at work with the device at this moment."""
        term = self._term
        return term is not None and term.confirmed and term.works_from <= now < term.works_until

    def advance(self, now: float) -> tuple[Claim, ...]:
        """Say what is to be published now."""
        if self._connected is None:
            return ()
        was_frozen = self._expected is not None and now > self._expected + LATE
        said = self._next_words(now, was_frozen=was_frozen)
        self._expected = self.due(now)
        return said

    def _next_words(self, now: float, *, was_frozen: bool) -> tuple[Claim, ...]:
        if self._term and now >= self._given_up_at(self._term):
            self._term = None
            self._is_deaf = self._is_lost = True
        if self._term:
            return self._next_beat(self._term, now)
        if was_frozen and not self._is_deaf:
            self.settle(now)
        wanted = self._wanted_at()
        return (self._claim(now),) if wanted is not None and now >= wanted else ()

    def due(self, now: float) -> float | None:
        """Say when to call `advance` again, or when work begins or ends; None: not by itself."""
        term = self._term
        if term is None:
            wanted, doubted = self._wanted_at(), self._doubted_at()
            return doubted if doubted is not None and doubted > now else wanted
        times = [max(term.sent.values(), default=term.begun) + BEAT]
        if term.confirmed:
            times += [term.works_from, term.works_until]
        return min(time for time in times if time > now) if max(times) > now else now

    def hear(self, claim: Claim | None, now: float, *, retained: bool) -> None:
        """Take in a message on the topic of the claims, in the order in which they come."""
        term = self._term
        if claim:
            self._highest = max(self._highest, claim.seq)
            if claim.service == self._rival and not (retained or claim.released):
                self._rival = ""  # he knows of claims by now
        if claim is None:
            if term is None:
                self._other = None
        elif term and claim.term == term.id:
            self._hear_ourselves(term, claim, now)
        elif term and term.confirmed:
            self._hear_another(term, claim, now, retained=retained)
        elif not retained or (term is None and self._is_news(claim)):
            self._follow(claim, now, retained=retained)

    def hear_service(self, id: str, now: float, *, online: bool) -> None:
        """Note that another driver service came or went."""
        if online:
            self._offline.discard(id)
            return
        self._offline.add(id)
        if id == self._rival:
            self._rival = ""
        other = self._other
        if other and other.claim.service == id and other.offline is None:
            other.offline = now

    def hear_rival(self, service: str) -> None:
        """Note that another service works with the device and knows of no claims."""
        self._rival = service
        self._term = None
        self._is_lost = False

    def release(self, now: float) -> Claim | None:
        """Give the device up; only after the line to it was closed. What to publish, if anything.

        A release at the wrong time would let the next one begin too early: it is clean only while
        nobody else could have begun.
        """
        term, clean = self._term, self.may_work(now)
        self._term = None
        if term is None or not term.confirmed:
            return None
        return self._word(term.id, term.number + 1, released=True, clean=clean)

    # What is to be said.

    def _claim(self, now: float) -> Claim:
        other = self._other
        self._term = _Term(self.new_term(), now, {0: now})
        self._term.previous = other.claim.term if other else ""
        return self._word(self._term.id, 0)

    def _given_up_at(self, term: _Term) -> float:
        """Say until when an answer to our words is waited for."""
        return term.works_until + SILENCE if term.confirmed else term.begun + ANSWER

    def _next_beat(self, term: _Term, now: float) -> tuple[Claim, ...]:
        if now < max(term.sent.values(), default=term.begun) + BEAT:
            return ()
        term.number += 1
        term.sent[term.number] = now
        return (self._word(term.id, term.number),)

    def _word(self, term: str, beat: int, *, released: bool = False, clean: bool = False) -> Claim:
        sequence, status = self.told()
        return Claim(
            service=self.service,
            term=term,
            beat=beat,
            priority=self.priority,
            released=released,
            clean=clean,
            seq=sequence,
            status=status,
        )

    def _wanted_at(self) -> float | None:
        """Say from when on the device is to be claimed; None: not as things stand."""
        if self._connected is None or self._rival or self._is_deaf:
            return None
        settled = self._connected + SETTLE
        dead = self._dead_at(self._other, settled) if self._other else settled
        return None if dead is None else max(settled, dead) + COURTESY * (self.priority - 1)

    def _doubted_at(self) -> float | None:
        """Say when to ask for a later word than the last, so that the answer is there in time."""
        other = self._other
        if other is None or self._term or self._connected is None or self._rival or self._is_deaf:
            return None
        is_silent = self._dead_at(other, self._connected + SETTLE) is None
        return other.heard + SILENCE - SETTLE if is_silent else None

    def _dead_at(self, other: _Other, settled: float) -> float | None:
        """Say when the claim of another is dead if nothing more is heard; None: ask first."""
        claim = other.claim
        is_better = self.preempts and self.priority < claim.priority
        if claim.released or (is_better and other.live):
            return other.heard
        if claim.service == self.service and not other.live:
            return settled  # from a life of ours before this one
        if other.offline is not None:
            return other.offline
        if other.looked is None:
            return None
        return max(other.heard + SILENCE, other.looked + SETTLE)

    # What is heard.

    def _hear_ourselves(self, term: _Term, claim: Claim, now: float) -> None:
        if claim.beat == 0 and not term.confirmed:
            term.confirmed = True
            self._is_lost = False
            other = self._other
            self.begins_with = self._word_before(claim)
            term.previous = other.claim.term if other else ""
            term.works_from = now if self._is_handed_over(now) else now + GUARD
        sent = term.sent.pop(claim.beat, None)
        if sent is not None and term.confirmed:
            term.works_until = max(term.works_until, sent + LEASE)
            term.sent = {beat: at for beat, at in term.sent.items() if beat > claim.beat}
            term.sent[claim.beat] = sent  # the last one, from which the next is counted

    def _word_before(self, ours: Claim) -> Claim | None:
        """Give the last word before ours, with the highest number of a state that was heard of."""
        if self._other:
            return self._other.claim.model_copy(update={"seq": self._highest})
        return ours.model_copy(update={"seq": self._highest}) if self._highest else None

    def _is_handed_over(self, now: float) -> bool:
        """Tell whether the last word before our claim says that nobody works any more."""
        other = self._other
        is_known = self._connected is not None and now - self._connected > SILENCE
        return other is not None and is_known and other.live and other.claim.clean

    def _hear_another(self, term: _Term, claim: Claim, now: float, *, retained: bool) -> None:
        """Yield to a claim that was made after ours; pass over what was said before it came."""
        if retained:
            return
        if claim.term == term.previous:
            term.left_over += 1
        else:
            term.strays += 1
        is_at_work = term.strays >= STRAYS or term.left_over >= LEFT_OVER
        if claim.beat == 0 or is_at_work:
            self._term = None
            self._other = None
            self._follow(claim, now, retained=False)

    def _is_news(self, claim: Claim) -> bool:
        """Tell whether what the broker keeps says more than what was heard."""
        other = self._other
        if other is None or self._is_lost:
            return True
        if other.claim.term == claim.term:
            return claim.beat > other.claim.beat
        return claim.service != self.service or not other.live

    def _follow(self, claim: Claim, now: float, *, retained: bool) -> None:
        old = self._other
        is_of_same = old is not None and old.claim.term == claim.term
        if claim.released and not is_of_same and old is not None:
            return  # he had lost it before he gave it up
        if claim.clean and not (is_of_same and old is not None and old.live):
            claim = claim.model_copy(update={"clean": False})
        is_dead = claim.service in self._offline and retained and not is_of_same
        offline = now if is_dead else None
        self._other = _Other(claim, now, not retained, offline)
        self._is_lost = False

"""A simulated broker and driver services to which happens what happens to machines and networks."""

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from services.driver.standby import Candidate
from shared.messages import Claim

STEP = 0.02


@dataclass
class Session:
    """One connection: what is on its way to and from the broker, with the time it is due."""

    number: int
    to_broker: deque[Any] = field(default_factory=deque)
    to_node: deque[Any] = field(default_factory=deque)
    is_split: bool = False
    is_over: bool = False
    is_asked: bool = False
    silent_since: float = 0.0


class Node:
    """A driver service with a clock of its own, which may be frozen, killed and cut off."""

    def __init__(self, name, world, priority, preempts):
        self.name, self.world = name, world
        self.priority, self.preempts = priority, preempts
        self.rate = world.random.uniform(0.97, 1.03)
        self.offset = world.random.uniform(0, 1e6)
        self.lives = 0
        self.is_alive = False
        self.frozen_until = 0.0
        self.session: Any = None
        self.connects_at = 0.0
        self.terms = 0
        self.candidate: Any = None
        self.due: float | None = None

    @property
    def now(self):
        return self.offset + self.world.now * self.rate

    @property
    def is_frozen(self):
        return self.world.now < self.frozen_until

    @property
    def works(self):
        return self.is_alive and not self.is_frozen and self.candidate.may_work(self.now)

    def start(self):
        self.is_alive, self.lives, self.session = True, self.lives + 1, None
        self.frozen_until = 0.0
        self.connects_at = self.world.now + self.world.random.uniform(0, 1)
        self.candidate = Candidate(self.name, self.priority, self.preempts, self.term)

    def term(self):
        self.terms += 1
        return f"{self.name}-{self.lives}-{self.terms}"

    def kill(self):
        if self.is_alive:
            self.is_alive = False
            self.world.hang_up(self.session)
            self.session = None

    def leave(self):
        """End in good order: the line is closed, then the device is released."""
        if not self.is_alive or self.is_frozen:
            return
        claim = self.candidate.release(self.now)
        if claim and self.session:
            self.world.send(self.session, claim)
        self.is_alive = False
        if self.session:
            self.world.send(self.session, "bye")
        self.session = None

    def step(self):
        if not self.is_alive or self.is_frozen:
            return
        self.keep_connected()
        if self.session:
            has_heard = self.listen()
            if has_heard or self.due is None or self.now >= self.due:
                for claim in self.candidate.advance(self.now):
                    self.world.send(self.session, claim)
                is_unsure = self.candidate.is_deaf or self.candidate.is_in_doubt(self.now)
                if is_unsure and not self.session.is_asked:
                    self.session.is_asked = True
                    self.world.send(self.session, "what is claimed?")
                self.due = self.candidate.due(self.now)

    def keep_connected(self):
        if self.session and self.world.has_ended(self.session):
            self.session = None
            self.candidate.disconnect()
            self.connects_at = self.world.now + self.world.random.uniform(0, 3)
        if self.session is None and self.world.now >= self.connects_at and self.world.is_up:
            self.session = self.world.connect(self)
            self.candidate.connect(self.now)
            self.due = None

    def listen(self):
        before = len(self.session.to_node)
        while self.session.to_node and self.session.to_node[0][0] <= self.world.now:
            if self.session.is_split:
                break
            _, kind, what, retained = self.session.to_node.popleft()
            if kind == "claim":
                self.candidate.hear(what, self.now, retained=retained)
            elif kind == "answer":
                self.session.is_asked = False
                is_deaf = self.candidate.is_deaf
                (self.candidate.settle if is_deaf else self.candidate.look)(self.now)
            else:
                self.candidate.hear_service(what[0], self.now, online=what[1])
        return len(self.session.to_node) < before


class World:
    """The time, the broker, and the lines."""

    def __init__(self, seed, nodes=2, *, preempts=False):
        self.random = random.Random(seed)
        self.now = 0.0
        self.is_up = True
        self.retained = None
        self.saved = None
        self.services = {}
        self.sessions = {}
        self.count = 0
        self.slow = 0.0
        self.keepalive = 3.0
        self.is_parted = False  # each is at a node of a cluster of its own, that hears no other
        self.nodes = [
            Node(f"n{place}", self, place + 1, preempts and place == 0) for place in range(nodes)
        ]
        self.at_work = []

    def delay(self, queue):
        """Take some time, but keep the order."""
        last = queue[-1][0] if queue else 0.0
        return max(last, self.now + self.random.expovariate(1 / (0.004 + self.slow)))

    def connect(self, node):
        self.count += 1
        session = Session(self.count, silent_since=self.now)
        self.sessions[session.number] = (node, session)
        self.say_service(node.name, True)
        for name, online in self.services.items():
            session.to_node.append((self.delay(session.to_node), "service", (name, online), True))
        if self.retained is not None:
            session.to_node.append((self.delay(session.to_node), "claim", self.retained, True))
        return session

    def send(self, session, what):
        session.to_broker.append((self.delay(session.to_broker), what))

    def hang_up(self, session):
        if session:
            session.to_broker.append((self.now, "hang up"))

    def say_service(self, name, online):
        self.services[name] = online
        for node, session in self.sessions.values():
            if self.is_parted and node.name != name:
                continue
            session.to_node.append((self.delay(session.to_node), "service", (name, online), False))

    def has_ended(self, session):
        """Tell whether a node can see that its connection is no more."""
        return session.is_over or (not session.is_split and session.number not in self.sessions)

    def end(self, number, *, with_will):
        node, session = self.sessions.pop(number)
        session.is_over = not session.is_split
        if with_will:
            self.say_service(node.name, False)

    def restart(self, *, forgets, rolls_back):
        for number in list(self.sessions):
            self.sessions.pop(number)[1].is_over = True
        self.services = dict.fromkeys(self.services, False)
        if forgets:
            self.retained, self.services = None, {}
        elif rolls_back:
            self.retained = self.saved
        self.is_up = False

    def broker_step(self):
        for number, (node, session) in list(self.sessions.items()):
            if not session.is_split and node.session is session and not node.is_frozen:
                session.silent_since = self.now
            if self.now - session.silent_since > self.keepalive:
                self.end(number, with_will=True)
                continue
            while session.to_broker and session.to_broker[0][0] <= self.now:
                if session.is_split or number not in self.sessions:
                    break
                what = session.to_broker.popleft()[1]
                if what in ("bye", "hang up"):
                    self.end(number, with_will=True)
                elif what == "what is claimed?":
                    self.answer(session)
                else:
                    self.take(what, node)

    def answer(self, session):
        words = [("answer", None, False)]
        if self.retained is not None:
            words.append(("claim", self.retained, True))
        for word in self.random.sample(words, len(words)):
            session.to_node.append((self.delay(session.to_node), *word))

    def take(self, claim, sender):
        assert isinstance(claim, Claim)
        self.retained = claim
        for node, session in self.sessions.values():
            if self.is_parted and node is not sender:
                continue
            session.to_node.append((self.delay(session.to_node), "claim", claim, False))

    def step(self):
        self.now += STEP
        if self.is_up:
            self.broker_step()
        for node in self.random.sample(self.nodes, len(self.nodes)):
            node.step()
        workers = [node.name for node in self.nodes if node.works]
        assert len(workers) <= 1, f"at {self.now:.2f} these work at once: {workers}"
        self.at_work = workers

    def run(self, seconds):
        end = self.now + seconds
        while self.now < end:
            self.step()

    def disturb(self):
        """Do one of the things that happen to machines, networks and brokers."""
        node = self.random.choice(self.nodes)
        if not node.is_alive:
            node.start()
        else:
            self.random.choice(DISTURBANCES)(self, node)
        if not self.is_up and self.random.random() < 0.7:
            self.is_up = True

    def freeze(self, node):
        node.frozen_until = self.now + self.random.choice((0.3, 1.4, 2.5, 6.0))

    def split(self, node):
        if node.session:
            node.session.is_split = not node.session.is_split

    def trouble_broker(self, _node):
        if self.is_up:
            self.restart(forgets=self.random.random() < 0.3, rolls_back=self.random.random() < 0.5)

    def slow_down(self, _node):
        self.slow = self.random.choice((0.0, 0.05, 0.5))

    def save(self, _node):
        """Write to the broker's disk what it goes back to after a crash."""
        self.saved = self.retained

    def calm(self):
        """Let everything be well again."""
        self.is_up, self.slow = True, 0.0
        for node in self.nodes:
            node.frozen_until = 0.0
            if node.session and node.session.is_split:  # its keepalive would end it
                node.session.is_over, node.session.is_split = True, False
                self.sessions.pop(node.session.number, None)
            if not node.is_alive:
                node.start()


DISTURBANCES = (
    lambda _world, node: node.kill(),
    lambda _world, node: node.leave(),
    World.freeze,
    World.freeze,
    World.split,
    World.split,
    World.trouble_broker,
    World.slow_down,
    World.save,
)

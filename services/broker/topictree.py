"""A tree of topics or of topic filters, and how the two match; pure."""

from collections.abc import Iterator
from typing import Generic, TypeVar

V = TypeVar("V")

MAX_LEVELS = 64
ONE, REST = "+", "#"


def is_topic(text: str) -> bool:
    """Tell whether a message may be published to `text`."""
    return is_filter(text) and ONE not in text and REST not in text


def is_filter(text: str) -> bool:
    """Tell whether `text` may be subscribed to (MQTT 3.1.1, section 4.7)."""
    levels = text.split("/")
    if not text or "\0" in text or len(levels) > MAX_LEVELS:
        return False
    if any(REST in level for level in levels[:-1]):
        return False
    return all(len(level) == 1 or not {ONE, REST} & set(level) for level in levels)


class _Node(Generic[V]):
    """One level: what lies below it, and the value of the path that ends here."""

    __slots__ = ("below", "value")

    def __init__(self) -> None:
        self.below: dict[str, _Node[V]] = {}
        self.value: V | None = None


class TopicTree(Generic[V]):
    """Values by path, where a path is a topic or a filter."""

    def __init__(self) -> None:
        self._root = _Node[V]()

    def get(self, path: str) -> V | None:
        """Return the value of exactly this path."""
        node: _Node[V] | None = self._root
        for level in path.split("/"):
            node = node.below.get(level) if node else None
        return node.value if node else None

    def set(self, path: str, value: V) -> None:
        """Give a path its value."""
        node = self._root
        for level in path.split("/"):
            node = node.below.setdefault(level, _Node())
        node.value = value

    def remove(self, path: str) -> None:
        """Take a path out, with the branches it leaves bare."""
        levels = path.split("/")
        nodes = [self._root]
        for level in levels:
            if level not in nodes[-1].below:
                return
            nodes.append(nodes[-1].below[level])
        nodes[-1].value = None
        for node, level in zip(reversed(nodes[:-1]), reversed(levels), strict=True):
            if node.below[level].below or node.below[level].value is not None:
                return
            del node.below[level]

    def of_topic(self, topic: str) -> list[V]:
        """Return the values of all filters that match a topic, in a tree of filters."""
        found: list[V] = []
        nodes = [self._root]
        for index, level in enumerate(topic.split("/")):
            # [MQTT-4.7.2-1] A wildcard at the first level leaves topics with a $ out.
            wild = index > 0 or not topic.startswith("$")
            following: list[_Node[V]] = []
            for node in nodes:
                if wild:
                    _add_value(found, node.below.get(REST))
                    _add_node(following, node.below.get(ONE))
                _add_node(following, node.below.get(level))
            nodes = following
        for node in nodes:
            _add_value(found, node)
            _add_value(found, node.below.get(REST))  # a/# matches a as well
        return found

    def of_filter(self, path: str) -> list[V]:
        """Return the values of all topics that a filter matches, in a tree of topics."""
        found: list[V] = []
        nodes = [self._root]
        levels = path.split("/")
        for index, level in enumerate(levels):
            if level == REST:
                return [*found, *_values_below(nodes, everything=index > 0)]
            nodes = [below for node in nodes for below in _step(node, level, everything=index > 0)]
        return [node.value for node in nodes if node.value is not None]


def _add_value(found: list[V], node: _Node[V] | None) -> None:
    if node is not None and node.value is not None:
        found.append(node.value)


def _add_node(nodes: list[_Node[V]], node: _Node[V] | None) -> None:
    if node is not None:
        nodes.append(node)


def _step(node: _Node[V], level: str, *, everything: bool) -> Iterator[_Node[V]]:
    if level != ONE:
        if level in node.below:
            yield node.below[level]
        return
    for name, below in node.below.items():
        if everything or not name.startswith("$"):
            yield below


def _values_below(nodes: list[_Node[V]], *, everything: bool) -> Iterator[V]:
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if node.value is not None:
            yield node.value
        pending += _step(node, ONE, everything=everything or node not in nodes)

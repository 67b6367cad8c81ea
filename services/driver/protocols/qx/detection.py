"""Which dialect a device speaks: NUT's probes, decided on replies that are asked for once each."""

from collections.abc import Iterable, Mapping

from services.driver.protocols.qx.decoding import decode
from services.driver.protocols.qx.table import Dialect, Knowledge, Probe, Query
from shared.errors import DeviceError

Replies = Mapping[bytes, bytes | None]
"""What the device said to a request on the line, None for nothing."""


def next_request(
    dialect: Dialect, replies: Replies, options: Mapping[str, str]
) -> tuple[bytes, Query] | None:
    """Say what must still be asked to decide whether a device speaks a dialect; None: it is clear.

    An answer that rules the dialect out ends the questions, as does the last one that it passes.
    """
    known = Knowledge(options=options)
    for probe in dialect.probes:
        if probe.unless and probe.unless in options:
            continue
        passed = False
        for query in _queries(dialect, probe):
            request = framed(query, known)
            if request not in replies:
                return request, query
            found = _passes(dialect, probe, query, replies[request], known)
            if found is not None:
                known, passed = found, True
                break
        if not passed:
            return None
    return None


def is_spoken(dialect: Dialect, replies: Replies, options: Mapping[str, str]) -> bool:
    """Tell whether a device that gave these replies speaks the dialect."""
    known = Knowledge(options=options)
    for probe in dialect.probes:
        if probe.unless and probe.unless in options:
            continue
        for query in _queries(dialect, probe):
            reply = replies.get(framed(query, known))
            found = _passes(dialect, probe, query, reply, known)
            if found is not None:
                known = found
                break
        else:
            return False
    return True


def framed(query: Query, known: Knowledge) -> bytes:
    """Write a request as it goes over the line."""
    request = query.request.encode("latin-1")
    return query.frame(request, known) if query.frame else request


def in_order(
    dialects: Iterable[Dialect], protocol: str | None, found_before: str | None
) -> list[Dialect]:
    """Order the dialects to try: the one found before first; some only if `protocol` names one."""
    if protocol is not None:
        return list(dialects)
    tried = [each for each in dialects if not each.by_name]
    return sorted(tried, key=lambda dialect: dialect.name != found_before)


def _queries(dialect: Dialect, probe: Probe) -> list[Query]:
    return [
        query
        for query in dialect.queries
        if any(field.variable == probe.variable for field in query.fields)
    ]


def _passes(
    dialect: Dialect, probe: Probe, query: Query, reply: bytes | None, known: Knowledge
) -> Knowledge | None:
    """Read the variable of a probe; None if it cannot be read, else all that is known then."""
    if reply is None:
        return None
    if reply in probe.refusals:
        return known
    places = [place for place, field in enumerate(query.fields) if field.variable == probe.variable]
    try:
        decoded = decode(query, dialect, reply, known, places[:1])
    except DeviceError:
        return None
    said = any(found.text for found in decoded.found.values())
    return decoded.known if said else None

"""The notify types, what they say, and where each is to go (inventory 3.2).

Those that follow from the states of one supply come from shared.events; the rest are of the host.
"""

from typing import Final

from services.monitor.actions import Notify
from services.monitor.rules import Notice, Rules
from shared.events import Event, HostEvent

_TEXT: Final = {
    HostEvent.NOCOMM: "UPS %s is unavailable",
    HostEvent.SHUTDOWN: "Auto logout and shutdown proceeding",
    HostEvent.SHUTDOWN_HOSTSYNC: (
        "Shutdown initiated; primary system is waiting for secondaries to log out or time out"
    ),
    HostEvent.NOPARENT: "upsmon parent process died - shutdown impossible",
    HostEvent.SUSPEND_STARTING: "OS is entering sleep/suspend/hibernate mode",
    HostEvent.SUSPEND_FINISHED: (
        "OS just finished sleep/suspend/hibernate mode, de-activating obsolete UPS readings"
    ),
    HostEvent.SUSPEND_TIMEJUMP_UNEXPECTED: (
        "Unexpected clock change by %s, treating as wake up from sleep"
    ),
}
_UNCHANGED: Final = Notice()


def of_supply(
    rules: Rules, supply: str, event: Event, *, dry_run: bool = False
) -> tuple[Notify, ...]:
    """Tell an event of a supply; nothing if its type is to be ignored."""
    notice = rules.notices.get(event.type, _UNCHANGED)
    text = event.text
    if notice.message is not None:
        text = filled(notice.message, supply, event.detail)
    text = f"[dry run] {text}" if dry_run else text
    return _notify(notice, Notify(event.type, supply, text, event.detail, notice.flags))


def of_host(
    rules: Rules, type_: HostEvent, *, supply: str = "", detail: str = "", dry_run: bool = False
) -> tuple[Notify, ...]:
    """Tell an event of the host, or that a supply is unavailable."""
    notice = rules.notices.get(type_, _UNCHANGED)
    message = _TEXT[type_] if notice.message is None else notice.message
    text = filled(message, *(word for word in (supply, detail) if word))
    text = f"[dry run] {text}" if dry_run else text
    return _notify(notice, Notify(type_, supply, text, detail, notice.flags))


def filled(message: str, *words: str) -> str:
    """Put the words in place of each `%s` in turn; those too many become nothing."""
    first, *rest = message.split("%s")
    padded = (*words, *("" for _ in rest))
    return first + "".join(word + text for word, text in zip(padded, rest, strict=False))


def _notify(notice: Notice, notify: Notify) -> tuple[Notify, ...]:
    return (notify,) if notice.flags else ()

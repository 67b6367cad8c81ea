"""What to send when somebody wants something of a device, and what its answer means."""

from services.driver.protocols.qx.decoding import DeclinedError, repaired
from services.driver.protocols.qx.limits import as_writable, setting_limits
from services.driver.protocols.qx.table import (
    Answer,
    Asked,
    Command,
    Dialect,
    Knowledge,
    Query,
    Setting,
    Wish,
)
from shared.errors import DeviceError, RefusedError, ResultStatus


def command_requests(command: Command, value: str | None, known: Knowledge) -> Asked:
    """Say what to send for a command; RefusedError if its value will not do."""
    if command.ask is None:
        return Asked((command.request,))
    return _asked(command.ask(Wish(value or command.default, command, known)))


def setting_requests(setting: Setting, value: str, known: Knowledge) -> Asked:
    """Say what to send to write a setting; RefusedError if its value will not do."""
    assert setting.request is not None
    if setting.ask is None:
        return Asked((setting.request,))
    return _asked(setting.ask(Wish(value, setting, known)))


def kept_value(setting: Setting, value: str, known: Knowledge) -> str:
    """Say which value the driver keeps for one that somebody wishes."""
    if setting.ask is None:
        return value
    return _asked(setting.ask(Wish(value, setting, known))).requests[0]


def check_limits(dialect: Dialect, setting: Setting, value: str, known: Knowledge) -> None:
    """Refuse what a setting cannot take."""
    limits = setting_limits(dialect, setting, known)
    if limits is not None:
        as_writable(limits).check(value)


def check_answer(dialect: Dialect, answer: Answer, request: str, raw: bytes | None) -> None:
    """Let pass what means that a request was carried out; else RefusedError, or DeviceError.

    `raw` is None if the device said nothing.
    """
    if raw is None:
        if answer.length:
            raise DeviceError(f"no answer to {request!r}")
        return
    shape = Query(request, b"", (), lead=answer.lead, length=answer.length, repair=answer.repair)
    try:
        reply = repaired(shape, dialect, raw)
    except DeclinedError as error:
        raise RefusedError(ResultStatus.FAILED, f"the device refused: {error}") from None
    verdict = reply.removesuffix("\r")[answer.start : answer.end]
    if not dialect.accepted or verdict.lower() != dialect.accepted.lower():
        raise RefusedError(ResultStatus.FAILED, f"the device refused {request!r}: {reply!r}")


def _asked(result: str | Asked) -> Asked:
    return result if isinstance(result, Asked) else Asked((result,))

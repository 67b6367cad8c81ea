"""Errors that cross module boundaries, each with one full sentence as its text."""

from enum import StrEnum


class PowerError(Exception):
    """Base of every error this project raises."""


class DeviceError(PowerError):
    """The device is silent or its answer makes no sense."""


class AbsentError(DeviceError):
    """The device is not there though it was looked for patiently: look for it again at once."""


class BusError(PowerError):
    """The broker cannot be reached or hung up."""


class PayloadError(PowerError):
    """A payload on the bus cannot be read; the text names the topic and the reason."""


class SettingsError(PowerError):
    """The settings are wrong; the text names the file, the key and what is right."""


class ResultStatus(StrEnum):
    """How a request to a device ended (bus contract, section 2)."""

    OK = "ok"
    UNKNOWN = "unknown"
    INVALID = "invalid"
    READ_ONLY = "readonly"
    TOO_LONG = "too-long"
    FAILED = "failed"
    EXPIRED = "expired"
    REFUSED = "refused"
    STALE = "stale"


class RefusedError(PowerError):
    """A request was understood and declined; `status` says how, in the words of the bus."""

    def __init__(self, status: ResultStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def first_error(group: BaseExceptionGroup[PowerError]) -> PowerError:
    """Pick the first error of a group, however deep it lies."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, PowerError)
    return error

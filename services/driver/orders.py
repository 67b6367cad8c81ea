"""What the bus asks of a device, and whether it may be done (bus contract, rule 1): pure."""

from dataclasses import dataclass

from services.driver.features import View
from shared.errors import RefusedError, ResultStatus
from shared.messages import Request, Result
from shared.topics import DeviceTopic


@dataclass(frozen=True, slots=True)
class Order:
    """A command or a setting for one device; `part` says which."""

    part: DeviceTopic
    name: str
    request: Request

    @property
    def is_for_driver(self) -> bool:
        """Tell whether it is a command to the driver itself, which a stale device takes too."""
        return self.part is DeviceTopic.COMMAND and self.name.startswith("driver.")

    def result(self, status: ResultStatus, detail: str, at: float) -> Result:
        """Say how it ended."""
        who = self.request
        return Result(
            id=who.id,
            request=str(self.part),
            name=self.name,
            status=status,
            detail=detail,
            by=who.by,
            at=at,
        )


def check(order: Order, view: View, now: float) -> None:
    """Let an order pass, or raise RefusedError; `now` in seconds since the epoch."""
    check_expiry(order, now)
    if order.part is DeviceTopic.COMMAND:
        if order.name not in view.commands:
            raise RefusedError(ResultStatus.UNKNOWN, f"the device has no command {order.name}")
        return
    if order.name not in view.variables and order.name not in view.writable:
        raise RefusedError(ResultStatus.UNKNOWN, f"the device has no variable {order.name}")
    if order.name not in view.writable:
        raise RefusedError(ResultStatus.READ_ONLY, f"{order.name} cannot be written")
    view.writable[order.name].check(order.request.value or "")


def check_expiry(order: Order, now: float) -> None:
    """Let an order pass that has not expired, or raise RefusedError."""
    expires = order.request.expires
    if expires is not None and now > expires:
        raise RefusedError(ResultStatus.EXPIRED, f"expired {now - expires:.1f} s ago")

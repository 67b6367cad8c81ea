"""What can be written to a device, as the bus tells it."""

from services.driver.protocols.qx.table import Dialect, Field, Knowledge, Limits, Setting
from shared.messages import Writable


def limits_now(row: Field | Setting, known: Knowledge) -> Limits | None:
    """Say how far a row can be set in this device."""
    return row.limits(known) if callable(row.limits) else row.limits


def setting_limits(dialect: Dialect, setting: Setting, known: Knowledge) -> Limits | None:
    """Say how far a setting goes; where its row does not tell, the row that reads it does."""
    own = limits_now(setting, known)
    if own is not None:
        return own
    for query in dialect.queries:
        for field in query.fields:
            if field.variable == setting.variable and field.limits is not None:
                return limits_now(field, known)
    return None


def writable(dialect: Dialect, known: Knowledge) -> dict[str, Writable]:
    """List the variables that can be written: those that the device has and lets be set."""
    found: dict[str, Writable] = {}
    for setting in dialect.settings:
        is_there = setting.variable in known.variables and not setting.private
        if is_there and (setting.when is None or setting.when(known)):
            found[setting.variable] = _writable(setting_limits(dialect, setting, known))
    return found


def _writable(limits: Limits | None) -> Writable:
    if limits is None:
        return Writable()
    return Writable(
        type="number" if limits.ranges else "string",
        max_length=limits.length,
        enum=list(limits.choices),
        ranges=list(limits.ranges),
    )

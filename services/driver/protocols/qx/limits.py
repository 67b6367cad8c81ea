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
    read = (limits_now(field, known) for field in _fields(dialect, setting.variable))
    return next((limits for limits in read if limits is not None), None)


def _fields(dialect: Dialect, variable: str) -> list[Field]:
    return [
        field
        for query in dialect.queries
        for field in query.fields
        if field.variable == variable and field.limits is not None
    ]


def writable(dialect: Dialect, known: Knowledge) -> dict[str, Writable]:
    """List the variables that can be written: those that the device has and lets be set."""
    return {
        setting.variable: as_writable(setting_limits(dialect, setting, known))
        for setting in dialect.settings
        if setting.variable in known.variables
        and not setting.private
        and is_offered(dialect, setting, known)
    }


def is_offered(dialect: Dialect, setting: Setting, known: Knowledge) -> bool:
    """Tell whether this device has a setting: limits that its model should have may be none."""
    if setting.when is not None and not setting.when(known):
        return False
    rows: list[Field | Setting] = [setting, *_fields(dialect, setting.variable)]
    by_model = [row.limits for row in rows if callable(row.limits)]
    return not by_model or any(limits(known) is not None for limits in by_model)


def as_writable(limits: Limits | None) -> Writable:
    """Say limits as the bus does."""
    if limits is None:
        return Writable()
    return Writable(
        type="number" if limits.ranges else "string",
        max_length=limits.length,
        enum=list(limits.choices),
        ranges=list(limits.ranges),
    )

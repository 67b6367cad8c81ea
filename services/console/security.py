"""`nutbus check --security`: all that the settings and their files leave open.

What takes a look at a broker is in security_probe.
"""

from collections.abc import Callable, Iterable

from services.console import security_files as files
from services.console import security_programs as programs
from services.console import security_services as services
from services.console.security_findings import Finding, Inquiry, sorted_by_severity

_RULES: tuple[Callable[[Inquiry], Iterable[Finding]], ...] = (
    services.own_broker,
    services.line_to_broker,
    services.gateway,
    services.web,
    services.monitor,
    services.homeassistant,
    services.devices,
    services.audit,
    programs.programs,
    files.settings_file,
    files.named_files,
)


def findings(inquiry: Inquiry) -> list[Finding]:
    """List what is open, the worst first."""
    return sorted_by_severity(one for rule in _RULES for one in rule(inquiry))

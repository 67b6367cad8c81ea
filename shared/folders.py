"""Where services keep what must outlive them."""

import os
from collections.abc import Mapping
from pathlib import Path


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Choose the folder for state: systemd's, /var/lib/nutbus, or for a plain user their own."""
    if given := environment.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(given)
    if os.geteuid() == 0 or os.access("/var/lib/nutbus", os.W_OK):
        return Path("/var/lib/nutbus")
    return Path(environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "nutbus"

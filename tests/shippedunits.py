"""The units of deploy/systemd, and the drop-ins of docs/systemd.md."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
FOLDER = CHECKOUT / "deploy" / "systemd"
# Each block of the document that is for `systemctl edit`: the unit and the lines.
DROP_INS = re.findall(
    r"```ini\n# systemctl edit (\S+)\n(.*?)```",
    (CHECKOUT / "docs/systemd.md").read_text(),
    re.DOTALL,
)

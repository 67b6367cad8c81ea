"""Programs of another architecture run on this machine, by QEMU, while a test asks for it."""

import contextlib
import os
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Final

TOOL: Final = Path(__file__).parents[1] / "tools" / "debian-unpacked"
# The first 20 bytes of an ELF program for 64-bit ARM, and those of their bits that count: what
# system and whether it can be moved in memory do not.
ARM64: Final = (
    r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00",
    r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff",
)
# It ends, and takes back what it told the kernel, when its input does: that is, when we end,
# however we end. F: the kernel opens the interpreter now, so that it need not be in any image.
HOLDER: Final = """
set -eu
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
cd /proc/sys/fs/binfmt_misc
printf '%s' "$1" >register
echo ready
read -r _ || true
echo -1 >"$2"
"""


@contextlib.contextmanager
def arm64() -> Generator[None]:
    """Have the kernel run programs for 64-bit ARM inside the block; takes root.

    Nothing is installed. The kernel is told from a mount namespace of its own.
    """
    made = subprocess.run(
        [TOOL, "qemu-user-static"], stdout=subprocess.PIPE, text=True, timeout=600, check=True
    )
    program = Path(made.stdout.strip()) / "usr" / "bin" / "qemu-aarch64-static"
    name = f"nutbus-arm64-{os.getpid()}"
    magic, mask = ARM64
    line = f":{name}:M::{magic}:{mask}:{program}:F"
    holder = subprocess.Popen(
        ("unshare", "--mount", "sh", "-c", HOLDER, "sh", line, name),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # an interrupt from the terminal is for us; it ends after us
    )
    try:
        assert holder.stdout is not None
        if holder.stdout.readline() != b"ready\n":
            raise AssertionError(f"the kernel refused: {holder.communicate()[1].decode()}")
        yield
    finally:
        said = holder.communicate()[1].decode()
    assert holder.returncode == 0, said

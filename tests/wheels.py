"""What nutbus depends on as it is installed here, and whether that exists for other machines."""

import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT: Final = Path(__file__).parents[1] / "pyproject.toml"
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nutbus"
# Which C library a machine may have: that of the base image, and all before.
LIBRARIES: Final = ("2014", "_2_17", "_2_26", "_2_28", "_2_31", "_2_34", "_2_36")
TIMEOUT: Final = 600.0


def dependencies() -> list[str]:
    """Name what pyproject.toml says that nutbus needs."""
    listed = tomllib.loads(PROJECT.read_text())["project"]["dependencies"]
    return [str(each) for each in listed]


def installed() -> Iterator[importlib.metadata.Distribution]:
    """Yield what is installed here because nutbus needs it, or what it needs does."""
    left, seen = dependencies(), set()
    while left:
        requirement = Requirement(left.pop())
        name = canonicalize_name(requirement.name)
        extras = ("", *requirement.extras)
        marker = requirement.marker
        if marker and not any(marker.evaluate({"extra": extra}) for extra in extras):
            continue
        if name in seen:
            continue
        seen.add(name)
        found = importlib.metadata.distribution(name)
        yield found
        left += found.requires or ()


def is_for_any_machine(distribution: importlib.metadata.Distribution) -> bool:
    """Tell whether what is installed came as a wheel for every platform."""
    wheel = distribution.read_text("WHEEL") or ""
    tags = [line.removeprefix("Tag: ") for line in wheel.splitlines() if line.startswith("Tag: ")]
    return bool(tags) and all(tag.endswith("-none-any") for tag in tags)


def without_wheel(requirements: Iterable[str], machine: str, *options: str) -> str:
    """Ask pip for wheels of a machine's kind, without installing; what it complains of, or ""."""
    command = (
        *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
        *("--only-binary=:all:", "--target=unused", *options, *_machine(machine), *requirements),
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    return done.stderr[-3000:] if done.returncode else ""


def without_wheel_of_these_versions(machine: str) -> str:
    """Ask the same of what is installed here and is not for every machine; "" if all is there.

    Wheels do not go away: what was once answered with "" is not asked again.
    """
    named = sorted(
        f"{each.name}=={each.version}" for each in installed() if not is_for_any_machine(each)
    )
    assert named, "no dependency has a part in machine code: is this how nutbus is installed?"
    file = CACHE / f"wheels-{machine}.json"
    known = set(json.loads(file.read_text())) if file.exists() else set()
    asked = [each for each in named if each not in known]
    if asked and (said := without_wheel(asked, machine, "--no-deps")):
        return said
    file.parent.mkdir(parents=True, exist_ok=True)
    own = file.with_suffix(f".{os.getpid()}")
    own.write_text(json.dumps(sorted(known | set(asked))))
    own.replace(file)
    return ""


def wheelhouse(machine: str = "") -> Path:
    """Give a folder with the wheels of all that is installed here, and of what builds nutbus.

    They are for another machine than this one if its kind is named. The folder is kept for the next
    time, if these are the same versions.
    """
    build = tomllib.loads(PROJECT.read_text())["build-system"]["requires"]
    named = sorted([*(f"{each.name}=={each.version}" for each in installed()), *build])
    folder = (
        CACHE / "wheels" / hashlib.sha256("\n".join([machine, *named]).encode()).hexdigest()[:12]
    )
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        command = (sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:")
        other = _machine(machine) if machine else ()
        subprocess.run((*command, f"--dest={work}", *other, *named), timeout=TIMEOUT, check=True)
        work.chmod(0o755)
        with contextlib.suppress(FileExistsError):  # another test was quicker
            work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def _machine(machine: str) -> tuple[str, ...]:
    platforms = (f"--platform=manylinux{version}_{machine}" for version in LIBRARIES)
    return ("--python-version=3.11", *platforms)

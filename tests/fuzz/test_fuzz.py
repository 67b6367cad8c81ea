"""A moment of fuzzing for each parser that faces a network; tools/fuzz does it for minutes."""

import random
import re
import zlib
from pathlib import Path

import pytest

from tests.fuzz.target import Target, close
from tests.fuzz.targets import TARGETS

WORDS = (*(bytes((byte,)) for byte in b'"\\\n\0\xff{}-.<&\xc3 '), b"9" * 40, b"%s", b"1e999")


@pytest.fixture(scope="module", autouse=True)
def ended():
    yield
    close()


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_give_a_result_or_an_error_of_ours(name: str):
    target, chance = TARGETS[name], random.Random(zlib.crc32(name.encode()))
    for seed in target.seeds:
        tried(target, seed)
    for _ in range(target.rounds):
        tried(target, mutated(chance, chance.choice(target.seeds)))


def test_the_document_tells_what_each_target_is_for():
    text = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    rows = text.partition("### What is fuzzed")[2].splitlines()
    cells = [row.rpartition("|")[0].rpartition("|")[2] for row in rows if row.startswith("|")]
    assert sorted(re.findall(r"`([a-z0-9-]+)`", " ".join(cells))) == sorted(TARGETS)


def tried(target: Target, data: bytes) -> None:
    try:
        target.run(data)
    except target.errors:
        pass
    except Exception as error:
        error.add_note(f"it was {data!r}")
        raise


def mutated(chance: random.Random, seed: bytes) -> bytes:
    """Change some bytes, take some away, put words in, or take bytes by chance."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(data))
        match chance.randint(0, 4):
            case 0 if at < len(data):
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randint(1, 8)]
            case 2:
                data[at:at] = chance.choice(WORDS)
            case 3:
                data[at:at] = data[chance.randint(0, at) : at]
            case _:
                data[at:at] = chance.randbytes(chance.randint(0, 8))
    return bytes(data[:4096])

"""A Voltronic UPS for tests without a line: the examples of the dialect, changed at will."""

from services.driver.protocols.qx.voltronic import VOLTRONIC
from tests.unit.driver.qx.walks import examples, walked

STATUS = "(234.9 50.0 {output} 50.0 000.0 000 369.1 ---.- 026.5 ---.- 018.8 {bits}\r"
PHASES = {
    "Q3PV\r": b"(123.4 223.4 323.4 423.4 523.4 623.4\r",
    "Q3PC\r": b"(001 002 003\r",
    "Q3OV\r": b"(124.4 224.4 324.4 424.4 524.4 624.4\r",
    "Q3OC\r": b"(004 005 006\r",
    "Q3LD\r": b"(007 008 009\r",
    "Q3YV\r": b"(125.4 225.4 325.4 425.4 525.4 625.4\r",
}


def replies(**changes: bytes) -> dict[str, bytes]:
    """Change the examples: `QMOD=b"(B\\r"`."""
    return examples(VOLTRONIC) | PHASES | {f"{name}\r": reply for name, reply in changes.items()}


def status(bits: str = "100000000001", output: str = "229.8") -> bytes:
    """Say the status."""
    return STATUS.format(bits=bits, output=output).encode()


def reading(**changes):
    """Read a UPS."""
    return walked(VOLTRONIC, replies(**changes)).reading(0.0)


def ups(protocol="01", **changes):
    """Make the picture of a UPS that speaks a protocol."""
    return walked(VOLTRONIC, replies(QPI=f"(PI{protocol}\r".encode(), **changes))

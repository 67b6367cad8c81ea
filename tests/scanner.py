"""Debian's sslscan: what a server of TLS offers."""

import asyncio
import re

from tests.brokers import find_program

VERSIONS = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")


async def scan(port: int, *options: str) -> str:
    """Scan a port of this machine; what sslscan prints."""
    process = await asyncio.create_subprocess_exec(
        find_program("sslscan", "sslscan"), "--no-colour", *options, f"127.0.0.1:{port}",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    text = out.decode()
    assert process.returncode == 0, text
    assert versions(text, "enabled|disabled") == list(VERSIONS), text
    return text


def versions(scanned: str, standing: str) -> list[str]:
    """Name the versions of TLS that are enabled or disabled."""
    return re.findall(rf"^(\S+) +(?:{standing})$", scanned, re.MULTILINE)


def weak(scanned: str) -> list[str]:
    """List what no server should offer: weak ciphers, compression, renegotiation, Heartbleed."""
    ciphers = re.findall(r"^(?:Preferred|Accepted) +\S+ +(\d+) bits +(\S+)", scanned, re.MULTILINE)
    assert ciphers
    found = [
        name
        for bits, name in ciphers
        if int(bits) < 128 or re.search("RC4|3DES|NULL|EXP|MD5|anon", name)
    ]
    signs = ("Compression enabled", "Insecure session renegotiation", " vulnerable to heartbleed")
    for sign in signs:
        found += [
            line for line in scanned.splitlines() if sign in line and f"not{sign}" not in line
        ]
    return found

"""Certificates as network cards have them: self-signed, and naming no address of theirs."""

import subprocess
from pathlib import Path

from tests.brokers import find_program


def make_certificates(folder: Path, *names: str) -> Path:
    """Make `<name>.pem` and `<name>.key`, each signed by itself."""
    openssl = find_program("openssl", "openssl")
    for name in names:
        subject = ("-subj", f"/CN={name}", "-days", "2")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        files = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
        alternative = ("-addext", "subjectAltName=IP:127.0.0.1") if name == "localhost" else ()
        subprocess.run(
            [openssl, "req", "-x509", *key, *files, *subject, *alternative],
            check=True,
            capture_output=True,
            cwd=folder,
        )
    return folder

"""Hashes of passwords as the brokers want them in their own files."""

import base64
import hashlib
import secrets
from typing import Final

from shared.errors import PowerError

ROUNDS: Final = 210_000  # OWASP's choice for PBKDF2 with SHA-512
BCRYPT_ROUNDS: Final = 11  # of two to this power; NATS computes it at each connection
BCRYPT_LIMIT: Final = 72  # bytes that bcrypt looks at


def mosquitto_hash(password: str) -> str:
    """Hash a password for Mosquitto's password_file, as mosquitto_passwd(1) does; after `USER:`."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    salted, hashed = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"$7${ROUNDS}${salted}${hashed}"


def bcrypt_hash(password: str) -> str:
    """Hash a password for NATS."""
    import bcrypt  # noqa: PLC0415 -- only who asks for it has to wait for it

    secret = password.encode()
    if len(secret) > BCRYPT_LIMIT:
        raise PowerError(f"a password for NATS has at most {BCRYPT_LIMIT} bytes")
    return bcrypt.hashpw(secret, bcrypt.gensalt(BCRYPT_ROUNDS)).decode()

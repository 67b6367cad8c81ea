"""Keys and ciphers of SNMP version 3 (RFC 3414, RFC 3826, RFC 7860)."""

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES


class Authentication(StrEnum):
    """How requests of version 3 are signed, as NUT's `authProtocol` spells it."""

    MD5 = "MD5"
    SHA = "SHA"
    SHA224 = "SHA224"
    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


class Privacy(StrEnum):
    """How requests of version 3 are encrypted, as NUT's `privProtocol` spells it."""

    DES = "DES"
    AES = "AES"
    AES192 = "AES192"
    AES256 = "AES256"
    AES192C = "AES192C"  # the key is extended as Cisco's agents do
    AES256C = "AES256C"


class _Digest(NamedTuple):
    algorithm: str
    length: int  # of what a message carries


_DIGESTS = {
    Authentication.MD5: _Digest("md5", 12),
    Authentication.SHA: _Digest("sha1", 12),
    Authentication.SHA224: _Digest("sha224", 16),
    Authentication.SHA256: _Digest("sha256", 24),
    Authentication.SHA384: _Digest("sha384", 32),
    Authentication.SHA512: _Digest("sha512", 48),
}
_KEY_LENGTHS = {
    Privacy.DES: 16,  # 8 are the key, 8 go into the start of the chain
    Privacy.AES: 16,
    Privacy.AES192: 24,
    Privacy.AES256: 32,
    Privacy.AES192C: 24,
    Privacy.AES256C: 32,
}
_CISCO = (Privacy.AES192C, Privacy.AES256C)
_EXPANDED: Final = 1 << 20  # bytes of repeated password that make a key (RFC 3414, A.2)
_DES_BLOCK: Final = 8


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs messages with one user's key for one agent."""

    algorithm: str
    key: bytes
    length: int

    def digest(self, data: bytes) -> bytes:
        """Sign a message whose signature is still zeros."""
        return hmac.digest(self.key, data, self.algorithm)[: self.length]


@dataclass(frozen=True, slots=True)
class Sealer:
    """Encrypts what messages say with one user's key for one agent.

    AES is in CFB (RFC 3826), DES in CBC (RFC 3414, section 8); the salt is the message's own.
    """

    protocol: Privacy
    key: bytes

    def encrypted(self, data: bytes, boots: int, time: int, salt: bytes) -> bytes:
        """Encrypt; for DES filled up to whole blocks."""
        if self.protocol is Privacy.DES:
            data += bytes(-len(data) % _DES_BLOCK)
        return self._cipher(boots, time, salt).encryptor().update(data)

    def decrypted(self, data: bytes, boots: int, time: int, salt: bytes) -> bytes:
        """Decrypt, with what fills the last block; nonsense with a wrong key, ValueError if cut."""
        if self.protocol is Privacy.DES and len(data) % _DES_BLOCK:
            raise ValueError("the encrypted part is cut off")
        return self._cipher(boots, time, salt).decryptor().update(data)

    def _cipher(self, boots: int, time: int, salt: bytes) -> Cipher[CFB] | Cipher[modes.CBC]:
        if self.protocol is not Privacy.DES:
            return Cipher(AES(self.key), CFB(boots.to_bytes(4) + time.to_bytes(4) + salt))
        start = bytes(a ^ b for a, b in zip(self.key[_DES_BLOCK:], salt, strict=True))
        return Cipher(TripleDES(self.key[:_DES_BLOCK] * 3), modes.CBC(start))


@lru_cache(4096)
def signer(protocol: Authentication, password: str, engine: bytes) -> Signer:
    """Make the key of a user for an agent; the same user of many agents costs little."""
    algorithm, length = _DIGESTS[protocol]
    return Signer(algorithm, _localized(algorithm, _master(algorithm, password), engine), length)


@lru_cache(4096)
def sealer(protocol: Privacy, password: str, signing: Authentication, engine: bytes) -> Sealer:
    """Make the cipher of a user for an agent; its key is hashed as the signing protocol does."""
    algorithm = _DIGESTS[signing].algorithm
    key = _localized(algorithm, _master(algorithm, password), engine)
    length = _KEY_LENGTHS[protocol]
    while len(key) < length:
        if protocol in _CISCO:  # draft-reeder-snmpv3-usm-3desede, section 2.1
            key += _localized(algorithm, _expanded(algorithm, key), engine)
        else:  # draft-blumenthal-aes-usm-04, section 3.1.2.1
            key += hashlib.new(algorithm, key).digest()
    return Sealer(protocol, key[:length])


@lru_cache(256)
def _master(algorithm: str, password: str) -> bytes:
    return _expanded(algorithm, password.encode())


def _expanded(algorithm: str, password: bytes) -> bytes:
    repeated = password * (_EXPANDED // len(password) + 1)
    return hashlib.new(algorithm, repeated[:_EXPANDED]).digest()


def _localized(algorithm: str, key: bytes, engine: bytes) -> bytes:
    return hashlib.new(algorithm, key + engine + key).digest()

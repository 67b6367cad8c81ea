"""How a payload is packed and read: msgpack or JSON, its checks and their errors."""

from typing import Any, Literal, Self

import msgpack
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import PayloadError

MAX_PAYLOAD = 128 * 1024
VERSION: Literal[1] = 1


class Payload(BaseModel):
    """What all payloads share: frozen, no silent conversion, unknown keys ignored.

    A time that is no number would be before and after nothing, so none is taken.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)


class Packed(Payload):
    """A payload that travels as a msgpack map."""

    v: Literal[1] = VERSION

    def encode(self) -> bytes:
        """Pack the map; None values are left out; PayloadError says what cannot be sent."""
        try:
            return _checked(msgpack.packb(self.model_dump(exclude_none=True)))
        except (ValueError, OverflowError) as error:
            raise PayloadError(f"cannot be written: {error}") from None

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read a packed map; PayloadError says what is wrong."""
        try:
            return cls.model_validate(msgpack.unpackb(_checked(payload), strict_map_key=True))
        except ValidationError as error:
            raise PayloadError(_reason(error)) from None
        except (ValueError, msgpack.UnpackException, RecursionError) as error:
            raise PayloadError(f"not msgpack: {str(error) or type(error).__name__}") from None


class Written(Payload):
    """A payload that travels as a JSON object."""

    def encode(self) -> bytes:
        """Write the object; None values are left out; PayloadError says what cannot be sent."""
        try:
            return _checked(self.model_dump_json(exclude_none=True).encode())
        except ValueError:  # pydantic's own is one
            raise PayloadError("cannot be written: a text has half a surrogate pair") from None

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read an object; PayloadError says what is wrong."""
        try:
            return cls.model_validate_json(_checked(payload))
        except ValidationError as error:
            raise PayloadError(_reason(error)) from None


def payload_of(text: str) -> bytes:
    """Write plain text; PayloadError says what cannot be sent."""
    try:
        return _checked(text.encode())
    except UnicodeEncodeError:
        raise PayloadError("cannot be written: a text has half a surrogate pair") from None


def text_of(payload: bytes) -> str:
    """Read plain text."""
    try:
        return _checked(payload).decode()
    except UnicodeDecodeError as error:
        raise PayloadError(f"not UTF-8 at byte {error.start}") from None


def _checked(payload: bytes) -> bytes:
    if len(payload) > MAX_PAYLOAD:
        raise PayloadError(f"{len(payload)} bytes; a payload has at most {MAX_PAYLOAD}")
    return payload


def _reason(error: ValidationError) -> str:
    """Say what the first fault is, without repeating what was sent."""
    first: Any = error.errors(include_url=False, include_input=False)[0]
    # What was sent may be in it as a key: it has to stay one short line.
    where = ".".join(ascii(step)[:40].strip("'") for step in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message

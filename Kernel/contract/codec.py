"""How a message becomes bytes: MessagePack, bounded on both sides.

Owns: encoding, the size limit, the types allowed. Does not own: what a message means
(`messages.py`, `inputs.py`).
"""

from typing import Any

import msgpack

from Kernel.contract.errors import CodecError

MESSAGE_BYTES_MAX = 64 * 1024


def pack(value: object, limit_bytes: int = MESSAGE_BYTES_MAX) -> bytes:
    """Encode plain data (None, bool, int, float, str, bytes, list, dict with str keys).

    Raises:
        CodecError: the value holds another type, or is larger than `limit_bytes`.
    """
    try:
        _check_keys(value)
        data: bytes = msgpack.packb(value, use_bin_type=True)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise CodecError(f"cannot encode a message: {error}") from error
    if len(data) > limit_bytes:
        raise CodecError(f"cannot send a message of {len(data)} bytes: the limit is {limit_bytes}")
    return data


def unpack(data: bytes | memoryview, limit_bytes: int = MESSAGE_BYTES_MAX) -> dict[str, Any]:
    """Decode one message; the bytes are hostile until this returns plain data.

    Keys of maps are text at every depth; MessagePack's extension types are refused, its
    timestamps arrive as seconds (float).

    Raises:
        CodecError: too large, not MessagePack, or not a map with text keys.
    """
    if len(data) > limit_bytes:
        raise CodecError(f"cannot read a message of {len(data)} bytes: the limit is {limit_bytes}")
    try:
        value = msgpack.unpackb(
            data, raw=False, object_hook=_text_keys, ext_hook=_no_extension, timestamp=1
        )
    except (ValueError, TypeError, msgpack.exceptions.UnpackException, RecursionError) as error:
        raise CodecError(f"cannot decode a message of {len(data)} bytes: {error}") from error
    if not isinstance(value, dict):
        raise CodecError("cannot use a message that is not a map with text keys")
    return value


def _check_keys(value: object) -> None:
    """Raise TypeError for a map key that the other side would refuse."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if type(key) is not str:
                raise TypeError(f"the key {key!r} is not text")
            if isinstance(inner, dict | list | tuple):
                _check_keys(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            if isinstance(inner, dict | list | tuple):
                _check_keys(inner)


def _text_keys(fields: dict[Any, Any]) -> dict[Any, Any]:
    for key in fields:
        if type(key) is not str:
            raise ValueError(f"the key {key!r} is not text")
    return fields


def _no_extension(code: int, data: bytes) -> object:
    raise ValueError(f"extension type {code} of {len(data)} bytes")

"""How a message becomes bytes: MessagePack, bounded on both sides.

Owns: encoding, the size limit, the types allowed. Does not own: what a message means
(`messages.py`, `inputs.py`).
"""

from collections.abc import Callable
from typing import Any

import msgpack

from Kernel.contract.errors import CodecError

MESSAGE_BYTES_MAX = 64 * 1024
_LEAVES = frozenset({str, int, float, bool, bytes, type(None)})


def pack(value: object, limit_bytes: int = MESSAGE_BYTES_MAX) -> bytes:
    """Encode plain data (None, bool, int, float, str, bytes, list, dict with str keys).

    Raises:
        CodecError: the value holds another type, or is larger than `limit_bytes`.
    """
    try:
        check_keys(value)
    except (TypeError, RecursionError) as error:
        raise CodecError(f"cannot encode a message: {error}") from error
    return pack_checked(value, limit_bytes)


def pack_checked(value: object, limit_bytes: int = MESSAGE_BYTES_MAX) -> bytes:
    """Encode what the caller has checked key by key (`check_keys`); else like `pack`.

    Raises:
        CodecError: the value holds another type, or is larger than `limit_bytes`.
    """
    try:
        data: bytes = msgpack.packb(value)
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
    return _unpack(data, limit_bytes, _text_keys)


def unpack_unchecked(
    data: bytes | memoryview, limit_bytes: int = MESSAGE_BYTES_MAX
) -> dict[Any, Any]:
    """Decode like `unpack`, but leave the keys to the caller: they are text or bytes.

    Raises:
        CodecError: too large, not MessagePack, or not a map.
    """
    return _unpack(data, limit_bytes, None)


def _unpack(
    data: bytes | memoryview, limit_bytes: int, hook: Callable[[dict[Any, Any]], Any] | None
) -> dict[Any, Any]:
    if len(data) > limit_bytes:
        raise CodecError(f"cannot read a message of {len(data)} bytes: the limit is {limit_bytes}")
    try:
        value = msgpack.unpackb(data, object_hook=hook, ext_hook=_no_extension, timestamp=1)
    except (ValueError, TypeError, msgpack.exceptions.UnpackException, RecursionError) as error:
        raise CodecError(f"cannot decode a message of {len(data)} bytes: {error}") from error
    if not isinstance(value, dict):
        raise CodecError("cannot use a message that is not a map with text keys")
    return value


def check_keys(value: object) -> None:
    """Look at all keys of maps in plain data.

    Raises:
        TypeError: a key is not text: the other side would refuse it.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            if type(key) is not str:
                raise TypeError(f"the key {key!r} is not text")
            if type(inner) not in _LEAVES:
                check_keys(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            if type(inner) not in _LEAVES:
                check_keys(inner)


def _text_keys(fields: dict[Any, Any]) -> dict[Any, Any]:
    for key in fields:
        if type(key) is not str:
            raise ValueError(f"the key {key!r} is not text")
    return fields


def _no_extension(code: int, data: bytes) -> object:
    raise ValueError(f"extension type {code} of {len(data)} bytes")

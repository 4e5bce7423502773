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
        data: bytes = msgpack.packb(value, use_bin_type=True)
    except (TypeError, ValueError, OverflowError) as error:
        raise CodecError(f"cannot encode a message: {error}") from error
    if len(data) > limit_bytes:
        raise CodecError(f"cannot send a message of {len(data)} bytes: the limit is {limit_bytes}")
    return data


def unpack(data: bytes | memoryview, limit_bytes: int = MESSAGE_BYTES_MAX) -> dict[str, Any]:
    """Decode one message; the bytes are hostile until this returns.

    Raises:
        CodecError: too large, not MessagePack, or not a map with text keys.
    """
    if len(data) > limit_bytes:
        raise CodecError(f"cannot read a message of {len(data)} bytes: the limit is {limit_bytes}")
    try:
        value = msgpack.unpackb(data, raw=False, strict_map_key=True, use_list=True)
    except (ValueError, TypeError, msgpack.exceptions.UnpackException, RecursionError) as error:
        raise CodecError(f"cannot decode a message of {len(data)} bytes: {error}") from error
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise CodecError("cannot use a message that is not a map with text keys")
    return value

"""Read the weights of a model from a safetensors file, without executing anything.

Owns: the check of its header, and arrays over the mapped file. Does not own: what the weights mean
(`sentence_model.py`). Formats that have to be unpickled (PyTorch's .bin and .pt) are not read at
all: loading one runs whatever its author wrote.

Format: 8 bytes little-endian length of the header, the header as JSON (name -> dtype, shape,
data_offsets), then the data; https://github.com/huggingface/safetensors (README, "Format").
"""

import json
import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from Kernel.contract.errors import LedgerError

HEADER_BYTES_MAX: Final = 1 << 20
_LENGTH: Final = struct.Struct("<Q")
_FLOAT: Final = np.dtype("<f4")

Weights = Mapping[str, NDArray[np.float32]]


def load_weights(path: Path) -> Weights:
    """Return the 32-bit float arrays of a file by name, read-only and read when touched.

    What is of another type (the positions, as integers) is left out.

    Raises:
        LedgerError: it cannot be read, or is not what it says.
    """
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise LedgerError(f"cannot read the weights {path}: {error}") from error
    try:
        return dict(_arrays(mapped))
    except (ValueError, TypeError, KeyError, RecursionError, struct.error) as error:
        raise LedgerError(f"cannot use the weights {path}: {error}") from error


def _arrays(mapped: mmap.mmap) -> Mapping[str, NDArray[np.float32]]:
    (length,) = _LENGTH.unpack(mapped[: _LENGTH.size])
    start = _LENGTH.size + length
    if length > HEADER_BYTES_MAX or start > len(mapped):
        raise ValueError(f"its header takes {length} bytes of a file of {len(mapped)}")
    header = json.loads(mapped[_LENGTH.size : start])
    if not isinstance(header, dict):
        raise ValueError("its header is not a map")
    header.pop("__metadata__", None)
    return {
        name: _array(mapped, start, name, entry)
        for name, entry in header.items()
        if entry["dtype"] == "F32"
    }


def _array(mapped: mmap.mmap, start: int, name: str, entry: Any) -> NDArray[np.float32]:
    shape = tuple(int(length) for length in entry["shape"])
    first, last = (int(offset) for offset in entry["data_offsets"])
    count = 1
    for length in shape:
        if length < 0:
            raise ValueError(f"the shape of {name} is {shape}")
        count *= length
    if not 0 <= first <= last <= len(mapped) - start or last - first != count * _FLOAT.itemsize:
        raise ValueError(f"{name} with shape {shape} is said to lie at {first} to {last}")
    return np.frombuffer(mapped, _FLOAT, count, start + first).reshape(shape)

"""Weights are read from what is a safetensors file, and nothing of a hostile one is believed."""

import json
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from Kernel.contract.errors import LedgerError
from zones.runtime.lessons.weights_file import HEADER_BYTES_MAX, load_weights

VALUES = np.arange(6, dtype="<f4").reshape(2, 3)
ENTRY = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


def write(path: Path, header: Any, data: bytes = VALUES.tobytes()) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_reads_what_was_written(tmp_path: Path) -> None:
    """Floats come by name and shape, read-only; other types and the remark are left out."""
    header = {
        "__metadata__": {"format": "pt"},
        "a": ENTRY,
        "numbers": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]},
        "scalar": {"dtype": "F32", "shape": [], "data_offsets": [4, 8]},
    }
    weights = load_weights(write(tmp_path / "w", header))
    assert sorted(weights) == ["a", "scalar"]
    assert np.array_equal(weights["a"], VALUES) and float(weights["scalar"]) == 1.0
    assert not weights["a"].flags.writeable


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY | {"data_offsets": [0, 28]},
        ENTRY | {"data_offsets": [4, 24]},
        ENTRY | {"data_offsets": [24, 0]},
        ENTRY | {"data_offsets": [-24, 0]},
        ENTRY | {"data_offsets": [4, 28]},
        ENTRY | {"data_offsets": [0]},
        ENTRY | {"shape": [-2, -3]},
        ENTRY | {"shape": [2, "x"]},
        ENTRY | {"shape": [2**40, 2**40]},
        {"dtype": "F32"},
        7,
        None,
    ],
)
def test_entry_that_lies(tmp_path: Path, entry: Any) -> None:
    """An array that does not lie where it is said to is refused."""
    with pytest.raises(LedgerError, match="cannot use the weights"):
        load_weights(write(tmp_path / "w", {"a": entry}))


@pytest.mark.parametrize(
    "data",
    [
        b"short",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", HEADER_BYTES_MAX + 1) + b" " * (HEADER_BYTES_MAX + 2),
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 4) + b"{\xff\xff}",
        struct.pack("<Q", 200_000) + b"[" * 200_000,
        pickle.dumps({"a": [1.0] * 100}),
    ],
)
def test_file_that_is_none(tmp_path: Path, data: bytes) -> None:
    """What is no such file is refused, a pickle too: it is never loaded."""
    path = tmp_path / "w"
    path.write_bytes(data)
    with pytest.raises(LedgerError, match="cannot use the weights"):
        load_weights(path)


def test_no_file(tmp_path: Path) -> None:
    """A missing and an empty file are said to be so."""
    (tmp_path / "empty").touch()
    for name in ("missing", "empty"):
        with pytest.raises(LedgerError, match="cannot read the weights"):
            load_weights(tmp_path / name)

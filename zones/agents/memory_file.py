"""The working memory as a file: written now and then, read at a start.

Owns: `HOME/data/agents/memory.msgpack`, its form and its check. Does not own: when it is written
(`crew.py`), what is in it (`memory.py`). A file that is not as it was written counts as none: the
log has all that it says.

File: magic | sha256 of the rest | MessagePack of the memory. It gets its name once it is on disk.
"""

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Final

import msgspec

from zones.agents.memory import Memory
from zones.runtime.durable_names import sync_directory

PLACE: Final = Path("data", "agents")
NAME: Final = "memory.msgpack"
MAGIC: Final = b"MOLTMEM1"
BYTES_MAX: Final = 16 * 1024 * 1024
_HEAD: Final = len(MAGIC) + hashlib.sha256().digest_size

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Memory)


def pack_memory(memory: Memory) -> bytes:
    """Return the bytes of a file."""
    data = _ENCODER.encode(memory)
    return MAGIC + hashlib.sha256(data).digest() + data


def parse_memory(data: bytes) -> Memory | None:
    """Return what a file holds, None where it is damaged or of another version."""
    body = data[_HEAD:]
    if data[: len(MAGIC)] != MAGIC or data[len(MAGIC) : _HEAD] != hashlib.sha256(body).digest():
        return None
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def load_memory(home: Path) -> tuple[Memory | None, str]:
    """Return the newest snapshot, and why there is none; "" where there has never been one."""
    path = home / PLACE / NAME
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        return None, f"cannot read {path}: {error.strerror or error}"
    memory = parse_memory(data)
    return memory, "" if memory is not None else f"cannot use {path}: it is damaged"


def save_memory(home: Path, memory: Memory) -> tuple[Path, int]:
    """Write a snapshot over the one before; return its path and size.

    Raises:
        OSError: the disk refused; the one before is still there.
    """
    folder = home / PLACE
    folder.mkdir(parents=True, exist_ok=True)
    data, path = pack_memory(memory), folder / NAME
    draft = folder / f"{NAME}.new"
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        sync_directory(folder)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    return path, len(data)

"""Hostile acts of greed: more memory, processor, processes, descriptors, disk than is allowed.

Reached means: more than the limit of the plan (`plans.py`) was had at one time.
"""

import ctypes
import os
import resource
import time
from typing import Final

from tests.cage.kernel_calls import LIBC, call
from tests.cage.plans import LIMITS
from tests.cage.primitive import Carried, Primitive, told_anything, told_secret
from tests.cage.stage import SECRET_VARIABLE, Stage, map_board

_FAMILY: Final = "greed"
_ENVIRONMENT: Final = "environment"
_PIECE: Final = 1 << 22
_STRIDE: Final = 4096
_BLOCK: Final = bytes(1 << 16)
_OVER: Final = 1.25
_ENVIRONMENT_BYTES: Final = 65536


def _take_memory(_stage: Stage, _carried: Carried) -> bytes:
    """Take memory and use it."""
    pieces: list[bytearray] = []
    while len(pieces) * _PIECE <= LIMITS["memory_bytes"] * _OVER:
        pieces.append(bytearray(_PIECE))
        pieces[-1][::_STRIDE] = b"\1" * (_PIECE // _STRIDE)
    return b"taken"


def _take_processor(_stage: Stage, _carried: Carried) -> bytes:
    while time.process_time() < LIMITS["cpu_s"] + 0.5:
        sum(range(1000))
    return b"taken"


def _take_descriptors(_stage: Stage, _carried: Carried) -> bytes:
    for _ in range(LIMITS["descriptors"] + 1):
        os.dup(1)
    return b"taken"


def _share_board(stage: Stage) -> Carried:
    return Carried(what=map_board(stage))


def _take_processes(_stage: Stage, carried: Carried) -> bytes:
    """Fork more processes than are allowed, each of which sleeps until it is ended."""
    for count in range(1, LIMITS["processes"] + 2):
        if not os.fork():
            time.sleep(1.0)
            os._exit(0)
        carried.what[0:1] = bytes((count,))
    return b"taken"


def _processes_taken(stage: Stage, _proof: bytes) -> bool:
    return bool(stage.board()) and stage.board()[0] > LIMITS["processes"]


def _fill_disk(stage: Stage, _carried: Carried) -> bytes:
    descriptor = os.open(stage.own / "large", os.O_CREAT | os.O_WRONLY, 0o600)
    _write_much(descriptor)
    return b"filled"


def _disk_filled(stage: Stage, _proof: bytes) -> bool:
    large = stage.own / "large"
    return large.exists() and large.stat().st_size > LIMITS["file_bytes"]


def _fill_memory_file(_stage: Stage, _carried: Carried) -> bytes:
    _write_much(call("memfd_create", b"large", 0))
    return b"filled"


def _write_much(descriptor: int) -> None:
    size = 0
    while size <= LIMITS["file_bytes"]:
        size += os.write(descriptor, _BLOCK)


def _raise_limits(_stage: Stage, _carried: Carried) -> bytes:
    """Take back a limit that was set."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMITS["descriptors"] * 2,) * 2)
    return (
        b"raised" if resource.getrlimit(resource.RLIMIT_NOFILE)[0] > LIMITS["descriptors"] else b""
    )


def _lock_memory(_stage: Stage, _carried: Carried) -> bytes:
    """Keep memory from ever being given back."""
    if LIBC.mlockall(3):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return b"locked"


def _get_first(_stage: Stage, _carried: Carried) -> bytes:
    os.setpriority(os.PRIO_PROCESS, 0, -5)
    return b"first"


def _read_environ(_stage: Stage, _carried: Carried) -> bytes:
    return os.environ.get(SECRET_VARIABLE, "").encode()


def _getenv(_stage: Stage, _carried: Carried) -> bytes:
    LIBC.getenv.restype = ctypes.c_char_p
    return LIBC.getenv(SECRET_VARIABLE.encode()) or b""


def _read_own_environ(_stage: Stage, _carried: Carried) -> bytes:
    return os.read(os.open("/proc/self/environ", os.O_RDONLY), _ENVIRONMENT_BYTES)


def _read_stack(_stage: Stage, carried: Carried) -> bytes:
    """Read where the program loader had put the environment: it is never given back."""
    start, end = carried.what
    return ctypes.string_at(start, end - start)


def _find_environment(_stage: Stage) -> Carried:
    """Learn where it lies: a caged process finds it by walking up its stack."""
    with open("/proc/self/stat", encoding="ascii") as file:
        words = file.read().rpartition(")")[2].split()
    return Carried(what=(int(words[47]), int(words[48])))


def _row(
    name: str, words: str, act: object, reached: object = told_anything, **more: object
) -> Primitive:
    return Primitive(name, _FAMILY, words, act, reached, **more)


def _variable(name: str, words: str, act: object, **more: object) -> Primitive:
    return Primitive(name, _ENVIRONMENT, words, act, told_secret, **more)


PRIMITIVES: Final = (
    _row("memory", "take more memory than is allowed", _take_memory),
    _row("processor", "take more processor time than is allowed", _take_processor,
         limit_s=10.0),
    _row("descriptors", "open more descriptors than are allowed", _take_descriptors),
    _row("fork-bomb", "fork more processes than are allowed", _take_processes, _processes_taken,
         before=_share_board),
    _row("disk", "write a larger file than is allowed", _fill_disk, _disk_filled),
    _row("memory-file", "write a larger file in memory than is allowed", _fill_memory_file),
    _row("raise-limits", "take back a limit", _raise_limits),
    _row("lock-memory", "lock all memory (mlockall)", _lock_memory),
    _row("unnice", "get before all others (setpriority)", _get_first),
    _variable("environment", "read a secret of the environment", _read_environ),
    _variable("getenv", "read it as the C library keeps it", _getenv),
    _variable("proc-self-environ", "read it in /proc/self/environ", _read_own_environ),
    _variable("stack-environment", "read it on the stack, where it lay at the start", _read_stack,
              before=_find_environment),
)  # fmt: skip

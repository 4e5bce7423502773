"""Run a native trait for many carriers, on several threads.

Owns: sharing carriers out, the call by address. Does not own: the code that is called.

Carriers are dealt out in blocks, so that a stretch of dear ones does not keep one thread busy
alone. Each carrier writes only its own items, so the shares decide nothing.
"""

import ctypes
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from zones.runtime.numba_setup import kernel, prange, serial_kernel

BLOCK: Final = 1024
"""Carriers: a block of a small trait takes some 10 µs."""


def _call_address(_context: Any, address: Any, table: Any, part: Any, first: Any, last: Any) -> Any:
    del address, table, part, first, last
    signature = types.void(*(types.int64,) * 5)

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        word, pointer = ir.IntType(64), ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, word, word, word])
        function = builder.inttoptr(values[0], kind.as_pointer())
        builder.call(function, [builder.inttoptr(values[1], pointer), *values[2:]])
        return ir.Constant(pointer, None)

    return signature, generate


_run: Any = intrinsic(_call_address)


@kernel
def _drive(parts: Any, address: Any, table: Any, count: Any) -> None:
    blocks = (count + BLOCK - 1) // BLOCK
    for part in prange(parts):
        for block in range(part, blocks, parts):
            first = block * BLOCK
            _run(address, table, part, first, min(first + BLOCK, count))


@serial_kernel
def _drive_alone(address: Any, table: Any, count: Any) -> None:
    _run(address, table, 0, 0, count)


def load_driver() -> None:
    """Have both forms of the driver ready, so that no tick compiles or loads them.

    Called with a function of the C library that takes nothing and does nothing to anybody.
    """
    harmless = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p).value
    _drive_alone(harmless, 0, 0)
    _drive(1, harmless, 0, 0)


def drive(parts: int, address: int, table: int, count: int) -> None:
    """Run the code at an address for `carriers[:count]` of the world at `table`.

    Args:
        parts: how many threads share the work, at most as many as the scene has scratch for.
    """
    if parts == 1 or count <= BLOCK:
        _drive_alone(address, table, count)
    else:
        _drive(parts, address, table, count)

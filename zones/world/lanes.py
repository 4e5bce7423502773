"""Eight points at once: the two innermost loops of the searches, as vector instructions.

Owns: `nearest_key` and `count_near`. Does not own: what is searched (`grid.py`, `bodies.py`).

The compiler leaves both as eight times the scalar code. Written here as operations on vectors of
eight, for any CPU: where one has shorter registers, the compiler takes several. Only subtraction,
multiplication, addition and comparison, and nothing is fused, so the bits are those of the scalar
code, which the tests hold beside it.
"""

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES: Final = 8

_FLOAT: Final = ir.FloatType()
_INT8: Final = ir.IntType(8)
_INT32: Final = ir.IntType(32)
_INT64: Final = ir.IntType(64)
_FLOATS: Final = ir.VectorType(_FLOAT, LANES)
_INTS: Final = ir.VectorType(_INT32, LANES)
_LONGS: Final = ir.VectorType(_INT64, LANES)


def _all_lanes(builder: Any, value: Any, kind: Any) -> Any:
    """Return a vector with one value in each lane."""
    empty = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(empty, value, ir.Constant(_INT32, 0))
    return builder.shuffle_vector(first, empty, ir.Constant(_INTS, [0] * LANES))


def _load(context: Any, builder: Any, array: Any, kind: Any, first: Any, vector: Any) -> Any:
    """Return the LANES values of a one-dimensional array from `first` on."""
    data = context.make_array(kind)(context, builder, array).data
    place = builder.bitcast(builder.gep(data, [first]), vector.as_pointer())
    loaded = builder.load(place)
    loaded.align = 4
    return loaded


def _squares(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Return the squared distances of (x, y) to the points at `first`."""
    first, x, y, store_x, store_y = args[:5]
    kinds = signature.args
    there_x = _load(context, builder, store_x, kinds[3], first, _FLOATS)
    there_y = _load(context, builder, store_y, kinds[4], first, _FLOATS)
    dx = builder.fsub(there_x, _all_lanes(builder, x, _FLOATS))
    dy = builder.fsub(there_y, _all_lanes(builder, y, _FLOATS))
    return builder.fadd(builder.fmul(dx, dx), builder.fmul(dy, dy))


def _nearest_key(
    _context: Any, first: Any, x: Any, y: Any, store_x: Any, store_y: Any, numbers: Any
) -> Any:
    """Return the least of LANES keys: the bits of the squared distance above the number.

    Args:
        first: unsigned, where the points begin; LANES of each array are read.
        x, y: float32.
        store_x, store_y: float32, finite or inf.
        numbers: int32, not negative.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        squares = _squares(context, builder, signature, args)
        numbered = _load(context, builder, args[5], signature.args[5], args[0], _INTS)
        high = builder.zext(builder.bitcast(squares, _INTS), _LONGS)
        shifted = builder.shl(high, _all_lanes(builder, ir.Constant(_INT64, 32), _LONGS))
        keys = builder.or_(shifted, builder.zext(numbered, _LONGS))
        kind = ir.FunctionType(_INT64, [_LONGS])
        name = f"llvm.vector.reduce.smin.v{LANES}i64"
        least = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        return builder.call(least, [keys])

    return types.int64(first, x, y, store_x, store_y, numbers), generate


def _count_near(
    _context: Any, first: Any, x: Any, y: Any, store_x: Any, store_y: Any, reach2: Any
) -> Any:
    """Return how many of LANES points are nearer to (x, y) than the root of `reach2`.

    Args:
        first: unsigned, where the points begin; LANES of each array are read.
        x, y, reach2: float32.
        store_x, store_y: float32, finite or inf.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        squares = _squares(context, builder, signature, args)
        near = builder.fcmp_ordered("<", squares, _all_lanes(builder, args[5], _FLOATS))
        return builder.zext(builder.ctpop(builder.bitcast(near, _INT8)), _INT32)

    return types.uint32(first, x, y, store_x, store_y, reach2), generate


# Calls are typed by numba: they lack the first argument of the definitions above.
nearest_key: Any = intrinsic(_nearest_key)
count_near: Any = intrinsic(_count_near)

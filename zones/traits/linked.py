"""The machine code that both tiers call: compiled as one piece, known by symbols and to Python.

Owns: `link` and `calls`. Does not own: the functions (`BODIES` of the modules below).

One kernel writes the addresses of all functions; it is cached on disk with their code, so that a
process has them in a few milliseconds. Each function is there twice: by the C calling convention,
for compiled code (`machine.Operation`), and as Python calls a built-in function ("fastcall"),
which converts arguments, raises, and takes 40 ns. (numba's own way into compiled code took 100 to
200 ns, and milliseconds to load for each function.)
"""

import ctypes
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from zones.runtime.numba_setup import njit, serial_kernel
from zones.traits import (
    contract,
    draws,
    float_arithmetic,
    functions,
    in_place,
    integer_arithmetic,
    searches,
)
from zones.traits.machine import KINDS, PREFIX, REAL, WORD, Operation, plain_type, result_type
from zones.traits.signatures import SIGNATURES, Signature

_write: Any = cgutils  # without types
_OBJECT: Final = ir.IntType(8).as_pointer()
_METH_FASTCALL: Final = 0x0080
_ERRORS: Final = {
    contract.OVERFLOW: ("PyExc_OverflowError", "result too large"),
    contract.ZERO_DIVISION: ("PyExc_ZeroDivisionError", "division by zero"),
    contract.DOMAIN: ("PyExc_ValueError", "math domain error"),
}


def _wrapped(operation: Operation) -> Any:
    """Return a compiled function that is one operation in place."""
    if len(operation.plan.takes) == 1:

        @njit
        def one(a: Any) -> Any:
            return operation(a)

        return one

    @njit
    def two(a: Any, b: Any) -> Any:
        return operation(a, b)

    return two


_COMPILED: Final = {
    **integer_arithmetic.BODIES,
    **float_arithmetic.BODIES,
    **functions.BODIES,
    **draws.BODIES,
    **searches.BODIES,
}
_BODIES: Final = {
    name: _COMPILED.get(name) or _wrapped(getattr(in_place, name)) for name in SIGNATURES
}


def _c_form(context: Any, builder: Any, name: str, plan: Signature) -> Any:
    """Return the function as the C calling convention has it, in the module that is written."""
    takes = tuple(KINDS[kind] for kind in plan.takes)
    made = _BODIES[name].overloads[takes]
    given = made.signature.return_type
    assert given == result_type(plan), f"{name} gives {given}, the table says {plan}"
    context.add_linking_libs([made.library])
    inner = context.declare_function(builder.module, made.fndesc)
    function = ir.Function(builder.module, plain_type(plan), f"c.{name}")
    function.linkage = "internal"
    inside = ir.IRBuilder(function.append_basic_block())
    convention = context.call_conv
    _, value = convention.call_function(inside, inner, given, takes, function.args)
    if len(plan.gives) + plan.fails == 1:
        inside.ret(inside.zext(value, WORD) if plan.gives == "b" else value)
        return function
    values = _write.unpack_tuple(inside, value)
    result = ir.Constant(function.ftype.return_type, ir.Undefined)
    for place, part in enumerate(values):
        plain = inside.zext(part, WORD) if part.type == ir.IntType(1) else part
        result = inside.insert_value(result, plain, place)
    inside.ret(result)
    return function


class _Python:
    """Writes the form of a function that Python calls.

    Args:
        builder: stands in the module that is written.
        called: the function by the C calling convention.
    """

    def __init__(self, context: Any, builder: Any, name: str, called: Any) -> None:
        kind = ir.FunctionType(_OBJECT, [_OBJECT, _OBJECT.as_pointer(), WORD])
        self.function = ir.Function(builder.module, kind, f"python.{name}")
        self.function.linkage = "internal"
        self._name = name
        self._plan = SIGNATURES[name]
        self._called = called
        self._builder = ir.IRBuilder(self.function.append_basic_block())
        self._python = context.get_python_api(self._builder)
        self._nothing = ir.Constant(_OBJECT, None)

    def write(self) -> Any:
        """Write all of it and return the function."""
        builder, plan = self._builder, self._plan
        kinds = plan.takes
        if self._name in searches.LISTS:  # their second argument is where to write
            kinds = kinds[0] + kinds[2:]
        _, given, count = self.function.args
        wanted = ir.Constant(WORD, len(kinds))
        with builder.if_then(builder.icmp_signed("!=", count, wanted), likely=False):
            self._raise("PyExc_TypeError", f"{self._name}() takes {len(kinds)} arguments")
        values = []
        for place, kind in enumerate(kinds):
            argument = builder.load(builder.gep(given, [ir.Constant(WORD, place)]))
            values.append(self._unbox(argument, kind))
        if self._name in searches.LISTS:
            room = builder.alloca(ir.ArrayType(ir.IntType(8), searches.RESULT_BYTES))
            room.align = 8
            values.insert(1, builder.ptrtoint(room, WORD))
        result = builder.call(self._called, values)
        parts = [result]
        if len(plan.gives) + plan.fails > 1:
            wide = len(plan.gives) + plan.fails
            parts = [builder.extract_value(result, place) for place in range(wide)]
        if plan.fails:
            self._raise_status(parts.pop())
        boxed = [self._box(part, kind) for part, kind in zip(parts, plan.gives, strict=True)]
        if self._name in searches.LISTS:
            self._python.decref(boxed[0])
            boxed[0] = self._list(values[1], parts[0])
        if len(boxed) > 1:
            both = self._python.tuple_pack(boxed)
            for each in boxed:
                self._python.decref(each)
            boxed = [both]
        builder.ret(boxed[0])
        return self.function

    def _raise(self, error: str, message: str) -> None:
        self._python.err_set_string(error, message)
        self._builder.ret(self._nothing)

    def _raise_status(self, status: Any) -> None:
        builder = self._builder
        with builder.if_then(builder.icmp_signed("!=", status, ir.Constant(WORD, 0)), likely=False):
            for code, (error, message) in _ERRORS.items():
                same = builder.icmp_signed("==", status, ir.Constant(WORD, code))
                with builder.if_then(same):
                    self._raise(error, message)

    def _unbox(self, argument: Any, kind: str) -> Any:
        builder = self._builder
        if kind == "f":
            value = self._python.float_as_double(argument)
            doubtful = builder.fcmp_ordered("==", value, ir.Constant(REAL, -1.0))
        else:
            value = self._python.long_as_longlong(argument)
            doubtful = builder.icmp_signed("==", value, ir.Constant(WORD, -1))
        with builder.if_then(doubtful, likely=False):
            raised = _write.is_not_null(builder, self._python.err_occurred())
            with builder.if_then(raised):
                builder.ret(self._nothing)
        return value

    def _list(self, address: Any, count: Any) -> Any:
        """Return the int32 at an address as a list."""
        builder, python = self._builder, self._python
        numbers = builder.inttoptr(address, ir.IntType(32).as_pointer())
        made = python.list_new(count)
        with _write.for_range(builder, count) as loop:
            number = builder.sext(builder.load(builder.gep(numbers, [loop.index])), WORD)
            python.list_setitem(made, loop.index, python.long_from_longlong(number))
        return made

    def _box(self, value: Any, kind: str) -> Any:
        if kind == "f":
            return self._python.float_from_double(value)
        if kind == "b":
            return self._python.bool_from_long(value)
        return self._python.long_from_longlong(value)


def _all_functions(_typing_context: Any, _out: Any) -> Any:
    """Write two addresses for each function, in the order of the table, to the address `out`."""
    for name, plan in SIGNATURES.items():
        _BODIES[name].compile(tuple(KINDS[kind] for kind in plan.takes))

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        out = builder.inttoptr(values[0], WORD.as_pointer())
        for place, (name, plan) in enumerate(SIGNATURES.items()):
            plain = _c_form(context, builder, name, plan)
            forms = (plain, _Python(context, builder, name, plain).write())
            for side, form in enumerate(forms):
                here = builder.gep(out, [ir.Constant(WORD, 2 * place + side)])
                builder.store(builder.ptrtoint(form, WORD), here)
        return ir.Constant(WORD, len(SIGNATURES))

    return types.int64(types.int64), generate


_write_functions: Any = intrinsic(_all_functions)


@serial_kernel
def _write_addresses(out: Any) -> Any:
    return _write_functions(out)


class _Method(ctypes.Structure):
    """`PyMethodDef` of the C API."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("text", ctypes.c_char_p),
    )


class _Linked:
    """All functions, loaded; the methods must live as long as the functions made of them."""

    def __init__(self) -> None:
        addresses = np.zeros(2 * len(SIGNATURES), np.int64)
        _write_addresses(addresses.ctypes.data)
        new = ctypes.pythonapi.PyCFunction_NewEx
        new.argtypes = (ctypes.POINTER(_Method), ctypes.c_void_p, ctypes.c_void_p)
        new.restype = ctypes.py_object
        self._methods = []
        made: dict[str, Callable[..., Any]] = {}
        for name, (plain, python) in zip(SIGNATURES, addresses.reshape(-1, 2), strict=True):
            binding.add_symbol(PREFIX + name, int(plain))
            method = _Method(name.encode(), int(python), _METH_FASTCALL, None)
            self._methods.append(method)
            made[name] = new(ctypes.byref(method), None, None)
        self.calls: Mapping[str, Callable[..., Any]] = MappingProxyType(made)


@lru_cache(maxsize=1)
def _load() -> _Linked:
    return _Linked()


def link() -> None:
    """Give every symbol an address: before code that calls one is compiled, or loaded.

    Compiles what is not in the cache, for seconds. Forked processes have it from their parent.
    """
    _load()


def calls() -> Mapping[str, Callable[..., Any]]:
    """Return the functions of `signatures.py` by name, as Python calls them; they raise."""
    return _load().calls

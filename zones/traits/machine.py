"""Functions that compiled code calls: by symbol, or as a few instructions in place.

Owns: `Operation`, memory by address, functions of the C library. Does not own: what is made of
them (`numerics.py`, `neighbours.py`), giving the symbols an address (`linked.py`).

Why symbols: code that is called by name is compiled once, and its object code is the same for all
who call it, so no compiler can bend one caller's arithmetic (`x ** 2` and `x ** 3` came out
different in numba, CPython and constant folding); and a trait that calls it compiles and loads
as if it called the C library. numba's way, an overload for each caller, took 1 to 2 ms to load
for each function.
"""

from collections.abc import Callable
from typing import Any, Final

from llvmlite import binding, ir
from numba import types
from numba.core.typing import templates
from numba.extending import lower_builtin

from zones.traits.signatures import Signature

PREFIX: Final = "molt_"
"""Of the symbols, so that none is one of the C library."""
_numba: Any = types  # it says nothing of its types
_typing: Any = templates
_lower_builtin: Any = lower_builtin
KINDS: Final = {"f": types.float64, "i": types.int64, "b": types.boolean}
WORD: Final = ir.IntType(64)
REAL: Final = ir.DoubleType()
_PLAIN: Final = {"f": REAL, "i": WORD, "b": WORD}

Lower = Callable[[Any, Any, Any], Any]
"""(context, builder, values of the arguments) -> value of the results, as numba has them."""


class Operation:
    """A function for numba code alone; its calls are typed by its signature, nothing else.

    Args:
        lower: writes the instructions; None: a call of the symbol PREFIX + name.
        pure: depends on its arguments alone; a call whose result is not used may be left out.
    """

    def __init__(
        self, name: str, plan: Signature, lower: Lower | None = None, *, pure: bool = True
    ) -> None:
        self.name = name
        self.plan = plan
        self.symbol = PREFIX + name
        self._pure = pure
        self._lower = lower or self._call_symbol
        register(self, result_type(plan), [KINDS[kind] for kind in plan.takes], self._lower)

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __call__(self, *_arguments: Any) -> Any:
        """Only compiled code can call it.

        Raises:
            TypeError: always; Python has `linked.calls`.
        """
        raise TypeError(f"cannot call {self.name} from Python: linked.calls() has it")

    def _call_symbol(self, context: Any, builder: Any, values: Any) -> Any:
        # Without an address the process would die when the caller is made ready to run.
        assert binding.address_of_symbol(self.symbol), "linked.link() comes first"
        plain = [
            builder.zext(value, WORD) if kind == "b" else value
            for kind, value in zip(self.plan.takes, values, strict=True)
        ]
        called = builder.call(declare(builder, self.symbol, self.plan, pure=self._pure), plain)
        return from_plain(context, builder, self.plan, called)


def register(key: Any, result: Any, takes: list[Any], lower: Lower) -> None:
    """Let numba type calls of `key`, any object, and lower them by `lower`."""
    typed = _typing.signature(result, *takes)
    template = type("Template", (_typing.ConcreteTemplate,), {"key": key, "cases": [typed]})
    _typing.infer_global(key, _numba.Function(template))

    def write(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return lower(context, builder, values)

    _lower_builtin(key, *takes)(write)


def result_type(plan: Signature) -> Any:
    """Return the numba type of what a function gives: one value, or a tuple of them."""
    kinds = [KINDS[kind] for kind in plan.gives] + [_numba.int64] * plan.fails
    return kinds[0] if len(kinds) == 1 else _numba.Tuple(kinds)


def plain_type(plan: Signature) -> Any:
    """Return the type of the symbol: values as the C calling convention passes them."""
    gives = [_PLAIN[kind] for kind in plan.gives] + [WORD] * plan.fails
    result = gives[0] if len(gives) == 1 else ir.LiteralStructType(gives)
    return ir.FunctionType(result, [_PLAIN[kind] for kind in plan.takes])


def declare(builder: Any, symbol: str, plan: Signature, *, pure: bool) -> Any:
    """Return the symbol as a function of the module that is being written."""
    known = builder.module.globals.get(symbol)
    if known is None:
        known = ir.Function(builder.module, plain_type(plan), symbol)
        known.attributes.add("nounwind")
        if pure:
            known.attributes.add("readnone")
    return known


def from_plain(context: Any, builder: Any, plan: Signature, called: Any) -> Any:
    """Return what a symbol gave as numba has it."""
    kinds = plan.gives + "i" * plan.fails
    if len(kinds) == 1:
        return builder.trunc(called, ir.IntType(1)) if kinds == "b" else called
    values = [builder.extract_value(called, place) for place in range(len(kinds))]
    return pair(context, builder, plan, values)


def pair(context: Any, builder: Any, plan: Signature, values: list[Any]) -> Any:
    """Return several values as the tuple that numba has; those of kind "b" are bit or word."""
    bit = ir.IntType(1)
    for place, kind in enumerate(plan.gives):
        if kind == "b" and values[place].type != bit:
            values[place] = builder.trunc(values[place], bit)
    return context.make_tuple(builder, result_type(plan), values)


def c_function(name: str, takes: str = "f", gives: str = "f") -> Operation:
    """Return a function of the C library by its own name."""
    plan = Signature(takes, gives)

    def lower(_context: Any, builder: Any, values: Any) -> Any:
        return builder.call(declare(builder, name, plan, pure=True), values)

    return Operation(name, plan, lower)


def _memory(name: str, item: Any, number: Any, kind: str) -> tuple[Operation, Operation]:
    """Return (load, store) of items of a type, as int64 or float64, by address and index."""

    def place(builder: Any, address: Any, index: Any) -> Any:
        return builder.gep(builder.inttoptr(address, item.as_pointer()), [index])

    def load(_context: Any, builder: Any, values: Any) -> Any:
        return widen(builder, builder.load(place(builder, *values)))

    def store(context: Any, builder: Any, values: Any) -> Any:
        address, index, value = values
        builder.store(narrow(builder, value), place(builder, address, index))
        return ir.Constant(WORD, 0)

    def widen(builder: Any, value: Any) -> Any:
        if item == number:
            return value
        return builder.fpext(value, REAL) if kind == "f" else builder.sext(value, WORD)

    def narrow(builder: Any, value: Any) -> Any:
        if item == number:
            return value
        return builder.fptrunc(value, item) if kind == "f" else builder.trunc(value, item)

    return (
        Operation(f"load_{name}", Signature("ii", kind), load),
        Operation(f"store_{name}", Signature("ii" + kind, "i"), store),
    )


load_f32, store_f32 = _memory("f32", ir.FloatType(), REAL, "f")
load_f64, store_f64 = _memory("f64", REAL, REAL, "f")
load_i8, store_i8 = _memory("i8", ir.IntType(8), WORD, "i")
load_i32, store_i32 = _memory("i32", ir.IntType(32), WORD, "i")
load_i64, store_i64 = _memory("i64", WORD, WORD, "i")
"""load(address, index), store(address, index, value): of the item `index` of an array. A float32
is read as float64 and rounded to nearest when stored."""

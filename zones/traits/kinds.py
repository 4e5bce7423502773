"""What kinds of values an expression of a trait may have, as far as its source tells.

Owns: the lattice of kinds, what operators and the known functions make of them. Does not own: the
walk over a source (`inference.py`), what follows for the state (`state.py`).

A kind is a set of possible classes, with what a container holds. ANY holds whatever is not
known; an operator on it may give anything, since a class of the source may define operators.
Classes that are ours (entities, resources) and None define none: there an operator raises.
"""

from dataclasses import dataclass
from typing import Final

BOOL: Final = 1
INT: Final = 2
FLOAT: Final = 4
NONE: Final = 8
TEXT: Final = 16
OWN: Final = 32
"""The entity that execute is given."""
OTHER: Final = 64
RESOURCE: Final = 128
ITEMS: Final = 256
"""A list, tuple, set, range or iterator."""
ANYTHING: Final = 512
NUMBERS: Final = BOOL | INT | FLOAT
WHOLE: Final = BOOL | INT
DEPTH_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class Kind:
    """A set of classes.

    Args:
        mask: of the constants above; 0 for code that never gives a value.
        items: what is in it, where it may hold something.
        parts: of a tuple whose length is known, in turn; `items` is all of them together.
    """

    mask: int
    items: "Kind | None" = None
    parts: "tuple[Kind, ...] | None" = None


NOTHING: Final = Kind(0)
ANY: Final = Kind(ANYTHING)
IS_BOOL: Final = Kind(BOOL)
IS_INT: Final = Kind(INT)
IS_FLOAT: Final = Kind(FLOAT)
IS_NONE: Final = Kind(NONE)
IS_TEXT: Final = Kind(TEXT)
IS_OWN: Final = Kind(OWN)
IS_OTHER: Final = Kind(OTHER)
IS_RESOURCE: Final = Kind(RESOURCE)


def list_of(items: Kind) -> Kind:
    """Return the kind of a container of these."""
    return Kind(ITEMS, items) if _depth(items) < DEPTH_MAX else Kind(ITEMS, ANY)


def tuple_of(parts: tuple[Kind, ...]) -> Kind:
    """Return the kind of a tuple of these."""
    whole = list_of(join(*parts))
    return Kind(ITEMS, whole.items, parts) if whole.items != ANY else whole


def _depth(kind: Kind) -> int:
    inner = (*(kind.parts or ()), *((kind.items,) if kind.items else ()))
    return 1 + max(map(_depth, inner), default=0)


def join(*kinds: Kind) -> Kind:
    """Return what may be any of these."""
    result = NOTHING
    for kind in kinds:
        if kind == result or not kind.mask:
            continue
        if not result.mask:
            result = kind
            continue
        result = _join_two(result, kind)
    return result


def _join_two(one: Kind, two: Kind) -> Kind:
    mask = one.mask | two.mask
    if mask & ANYTHING:
        return ANY
    if not (one.mask & ITEMS and two.mask & ITEMS):
        holder = one if one.mask & ITEMS else two
        return Kind(mask, holder.items, holder.parts)
    items = join(one.items or NOTHING, two.items or NOTHING)
    if one.parts is None or two.parts is None or len(one.parts) != len(two.parts):
        return Kind(mask, items)
    return Kind(mask, items, tuple(map(join, one.parts, two.parts)))


def item_of(kind: Kind) -> Kind:
    """Return what iterating over it gives."""
    if kind.mask & ANYTHING:
        return ANY
    texts = IS_TEXT if kind.mask & TEXT else NOTHING
    return join(texts, kind.items or NOTHING)


def is_number(kind: Kind) -> bool:
    """Tell whether it can be nothing but a number."""
    return bool(kind.mask) and not kind.mask & ~NUMBERS


def of_arithmetic(operator: str, left: Kind, right: Kind) -> Kind:
    """Return what a binary operator gives, by the name of its class in `ast`."""
    if (left.mask | right.mask) & ANYTHING:
        return ANY
    a, b = left.mask & NUMBERS, right.mask & NUMBERS
    result = NOTHING
    if a and b:
        result = Kind(_of_numbers(operator, a, b))
    texts = TEXT & (left.mask | right.mask)
    if operator in ("Add", "Mult", "Mod") and texts:
        result = join(result, IS_TEXT)
    repeats = operator in ("Add", "Mult") and (left.mask | right.mask) & ITEMS
    if repeats or (left.mask & right.mask) & ITEMS:
        result = join(result, list_of(join(item_of(left), item_of(right))))
    return result


def _of_numbers(operator: str, a: int, b: int) -> int:
    if operator == "Div":
        return FLOAT
    if operator in ("BitAnd", "BitOr", "BitXor"):
        return (INT if (a | b) & INT else 0) | (BOOL if a & b & BOOL else 0)
    if operator in ("LShift", "RShift"):
        return INT
    whole = INT if a & WHOLE and b & WHOLE else 0
    real = FLOAT if (a | b) & FLOAT else 0
    if operator == "Pow" and whole:
        real = FLOAT
    return whole | real


def of_unary(operator: str, operand: Kind) -> Kind:
    """Return what a unary operator gives, by the name of its class in `ast`."""
    if operator == "Not":
        return IS_BOOL
    if operand.mask & ANYTHING:
        return ANY
    whole = INT if operand.mask & WHOLE else 0
    return Kind(whole if operator == "Invert" else whole | operand.mask & FLOAT)


def of_comparison(operators: tuple[str, ...], operands: tuple[Kind, ...]) -> Kind:
    """Return what a chain of comparisons gives."""
    plain = all(each in ("Is", "IsNot", "In", "NotIn") for each in operators)
    if not plain and any(each.mask & ANYTHING for each in operands):
        return ANY
    return IS_BOOL


_MATH_INT: Final = frozenset(
    ("floor", "ceil", "trunc", "gcd", "lcm", "factorial", "comb", "perm", "isqrt")
)
_MATH_BOOL: Final = frozenset(("isfinite", "isinf", "isnan", "isclose"))
_RANDOM_FLOAT_TEXT: Final = (
    "random uniform triangular gauss normalvariate lognormvariate expovariate "
    "betavariate gammavariate paretovariate weibullvariate vonmisesvariate"
)
_RANDOM_FLOAT: Final = frozenset(_RANDOM_FLOAT_TEXT.split())


def of_library(module: str, name: str, arguments: tuple[Kind, ...]) -> Kind:
    """Return what a function of a module gives."""
    first = arguments[0] if arguments else NOTHING
    if module == "math":
        return _of_math(name, first)
    if module != "random":
        return ANY
    if name in _RANDOM_FLOAT:
        return IS_FLOAT
    if name in ("randint", "randrange", "getrandbits"):
        return IS_INT
    if name == "choice":
        return item_of(first)
    if name in ("choices", "sample"):
        return list_of(item_of(first))
    return IS_NONE if name in ("shuffle", "seed") else ANY


def _of_math(name: str, first: Kind) -> Kind:
    if name in _MATH_INT:
        return IS_INT
    if name in _MATH_BOOL:
        return IS_BOOL
    if name == "modf":
        return tuple_of((IS_FLOAT, IS_FLOAT))
    if name == "frexp":
        return tuple_of((IS_FLOAT, IS_INT))
    if name == "prod":
        return join(IS_INT, item_of(first))
    return IS_FLOAT


_BUILTIN_CONSTANT: Final = {
    "len": IS_INT,
    "int": IS_INT,
    "float": IS_FLOAT,
    "bool": IS_BOOL,
    "str": IS_TEXT,
    "repr": IS_TEXT,
    "chr": IS_TEXT,
    "ord": IS_INT,
    "isinstance": IS_BOOL,
    "any": IS_BOOL,
    "all": IS_BOOL,
    "callable": IS_BOOL,
    "hasattr": IS_BOOL,
    "range": list_of(IS_INT),
}


def of_builtin(name: str, arguments: tuple[Kind, ...], default: Kind | None) -> Kind:
    """Return what a builtin function gives.

    Args:
        default: of the keyword of that name, or of `start`.
    """
    if name in _BUILTIN_CONSTANT:
        return _BUILTIN_CONSTANT[name]
    first = arguments[0] if arguments else NOTHING
    others = default or NOTHING
    if name in ("min", "max"):
        return join(item_of(first), others) if len(arguments) == 1 else join(*arguments)
    if name == "sum":
        start = arguments[1] if len(arguments) > 1 else default or IS_INT
        return join(start, of_arithmetic("Add", start, item_of(first)))
    if name in ("list", "tuple", "set", "frozenset", "sorted", "reversed", "iter"):
        return list_of(item_of(first))
    if name == "enumerate":
        return list_of(tuple_of((IS_INT, item_of(first))))
    if name == "zip":
        return list_of(tuple_of(tuple(map(item_of, arguments))))
    if name == "filter" and arguments:
        return list_of(item_of(arguments[-1]))
    if name == "next":
        return join(item_of(first), *arguments[1:])
    if name in ("abs", "round", "divmod", "pow"):
        return _of_arithmetic_builtin(name, arguments)
    return ANY


def _of_arithmetic_builtin(name: str, arguments: tuple[Kind, ...]) -> Kind:
    if not arguments or any(each.mask & ANYTHING for each in arguments):
        return ANY
    first = arguments[0]
    if name == "abs":
        return of_unary("USub", first)
    if name == "round":
        return of_unary("USub", first) if len(arguments) > 1 else IS_INT
    if len(arguments) < 2:
        return ANY
    if name == "pow":
        return of_arithmetic("Pow", first, arguments[1])
    whole = of_arithmetic("FloorDiv", first, arguments[1])
    return tuple_of((whole, whole))

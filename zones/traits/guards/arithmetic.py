"""Operators of traits on numbers and sequences whose types the source does not show.

Owns: bounds of + - * / // % ** << >> & | ^ - ~ and abs, round, divmod, pow. Does not own: what
they give for numbers (`zones/traits/signatures.py`; the same machine code runs in both tiers).
"""

import operator
from collections.abc import Callable, Mapping
from operator import and_, iand, ior, ixor, or_, xor
from types import SimpleNamespace, UnionType
from typing import Any, Final

from zones.traits.guards.meter import Meter
from zones.traits.guards.texts import Texts

INT_MIN: Final = -(1 << 63)
INT_MAX: Final = (1 << 63) - 1
_NUMBERS: Final = frozenset({int, float, bool})
_in_place: Any = operator  # its functions in place have no types
_SEQUENCES: Final = (list, tuple, str)
_UNION_MAX: Final = 40
_SIZED: Final[tuple[Any, ...]] = (list, tuple, str, dict)
_TOO_LARGE: Final = "int too large for 64 bits"


def checked_int(value: Any) -> Any:
    """Return an int as it is, if 64 bits hold it.

    Raises:
        OverflowError: they do not.
    """
    if INT_MIN <= value <= INT_MAX:
        return value
    raise OverflowError(_TOO_LARGE)


class Arithmetic:
    """Operators of one trait.

    Args:
        machine: functions of `linked.calls()`.
    """

    def __init__(self, meter: Meter, texts: Texts, machine: Mapping[str, Any]) -> None:
        self.meter = meter
        self.texts = texts
        self.machine = SimpleNamespace(**machine)

    def add(self, a: Any, b: Any) -> Any:
        """Return a + b."""
        result = a + b
        if type(result) is float:
            return result
        return self._judge(result, a, b)

    def sub(self, a: Any, b: Any) -> Any:
        """Return a - b."""
        result = a - b
        if type(result) is float:
            return result
        return self._judge(result, a, b)

    def mul(self, a: Any, b: Any) -> Any:
        """Return a * b."""
        if type(a) is float or type(b) is float:
            return a * b
        if isinstance(a, _SEQUENCES):
            self._repeating(len_of(a), b)
        elif isinstance(b, _SEQUENCES):
            self._repeating(len_of(b), a)
        result = a * b
        return checked_int(result) if isinstance(result, int) else result

    def matmul(self, a: Any, b: Any) -> Any:
        """Return a @ b: classes of the source alone have it."""
        return a @ b

    def imatmul(self, a: Any, b: Any) -> Any:
        """Return a after a @= b."""
        a @= b
        return a

    def _repeating(self, length: int, times: Any) -> None:
        if isinstance(times, int):
            self.meter.building(length * max(times, 0))

    def _judge(self, result: Any, a: Any, b: Any) -> Any:
        """Return what an operator gave; count what it built out of a and b."""
        if isinstance(result, int):
            if INT_MIN <= result <= INT_MAX:
                return result
            raise OverflowError(_TOO_LARGE)
        if isinstance(a, _SEQUENCES) and isinstance(b, _SEQUENCES):
            self.meter.building(len_of(a) + len_of(b))
        return result

    def iadd(self, a: Any, b: Any) -> Any:
        """Return a after a += b."""
        if type(a) is float:
            return a + b
        if isinstance(a, list):
            items = self.meter.take(b)
            self.meter.bound_length(len_of(a) + len(items))
            return _in_place.iadd(a, items)
        return self._judge(_in_place.iadd(a, b), a, b)

    def isub(self, a: Any, b: Any) -> Any:
        """Return a after a -= b."""
        return self._judge(_in_place.isub(a, b), a, b)

    def imul(self, a: Any, b: Any) -> Any:
        """Return a after a *= b."""
        if isinstance(a, list):
            self._repeating(len_of(a), b)
            return _in_place.imul(a, b)
        if isinstance(a, (*_SEQUENCES, int, float)):
            return self.mul(a, b)
        result = _in_place.imul(a, b)
        return checked_int(result) if isinstance(result, int) else result

    def div(self, a: Any, b: Any) -> Any:
        """Return a / b."""
        if type(a) in _NUMBERS and type(b) in _NUMBERS and type(a) is not float is not type(b):
            return self.machine.truediv_int(a, b)
        return a / b

    def idiv(self, a: Any, b: Any) -> Any:
        """Return a after a /= b."""
        if type(a) in _NUMBERS:
            return self.div(a, b)
        a /= b
        return a

    def floordiv(self, a: Any, b: Any) -> Any:
        """Return a // b."""
        if isinstance(a, float) or isinstance(b, float):
            if isinstance(a, (int, float)) and isinstance(b, (int, float)):
                return self.machine.floordiv_float(float(a), float(b))
            return a // b
        result = a // b
        return checked_int(result) if isinstance(result, int) else result

    def ifloordiv(self, a: Any, b: Any) -> Any:
        """Return a after a //= b."""
        if isinstance(a, (int, float)):
            return self.floordiv(a, b)
        a //= b
        return a

    def mod(self, a: Any, b: Any) -> Any:
        """Return a % b; of a text the text with its places filled in."""
        if isinstance(a, str):
            return self.texts.fill_percent(a, b)
        if isinstance(a, float) or isinstance(b, float):
            if isinstance(a, (int, float)) and isinstance(b, (int, float)):
                return self.machine.mod_float(float(a), float(b))
            return a % b
        result = a % b
        return checked_int(result) if isinstance(result, int) else result

    def imod(self, a: Any, b: Any) -> Any:
        """Return a after a %= b."""
        if isinstance(a, (int, float, str)):
            return self.mod(a, b)
        a %= b
        return a

    def pow(self, a: Any, b: Any, modulus: Any = None) -> Any:
        """Return a to the power of b, or what is left of it by a modulus."""
        if modulus is not None:
            return self._pow_modulo(a, b, modulus)
        if isinstance(a, (int, float)) and isinstance(b, (int, float)):
            if isinstance(a, int) and isinstance(b, int) and b >= 0:
                return self.machine.pow_int(int(a), int(b))
            return self.machine.pow_float(float(a), float(b))
        if isinstance(a, complex) or isinstance(b, complex):
            raise TypeError("no complex numbers")
        return a**b

    def _pow_modulo(self, a: Any, b: Any, modulus: Any) -> Any:
        for value in (a, b, modulus):
            if not isinstance(value, int):
                raise TypeError("pow() with three arguments takes ints")
        return checked_int(pow(int(a), int(b), int(modulus)))

    def ipow(self, a: Any, b: Any) -> Any:
        """Return a after a **= b."""
        if isinstance(a, (int, float)):
            return self.pow(a, b)
        a **= b
        return a

    def lshift(self, a: Any, b: Any) -> Any:
        """Return a << b."""
        if isinstance(a, int) and isinstance(b, int):
            return self.machine.lshift_int(int(a), int(b))
        return a << b

    def ilshift(self, a: Any, b: Any) -> Any:
        """Return a after a <<= b."""
        if isinstance(a, int):
            return self.lshift(a, b)
        a <<= b
        return a

    def rshift(self, a: Any, b: Any) -> Any:
        """Return a >> b."""
        if isinstance(a, int) and isinstance(b, int):
            return self.machine.rshift_int(int(a), int(b))
        return a >> b

    def irshift(self, a: Any, b: Any) -> Any:
        """Return a after a >>= b."""
        if isinstance(a, int):
            return self.rshift(a, b)
        a >>= b
        return a

    def neg(self, a: Any) -> Any:
        """Return -a."""
        result = -a
        if type(result) is float or not isinstance(result, int):
            return result
        return checked_int(result)

    def invert(self, a: Any) -> Any:
        """Return ~a."""
        return ~a

    def absolute(self, a: Any, /) -> Any:
        """Return abs(a)."""
        result = abs(a)
        if type(result) is float or not isinstance(result, int):
            return result
        return checked_int(result)

    def rounded(self, number: Any, ndigits: Any = None) -> Any:
        """Return round(number, ndigits)."""
        if isinstance(number, float):
            if ndigits is None:
                return self.machine.round_float(float(number))
            return self.machine.round_digits(float(number), _digits(ndigits))
        if isinstance(number, int):
            return (
                int(number) if ndigits is None else self.machine.round_int(number, _digits(ndigits))
            )
        result = round(number) if ndigits is None else round(number, ndigits)
        return checked_int(result) if isinstance(result, int) else result

    def divide(self, a: Any, b: Any, /) -> Any:
        """Return divmod(a, b)."""
        if isinstance(a, (int, float)) and isinstance(b, (int, float)):
            return (self.floordiv(a, b), self.mod(a, b))
        return divmod(a, b)

    def bits(self, a: Any, b: Any, operate: Callable[[Any, Any], Any]) -> Any:
        """Return a & b, a | b or a ^ b: of ints, or of what counts for itself."""
        if type(a) is int and type(b) is int:
            return operate(a, b)
        if operate in (or_, ior) and isinstance(a, (type, UnionType)):
            return self._union(a, b)
        if isinstance(a, dict) and isinstance(b, dict):
            self.meter.building(dict.__len__(a) + dict.__len__(b))
        elif isinstance(a, dict) and operate is ior:
            raise TypeError("a dict takes in dicts only")
        return operate(a, b)

    def _union(self, a: Any, b: Any) -> Any:
        """Return a | b of types: joining takes as long as there are pairs of them."""
        many = len(getattr(a, "__args__", ())) + len(getattr(b, "__args__", ())) + 1
        self.meter.charge(many)
        if many > _UNION_MAX:
            self.meter.abort()
        return a | b

    def bit_and(self, a: Any, b: Any) -> Any:
        """Return a & b."""
        return self.bits(a, b, and_)

    def bit_or(self, a: Any, b: Any) -> Any:
        """Return a | b."""
        return self.bits(a, b, or_)

    def bit_xor(self, a: Any, b: Any) -> Any:
        """Return a ^ b."""
        return self.bits(a, b, xor)

    def ibit_and(self, a: Any, b: Any) -> Any:
        """Return a after a &= b."""
        return self.bits(a, b, iand)

    def ibit_or(self, a: Any, b: Any) -> Any:
        """Return a after a |= b."""
        return self.bits(a, b, ior)

    def ibit_xor(self, a: Any, b: Any) -> Any:
        """Return a after a ^= b."""
        return self.bits(a, b, ixor)


def _digits(ndigits: Any) -> int:
    if not isinstance(ndigits, int):
        raise TypeError("round() takes a whole number of digits")
    return int(ndigits)


def len_of(value: Any) -> int:
    """Return the true length of a builtin container: a subclass may lie about its own."""
    for kind in _SIZED:
        if isinstance(value, kind):
            return int(kind.__len__(value))
    return len(value)

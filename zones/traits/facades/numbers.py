"""`math` for traits: the functions of `signatures.py`, called as Python calls them.

Owns: keywords, several arguments and iterables; the numbers themselves are those of machine code.
"""

import math
from typing import Any, Final

from zones.traits import names
from zones.traits.facades.tools import Tools

_CONSTANTS: Final = ("e", "inf", "nan", "pi", "tau")
_OTHERWISE: Final = ("ceil", "dist", "floor", "fsum", "gcd", "hypot", "isclose", "lcm", "log")
_OTHERWISE_TOO: Final = ("perm", "prod", "trunc")


class Mathematics:
    """`math` of one trait."""

    def __init__(self, tools: Tools) -> None:
        self.meter = tools.meter
        self.mul = tools.arithmetic.mul
        self.machine = tools.arithmetic.machine

    def public(self) -> dict[str, Any]:
        """Return the module's names."""
        made: dict[str, Any] = {name: getattr(math, name) for name in _CONSTANTS}
        for name in (*_OTHERWISE, *_OTHERWISE_TOO):
            made[name] = getattr(self, name)
        for name in names.MODULE_NAMES["math"] - made.keys():
            made[name] = getattr(self.machine, name)
        return made

    def floor(self, x: Any, /) -> Any:
        """Return the largest int that is not above x."""
        return x if type(x) is int else _whole(x, self.machine.floor, "__floor__")

    def ceil(self, x: Any, /) -> Any:
        """Return the smallest int that is not below x."""
        return x if type(x) is int else _whole(x, self.machine.ceil, "__ceil__")

    def trunc(self, x: Any, /) -> Any:
        """Return x without its fraction."""
        return x if type(x) is int else _whole(x, self.machine.trunc, "__trunc__")

    def log(self, x: Any, base: Any = None, /) -> Any:
        """Return the logarithm."""
        return self.machine.log(x) if base is None else self.machine.log_base(x, base)

    def hypot(self, *coordinates: Any) -> Any:
        """Return the length of a vector."""
        if len(coordinates) == 2:
            return self.machine.hypot(*coordinates)
        length = 0.0
        for place, one in enumerate(coordinates):
            length = self.machine.hypot(length, one) if place else self.machine.fabs(one)
        return length

    def dist(self, p: Any, q: Any, /) -> Any:
        """Return the distance of two points."""
        p, q = tuple(self.meter.take(p)), tuple(self.meter.take(q))
        if len(p) != len(q):
            raise ValueError("both points must have the same number of dimensions")
        return self.hypot(*(float(a) - float(b) for a, b in zip(p, q, strict=True)))

    def fsum(self, items: Any, /) -> float:
        """Return the sum, exactly rounded."""
        return math.fsum(self.meter.take(items))

    def prod(self, items: Any, /, *, start: Any = 1) -> Any:
        """Return the product, from the left."""
        product = start
        for item in self.meter.take(items):
            product = self.mul(product, item)
        return product

    def gcd(self, *integers: Any) -> int:
        """Return the greatest common divisor."""
        result = 0
        for one in integers:
            result = self.machine.gcd(result, one)
        return result

    def lcm(self, *integers: Any) -> int:
        """Return the least common multiple."""
        result = 1
        for one in integers:
            result = self.machine.lcm(result, one)
        return result

    def perm(self, n: Any, k: Any = None, /) -> Any:
        """Return the number of ways to choose k of n in order."""
        return self.machine.factorial(n) if k is None else self.machine.perm(n, k)

    def isclose(self, a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
        """Tell whether two floats are close."""
        return self.machine.isclose(a, b, rel_tol, abs_tol)


def _whole(x: Any, function: Any, method: str) -> Any:
    if isinstance(x, (int, float)):
        return function(x) if isinstance(x, float) else int(x)
    own = getattr(type(x), method, None)
    if own is None:
        raise TypeError(f"must be real number, not {type(x).__name__}")
    return own(x)

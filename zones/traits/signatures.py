"""What each function of traits' arithmetic means, takes and gives: one table for both tiers.

Owns: names, types and meanings. Does not own: carrying them out (`numerics.py` for machine code,
`numerics_calls.py` for Python; both run the same machine code). Pure: no numpy, no numba, so that
a source can be judged and lowered without them.

*Types*: "f" float64, "i" int64, "b" bool. An int is passed where "f" is taken as the nearest
float, a bool where "i" is taken as 0 or 1. Nothing else is converted: a float where "i" is taken
is a TypeError.

*Faults*: a function that `fails` gives its results and a status behind them: 0, or OVERFLOW,
ZERO_DIVISION or DOMAIN of `contract.py`; the results then mean nothing. In Python these are
OverflowError, ZeroDivisionError and ValueError. Wherever CPython raises one of these, so do we,
the same one. Beyond CPython: an int result that 64 bits cannot hold is an OverflowError, and what
would be complex a ValueError.

*Values*: "exact" below means the correctly rounded result, bit for bit what CPython gives. Any
other value is that of the one implementation here: it may differ from CPython's in the last place,
and between machines where it comes from the C library (`libm` below), never between tiers.
Infinities, NaN and signed zeros are taken and given as by CPython.

*NaN* has neither sign nor payload that a trait could see: `copysign` takes it as positive, and
whoever stores a float beyond a call stores `canonical` of it.

Operators that are not here mean what machine arithmetic gives and cannot fail: + - * of floats,
negation and abs of a float, comparisons of two ints or of two floats, & | ^ ~ of ints.
"""

from typing import Final, NamedTuple


class Signature(NamedTuple):
    """How a function is called.

    Args:
        takes: types of the arguments in order.
        gives: types of the results; with `fails` a status, int64, comes behind them.
    """

    takes: str
    gives: str
    fails: bool = False


INTEGERS: Final = {
    # OVERFLOW beyond 64 bits; exact.
    "add_int": Signature("ii", "i", fails=True),
    "sub_int": Signature("ii", "i", fails=True),
    "mul_int": Signature("ii", "i", fails=True),
    "neg_int": Signature("i", "i", fails=True),
    "abs_int": Signature("i", "i", fails=True),
    # Towards minus infinity; the remainder has the sign of the divisor. ZERO_DIVISION.
    "floordiv_int": Signature("ii", "i", fails=True),
    "mod_int": Signature("ii", "i", fails=True),
    # a / b: exact, as CPython, for all of 64 bits. ZERO_DIVISION.
    "truediv_int": Signature("ii", "f", fails=True),
    # a ** n for n >= 0, exact. With n < 0 the result of ** is a float: the caller must have taken
    # pow_float(float(a), float(n)) instead; here it is DOMAIN.
    "pow_int": Signature("ii", "i", fails=True),
    # Negative counts are DOMAIN. a >> n with n >= 64 is 0 or -1; a << n is OVERFLOW unless a is 0.
    "lshift_int": Signature("ii", "i", fails=True),
    "rshift_int": Signature("ii", "i", fails=True),
    # round(a, n) of an int: for n < 0 to a multiple of 10 ** -n, halves to even.
    "round_int": Signature("ii", "i", fails=True),
    # As in `math`; negative arguments of factorial, comb, perm and isqrt are DOMAIN. gcd and lcm
    # of more than two fold from the left.
    "comb": Signature("ii", "i", fails=True),
    "factorial": Signature("i", "i", fails=True),
    "gcd": Signature("ii", "i", fails=True),
    "isqrt": Signature("i", "i", fails=True),
    "lcm": Signature("ii", "i", fails=True),
    "perm": Signature("ii", "i", fails=True),
}

MIXED: Final = {
    # Comparisons of an int with a float by their values, not by conversion. False with NaN.
    "eq_int_float": Signature("if", "b"),
    "lt_int_float": Signature("if", "b"),
    "le_int_float": Signature("if", "b"),
    "gt_int_float": Signature("if", "b"),
    "ge_int_float": Signature("if", "b"),
    # int(x): towards zero. NaN is DOMAIN, infinities and what 64 bits cannot hold are OVERFLOW.
    # floor, ceil, trunc and round(x) likewise, round with halves to even; of ints they are the int.
    "int_of_float": Signature("f", "i", fails=True),
    "floor": Signature("f", "i", fails=True),
    "ceil": Signature("f", "i", fails=True),
    "trunc": Signature("f", "i", fails=True),
    "round_float": Signature("f", "i", fails=True),
    # float(a): to nearest, halves to even.
    "float_of_int": Signature("i", "f"),
}

FLOATS: Final = {
    "div_float": Signature("ff", "f", fails=True),  # exact; ZERO_DIVISION
    # As CPython computes both from fmod: exact remainder, floor of the quotient. ZERO_DIVISION.
    "floordiv_float": Signature("ff", "f", fails=True),
    "mod_float": Signature("ff", "f", fails=True),
    # x ** y, special values as CPython. Exact for y of 1, 2, -1 and 0.5, else libm. 0 ** negative
    # is ZERO_DIVISION, negative ** fraction DOMAIN, from finite to beyond all floats OVERFLOW.
    "pow_float": Signature("ff", "f", fails=True),
    "square": Signature("f", "f", fails=True),  # x ** 2
    # round(x, n): exact, as CPython: the decimal nearest to x, halves of the exact value to even.
    "round_digits": Signature("fi", "f", fails=True),
    "canonical": Signature("f", "f"),  # x, and of all NaN the one with bits 0x7FF8000000000000
}

_F_F: Final = Signature("f", "f")
_F_F_FAILS: Final = Signature("f", "f", fails=True)

FUNCTIONS: Final = {
    # libm. DOMAIN where CPython raises ValueError, OVERFLOW where it raises OverflowError.
    "acos": _F_F_FAILS,
    "acosh": _F_F_FAILS,
    "asin": _F_F_FAILS,
    "asinh": _F_F,
    "atan": _F_F,
    "atan2": Signature("ff", "f"),
    "atanh": _F_F_FAILS,
    "cbrt": _F_F,
    "cos": _F_F_FAILS,
    "cosh": _F_F_FAILS,
    "erf": _F_F,
    "erfc": _F_F,
    "exp": _F_F_FAILS,
    "exp2": _F_F_FAILS,
    "expm1": _F_F_FAILS,
    "gamma": _F_F_FAILS,
    "lgamma": _F_F_FAILS,
    "log": _F_F_FAILS,  # of ints: of the nearest float
    "log10": _F_F_FAILS,
    "log1p": _F_F_FAILS,
    "log2": _F_F_FAILS,
    "sin": _F_F_FAILS,
    "sinh": _F_F_FAILS,
    "tan": _F_F_FAILS,
    "tanh": _F_F,
    "log_base": Signature("ff", "f", fails=True),  # log(x, base) = log(x) / log(base)
    "pow": Signature("ff", "f", fails=True),  # math.pow: values of pow_float, 0 ** negative DOMAIN
    # Exact.
    "copysign": Signature("ff", "f"),
    "degrees": _F_F,  # x * (180 / pi)
    "fabs": _F_F,
    "fmod": Signature("ff", "f", fails=True),
    "frexp": Signature("f", "fi"),
    "isclose": Signature("ffff", "b", fails=True),  # a, b, rel_tol, abs_tol
    "isfinite": Signature("f", "b"),
    "isinf": Signature("f", "b"),
    "isnan": Signature("f", "b"),
    "ldexp": Signature("fi", "f", fails=True),
    "modf": Signature("f", "ff"),
    "nextafter": Signature("ff", "f"),
    "radians": _F_F,  # x * (pi / 180)
    "remainder": Signature("ff", "f", fails=True),
    "sqrt": _F_F_FAILS,
    "ulp": _F_F,
    # sqrt(x * x + y * y), scaled by a power of two where that would overflow or lose bits; within
    # one unit in the last place. Of one argument fabs, of none 0.0; of more it folds from the
    # left: hypot(hypot(x, y), z). dist(p, q) is hypot of the differences in order.
    "hypot": Signature("ff", "f"),
}

_DRAW: Final = "iiii"
"""tick_key (word of the table), id of the entity, TRAITS + slot, n of the draw."""

DRAWS: Final = {
    # 64 random bits as int64, see `random_streams.draw_bits`.
    "draw_bits": Signature(_DRAW, "i"),
    # random(): the upper 53 bits of them, times 2 ** -53.
    "draw_unit": Signature(_DRAW, "f"),
    # floor(bits * width / 2 ** 64) with the bits unsigned: from 0 to width - 1. width <= 0: DOMAIN.
    "draw_below": Signature(_DRAW + "i", "i", fails=True),
    # Two draws, n and n + 1: mu + sigma * (sqrt(-2 * log(1 - u)) * cos(2 * pi * v)).
    "draw_gauss": Signature(_DRAW + "ff", "f"),
}
"""Functions of one draw and what `random` makes of them, here and in both tiers, u being
`draw_unit` and below `draw_below`. One draw each but where said; n grows by what is used, and an
argument that is refused uses none.
- random(): u. uniform(a, b): a + (b - a) * u.
- randrange(a, b, step): a + step * below(count), count as of range; randint(a, b):
  a + below(b - a + 1). Empty is DOMAIN. The width must fit 63 bits, else OVERFLOW.
- choice(s): s[below(len(s))]; empty is LOOKUP.
- choices(s, k=k): choice k times. With weights: total = last of the sums from the left, and for
  each the first place whose sum is above u * total, at most the last. Total not above 0 or not
  finite is DOMAIN; k draws.
- shuffle(s): for i from len(s) - 1 down to 1: swap s[i] and s[below(i + 1)]. len(s) - 1 draws.
- sample(s, k): pool = list(s); for i from 0 to k - 1: j = below(n - i), take pool[j], then
  pool[j] = pool[n - i - 1]. k draws; k < 0 or k > n is DOMAIN.
- gauss(mu, sigma), normalvariate: `draw_gauss`, two draws. lognormvariate: exp of it.
- expovariate(l): -log(1 - u) / l. triangular(low, high, mode): with c = (mode - low) / (high -
  low), 0.5 without mode: if u > c then u, c, low, high = 1 - u, 1 - c, high, low; low + (high -
  low) * sqrt(u * c); low if high == low. paretovariate(a): (1 - u) ** (-1 / a).
  weibullvariate(a, b): a * (-log(1 - u)) ** (1 / b).
- getrandbits(k): the upper k of the 64 bits, 0 <= k <= 63, else OVERFLOW or DOMAIN.
"""

SEARCHES: Final = {
    # (table, out, slot, x, y, radius) and without slot, see `neighbours.py`: count, within.
    "nearby_entities": Signature("iiifff", "ii"),
    "nearby_resources": Signature("iifff", "ii"),
    # (table, x, y, reach): number of the place, -1 for none.
    "nearest_food": Signature("ifff", "i"),
}

SIGNATURES: Final[dict[str, Signature]] = {
    **INTEGERS,
    **MIXED,
    **FLOATS,
    **FUNCTIONS,
    **DRAWS,
    **SEARCHES,
}

"""Arithmetic of traits, one meaning for both tiers: the forms that machine code calls.

Owns: the names of `signatures.py` as functions for numba code. Does not own: their meaning
(`signatures.py`), their bodies (`*_arithmetic.py`, `functions.py`, `draws.py`, `in_place.py`),
giving symbols an address (`linked.py`).

Called from compiled code only, with the types of the table (float64, int64; numba converts ints
where a float is taken):

    value, status = numerics.log(x)     # `fails`: status int64, 0 or a status of contract.py
    value = numerics.atan2(y, x)        # cannot fail
    fraction, exponent = numerics.frexp(x)

Those of `in_place.py` are a few instructions where they stand. All others are calls, by symbol, of
machine code that is compiled once. So `linked.link()` must have been called in the process before
code that calls them is compiled, or loaded from a cache: the process dies at a symbol without an
address. It takes milliseconds, and nothing when it was called before.

For Python the same functions with the same arguments are in `linked.calls()`; they raise.
"""

from zones.traits import in_place
from zones.traits.machine import Operation
from zones.traits.signatures import SIGNATURES


def _by_symbol(name: str) -> Operation:
    return Operation(name, SIGNATURES[name])


add_int = in_place.add_int
sub_int = in_place.sub_int
mul_int = in_place.mul_int
neg_int = in_place.neg_int
abs_int = in_place.abs_int
floordiv_int = _by_symbol("floordiv_int")
mod_int = _by_symbol("mod_int")
truediv_int = _by_symbol("truediv_int")
pow_int = _by_symbol("pow_int")
lshift_int = _by_symbol("lshift_int")
rshift_int = _by_symbol("rshift_int")
round_int = _by_symbol("round_int")
comb = _by_symbol("comb")
factorial = _by_symbol("factorial")
gcd = _by_symbol("gcd")
isqrt = _by_symbol("isqrt")
lcm = _by_symbol("lcm")
perm = _by_symbol("perm")

eq_int_float = _by_symbol("eq_int_float")
lt_int_float = _by_symbol("lt_int_float")
le_int_float = _by_symbol("le_int_float")
gt_int_float = _by_symbol("gt_int_float")
ge_int_float = _by_symbol("ge_int_float")
int_of_float = _by_symbol("int_of_float")
floor = _by_symbol("floor")
ceil = _by_symbol("ceil")
trunc = _by_symbol("trunc")
round_float = _by_symbol("round_float")
float_of_int = in_place.float_of_int

div_float = in_place.div_float
floordiv_float = _by_symbol("floordiv_float")
mod_float = _by_symbol("mod_float")
pow_float = _by_symbol("pow_float")
square = in_place.square
round_digits = _by_symbol("round_digits")
canonical = in_place.canonical

acos = _by_symbol("acos")
acosh = _by_symbol("acosh")
asin = _by_symbol("asin")
asinh = _by_symbol("asinh")
atan = _by_symbol("atan")
atan2 = _by_symbol("atan2")
atanh = _by_symbol("atanh")
cbrt = _by_symbol("cbrt")
cos = _by_symbol("cos")
cosh = _by_symbol("cosh")
erf = _by_symbol("erf")
erfc = _by_symbol("erfc")
exp = _by_symbol("exp")
exp2 = _by_symbol("exp2")
expm1 = _by_symbol("expm1")
gamma = _by_symbol("gamma")
lgamma = _by_symbol("lgamma")
log = _by_symbol("log")
log10 = _by_symbol("log10")
log1p = _by_symbol("log1p")
log2 = _by_symbol("log2")
sin = _by_symbol("sin")
sinh = _by_symbol("sinh")
tan = _by_symbol("tan")
tanh = _by_symbol("tanh")
log_base = _by_symbol("log_base")
pow = _by_symbol("pow")
copysign = _by_symbol("copysign")
degrees = in_place.degrees
fabs = in_place.fabs
fmod = _by_symbol("fmod")
frexp = _by_symbol("frexp")
isclose = _by_symbol("isclose")
isfinite = in_place.isfinite
isinf = in_place.isinf
isnan = in_place.isnan
ldexp = _by_symbol("ldexp")
modf = _by_symbol("modf")
nextafter = _by_symbol("nextafter")
radians = in_place.radians
remainder = _by_symbol("remainder")
sqrt = in_place.sqrt
ulp = _by_symbol("ulp")
hypot = _by_symbol("hypot")

draw_bits = _by_symbol("draw_bits")
draw_unit = _by_symbol("draw_unit")
draw_below = _by_symbol("draw_below")
draw_gauss = _by_symbol("draw_gauss")

"""Arithmetic of traits, one meaning for both tiers: the forms that machine code calls.

Owns: the names of `signatures.py` as functions for numba code. Does not own: their meaning
(`signatures.py`), their bodies (`zones/traits/bodies_*.py`), the forms for Python
(`numerics_calls.py`).

Called from compiled code only, with exactly the types of the table (float64, int64):

    value, status = numerics.log(x)     # `fails`: status int64, 0 or a status of contract.py
    value = numerics.atan2(y, x)        # cannot fail
    fraction, exponent = numerics.frexp(x)

The small ones (add_int, sub_int, mul_int, neg_int, abs_int, div_float, sqrt, fabs, the
comparisons, float_of_int, isnan, isinf, isfinite) are a few instructions in place. All others are
calls of machine code that is compiled once, by symbol: `link()` must have been called in the
process before code that calls them is loaded or compiled (milliseconds; again: nothing).
"""

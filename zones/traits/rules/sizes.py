"""What is evidently too large or without end, seen without running it.

Owns: literal powers, shifts, repeats, ranges, and loops that nothing leaves. Does not own: the
same with numbers known only when it runs: both tiers meter and bound that. Pure.
"""

import ast
import math
from collections.abc import Callable
from typing import Final

from zones.traits.contract import LENGTH_MAX
from zones.traits.rules.refusing import refuse

RANGE_MAX: Final = 10_000_000
INT_MAX: Final = 2**63 - 1
_BITS: Final = 64
_PADDING: Final = frozenset(("ljust", "rjust", "center", "zfill", "expandtabs"))
_FACTORIAL_MAX: Final = 170

Known = Callable[[ast.AST], int | float | str | None]


def check_constant(node: ast.Constant, negative: bool) -> None:
    """Refuse literals that no trait computes with.

    Args:
        negative: a minus stands before it.

    Raises:
        Refusal: rule "constant".
    """
    value = node.value
    if isinstance(value, bytes):
        raise refuse("constant", node, "there are no bytes in a trait: use text or a list")
    if isinstance(value, complex):
        raise refuse("constant", node, "there are no complex numbers in a trait: use two floats")
    if isinstance(value, int) and value > INT_MAX + negative:
        raise refuse("constant", node, "integers have 64 bits: this one is larger")


def number(node: ast.AST, known: Known) -> int | float | None:
    """Return the value of simple arithmetic on literals, or None where it is not known or huge."""
    value = known(node)
    if isinstance(value, int | float):
        return value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        operand = number(node.operand, known)
        return None if operand is None else -operand
    if isinstance(node, ast.BinOp):
        left, right = number(node.left, known), number(node.right, known)
        if left is None or right is None:
            return None
        return _combined(node.op, left, right)
    return None


def _combined(op: ast.operator, left: int | float, right: int | float) -> int | float | None:
    if isinstance(op, ast.Pow):
        try:
            power = math.pow(left, right)
        except (OverflowError, ValueError):
            return math.inf if abs(left) > 1 and right > 0 else None
        return int(power) if isinstance(left, int) and right >= 0 and power < 2**53 else power
    if isinstance(op, ast.Mult):
        return float(left) * float(right) if abs(left) > 2**53 else left * right
    if isinstance(op, ast.Add):
        return left + right
    if isinstance(op, ast.Sub):
        return left - right
    if isinstance(op, ast.LShift) and isinstance(left, int) and isinstance(right, int):
        return left << right if 0 <= right < _BITS and abs(left) <= 2**_BITS else math.inf
    return None


def check_operator(node: ast.BinOp | ast.AugAssign, known: Known) -> None:
    """Refuse powers, shifts and repeats that are too large on sight.

    Raises:
        Refusal: rule "too-large".
    """
    left, right = (
        (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
    )
    if isinstance(node.op, ast.LShift):
        shift = number(right, known)
        if shift is not None and shift >= _BITS:
            raise refuse("too-large", node, "integers have 64 bits: this shift is larger")
    elif isinstance(node.op, ast.Pow):
        base, power = number(left, known), number(right, known)
        if base is None or power is None or abs(base) < 2 or power <= 0:
            return
        if _is_whole(left, known) and math.log2(abs(base)) * power > _BITS:
            raise refuse("too-large", node, "integers have 64 bits: this power is larger")
    elif isinstance(node.op, ast.Mult):
        for items, times in ((left, right), (right, left)):
            count = number(times, known)
            if count is not None and _length(items, known) * max(count, 0) > LENGTH_MAX:
                raise refuse("too-large", node, f"a list or text has at most {LENGTH_MAX} items")


def _is_whole(node: ast.AST, known: Known) -> bool:
    """Tell whether arithmetic on literals stays with integers."""
    if isinstance(node, ast.BinOp):
        whole = not isinstance(node.op, ast.Div)
        return whole and _is_whole(node.left, known) and _is_whole(node.right, known)
    if isinstance(node, ast.UnaryOp):
        return _is_whole(node.operand, known)
    return isinstance(known(node), int)


def _length(node: ast.AST, known: Known) -> int:
    value = known(node)
    if isinstance(value, str):
        return len(value)
    if isinstance(node, ast.List | ast.Tuple):
        return len(node.elts)
    return 1 if isinstance(node, ast.JoinedStr | ast.ListComp) else 0


def check_call(word: str, node: ast.Call, known: Known) -> None:
    """Refuse calls that count or pad too far on sight.

    Args:
        word: the last name of what is called.

    Raises:
        Refusal: rule "too-large".
    """
    counts = [number(each, known) for each in node.args]
    if word == "range" and counts and counts[0] is not None:
        steps = _steps([each for each in counts if each is not None])
        if len([each for each in counts if each is not None]) == len(counts) and steps > RANGE_MAX:
            raise refuse("too-large", node, f"a range has at most {RANGE_MAX} steps")
    elif word in _PADDING and counts and (counts[0] or 0) > LENGTH_MAX:
        raise refuse("too-large", node, f"a text has at most {LENGTH_MAX} characters")
    elif word == "factorial" and counts and (counts[0] or 0) > _FACTORIAL_MAX:
        raise refuse("too-large", node, "integers have 64 bits: this factorial is larger")


def _steps(counts: list[int | float]) -> float:
    if len(counts) == 1:
        return counts[0]
    step = counts[2] if len(counts) > 2 else 1
    return (counts[1] - counts[0]) / step if step else 0


def check_endless(node: ast.While, around: list[ast.AST]) -> None:
    """Refuse a loop that tests nothing and that nothing leaves.

    Args:
        around: the nodes around it; a try is one that its end by an exception is waited for.

    Raises:
        Refusal: rule "endless".
    """
    if any(isinstance(each, ast.Try) for each in around):
        return
    if isinstance(node.test, ast.Constant) and node.test.value and not _leaves(node.body, True):
        raise refuse("endless", node, "this loop has no end: give it a condition or a break")


def _leaves(body: list[ast.stmt], own: bool) -> bool:
    """Tell whether anything may leave the loop: a break of its own, or a way out of the function.

    Calls and subscripts may raise, too; who relies on that has a try around the loop.
    """
    waiting: list[tuple[ast.AST, bool]] = [(each, own) for each in body]
    while waiting:
        node, is_own = waiting.pop()
        if isinstance(node, ast.Return | ast.Raise | ast.Yield | ast.YieldFrom | ast.Assert):
            return True
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "next"
        ):
            return True
        if isinstance(node, ast.Break) and is_own:
            return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.For | ast.While):
            waiting += [(each, False) for each in node.body]
            waiting += [(each, is_own) for each in node.orelse]
            continue
        waiting += [(each, is_own) for each in ast.iter_child_nodes(node)]
    return False

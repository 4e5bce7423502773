"""The offline Reviewer: does a source do what its plan is about, and nothing that a trial misses?

Owns: the rules of that, their reasons. Does not own: the trait contract (`zones/traits`), which the
trial holds every source to. Pure: it reads the syntax tree and runs nothing.

Rules are about what a short trial does not see: what grows from tick to tick, what takes longer
where more live, and what cannot help the promised metric at all.
"""

import ast
from collections.abc import Iterator
from typing import Final

from zones.agents.thoughts import Draft, Plan, Review

SOURCE_CHARS_MAX: Final = 20_000
SPEED_MAX: Final = 10.0
"""Length per tick: whoever goes faster with a body kills by collisions what it meets."""
SEARCHES: Final = frozenset({"nearby_entities", "nearby_resources"})
_LOOPS: Final = (
    ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
_GROWTH: Final = (ast.Add, ast.Mult, ast.Pow)
_GROWING: Final = frozenset({"radius", "max_energy", "vx", "vy"})
_FEEDING: Final = frozenset({"eat", "move", "vx", "vy", "x", "y", "radius", "max_energy"})
_BEARING: Final = frozenset({"max_energy", "energy", "eat", "move", "vx", "vy", "x", "y", "radius"})
NEEDED: Final = {
    **dict.fromkeys(("starved", "starvation", "energy", "mean_energy"), _FEEDING),
    **dict.fromkeys(("population", "mean_population", "births", "deaths"), _BEARING),
    "collided": frozenset({"vx", "vy", "x", "y", "move", "radius"}),
    "aged": _BEARING,
    "lineages": _BEARING,
}
"""Of these deeds one at least must be in a trait that is to change the metric."""


def review(plan: Plan, draft: Draft) -> Review:
    """Return the verdict on a draft; the first rule that it breaks is the reason."""
    if len(draft.source) > SOURCE_CHARS_MAX:
        return Review(False, f"the source has more than {SOURCE_CHARS_MAX} characters")
    try:
        tree = ast.parse(draft.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Review(False, f"the source cannot be read: {type(error).__name__}")
    for reason in (*_wrong_class(tree, plan), *_useless(tree, plan), *_dangerous(tree)):
        return Review(False, reason)
    return Review(True, f"{plan.target_class} does what the plan asks for: {_deeds_told(tree)}")


def _wrong_class(tree: ast.Module, plan: Plan) -> Iterator[str]:
    traits = [
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef) and any(_name(base) == "Trait" for base in node.bases)
    ]
    if len(traits) != 1:
        yield f"the source has {len(traits)} traits, the plan wants one"
    elif traits[0] != plan.target_class:
        yield f"the trait is called {traits[0]}, the plan wants {plan.target_class}"


def _useless(tree: ast.Module, plan: Plan) -> Iterator[str]:
    deeds = _deeds(tree)
    needed = NEEDED.get(plan.metric, _BEARING)
    if not deeds:
        yield "the trait does nothing to its entity"
    elif not deeds & needed:
        yield (
            f"nothing it does ({', '.join(sorted(deeds))}) can change {plan.metric}; "
            f"needed is one of {', '.join(sorted(needed))}"
        )


def _dangerous(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.While):
            yield f"line {line}: a while loop may run until its fuel is used up"
        if isinstance(node, _LOOPS):
            yield from _nested(node)
        if isinstance(node, ast.AugAssign) and isinstance(node.op, _GROWTH):
            grown = _field(node.target)
            yield from [f"line {line}: {grown} grows without a limit"] * (grown in _GROWING)
        if isinstance(node, ast.Assign):
            yield from _assigned(node)


def _nested(loop: ast.AST) -> Iterator[str]:
    """Yield what grows with the square of how many live."""
    for node in ast.walk(loop):
        if node is loop or not isinstance(node, ast.Call):
            continue
        first = loop.iter if isinstance(loop, ast.For) else None
        inside_head = first is not None and any(each is node for each in ast.walk(first))
        if _method(node) in SEARCHES and isinstance(loop, ast.For) and not inside_head:
            yield f"line {node.lineno}: {_method(node)} in a loop: its cost grows with the crowd"


def _assigned(node: ast.Assign) -> Iterator[str]:
    for target in node.targets:
        name = _field(target)
        if name not in _GROWING:
            continue
        value = node.value
        reads_itself = any(_field(each) == name for each in ast.walk(value))
        is_bounded = any(
            isinstance(e, ast.Call) and _name(e.func) == "min" for e in ast.walk(value)
        )
        grows = isinstance(value, ast.BinOp) and isinstance(value.op, _GROWTH)
        if name in ("radius", "max_energy") and reads_itself and grows and not is_bounded:
            yield f"line {node.lineno}: {name} grows from tick to tick without a limit"
        if name in ("vx", "vy"):
            speed = _constant_speed(value)
            if speed > SPEED_MAX:
                yield (
                    f"line {node.lineno}: {name} is set to {speed:g}, more than {SPEED_MAX:g} a "
                    "tick: it would kill by collisions"
                )


def _constant_speed(value: ast.expr) -> float:
    """Return the plain number that a velocity is, or is multiplied by."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
        return max(_constant_speed(value.left), _constant_speed(value.right))
    if isinstance(value, ast.UnaryOp):
        return _constant_speed(value.operand)
    if isinstance(value, ast.Constant) and isinstance(value.value, int | float):
        return abs(float(value.value))
    return 0.0


def _deeds(tree: ast.Module) -> frozenset[str]:
    """Return what a source does to an entity: fields it sets, methods it calls."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _field(node):
            found.add(node.attr)
        if isinstance(node, ast.Call) and _method(node) in ("eat", "move"):
            found.add(_method(node))
    return frozenset(found)


def _deeds_told(tree: ast.Module) -> str:
    return f"it acts by {', '.join(sorted(_deeds(tree)))}"


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _field(node: ast.AST) -> str:
    """Return the field of an entity that a node names; of `self` it is none."""
    if not isinstance(node, ast.Attribute):
        return ""
    is_own = isinstance(node.value, ast.Name) and node.value.id == "self"
    return "" if is_own else node.attr


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""

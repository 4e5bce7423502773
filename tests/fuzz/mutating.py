"""Small changes to traits: of their trees, of their words, of their bytes.

Owns: the changes. Does not own: what is done with the changed source. Changes of a tree keep it
correct Python; changes of words and bytes need not.
"""

import ast
import copy
import random
import re

from tests.fuzz.expressions import MATH_1, READ_FLOATS
from zones.traits.contract import SOURCE_BYTES_MAX

CHANGES_MAX = 6
OPERATORS: tuple[type[ast.operator], ...] = (
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow),
    *(ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift),
)
COMPARISONS: tuple[type[ast.cmpop], ...] = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
NUMBERS = (
    *(0, 1, -1, 2, 3, 7, 31, 63, 64, 255, 1 << 31, (1 << 63) - 1, 1 - (1 << 63), -(1 << 63)),
    *(0.0, -0.0, 0.5, -2.25, 1e-3, 1e9, 1e16, 1e300, -1e308, 5e-324, 9.3e18),
)
TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
HOSTILE = (
    *("__class__", "__import__('os')", ".__globals__", ".gi_frame", "exec", "eval", "getattr"),
    *("import os", "from os import path", "lambda: 0", "await entity", "yield", "yield from x"),
    *("*", "**", "@", ":=", "->", "...", "match x:\n    case", "'{0.__class__}'.format(x)"),
    *("f'{x!r:>{w}}'", "async def", "class A(metaclass=M):", "global x", "nonlocal x", "del x"),
    *("try:", "except*", "9" * 70, "(" * 30, "[" * 45, "~" * 50, "not " * 40, "\\", "\t", "\f"),
    *("\x00", "\u202e", "\u00e9", "\ufb01", "'", '"""', "#", "# -*- coding: utf-7 -*-\n", "\r"),
    *("\n", "    ", ";", "if x: pass\n", "range(10**9)", "'a' * 10**9", "10**10**10", "1 << 10**9"),
    *("sum(x for x in x)", "while True: pass", "type(x)", "type('a', (), {})", "self.__dict__"),
    *("super().__init__()", "_molt", "__debug__", "from dataclasses import dataclass as d", "@d"),
    *("def f(a, /, b, *, c=1, **k):", "case A(x=y):"),
)  # fmt: skip
"""Pieces that hostile sources are made of, and ends of what is allowed."""


def mutate_tree(source: str, dice: random.Random) -> str:
    """Return a source with one to `CHANGES_MAX` changes in its tree."""
    tree = ast.parse(source)
    for _ in range(dice.randint(1, CHANGES_MAX)):
        dice.choice(TREE_CHANGES)(tree, dice)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def mutate_text(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """Return bytes with one to `CHANGES_MAX` changes of words or bytes.

    Args:
        other: a source to take pieces from.
    """
    for _ in range(dice.randint(1, CHANGES_MAX)):
        data = dice.choice((_words, _words, _words, _lines, _octets))(data, other, dice)
    return data[: 2 * SOURCE_BYTES_MAX]


def _nodes(tree: ast.Module, *kinds: type[ast.AST]) -> list[ast.AST]:
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def _swap_operator(tree: ast.Module, dice: random.Random) -> None:
    nodes = _nodes(tree, ast.BinOp, ast.AugAssign)
    if nodes:
        dice.choice(nodes).op = dice.choice(OPERATORS)()


def _swap_comparison(tree: ast.Module, dice: random.Random) -> None:
    nodes = _nodes(tree, ast.Compare)
    if nodes:
        node = dice.choice(nodes)
        node.ops[dice.randrange(len(node.ops))] = dice.choice(COMPARISONS)()


def _change_number(tree: ast.Module, dice: random.Random) -> None:
    nodes = [node for node in _nodes(tree, ast.Constant) if type(node.value) in {int, float}]
    if nodes:
        node = dice.choice(nodes)
        node.value = dice.choice(
            (dice.choice(NUMBERS), -node.value, node.value + 1, node.value * 2, float(node.value))
        )


def _change_field(tree: ast.Module, dice: random.Random) -> None:
    nodes = [node for node in _nodes(tree, ast.Attribute) if node.attr in READ_FLOATS]
    if nodes:
        dice.choice(nodes).attr = dice.choice(READ_FLOATS)


def _change_function(tree: ast.Module, dice: random.Random) -> None:
    nodes = [node for node in _nodes(tree, ast.Attribute) if node.attr in MATH_1]
    if nodes:
        dice.choice(nodes).attr = dice.choice(MATH_1)


def _wrap(tree: ast.Module, dice: random.Random) -> None:
    """Put a call, a sign or a choice around an expression."""
    nodes = _nodes(tree, ast.BinOp, ast.AugAssign, ast.Assign, ast.Return)
    if not nodes:
        return
    node = dice.choice(nodes)
    name = "right" if isinstance(node, ast.BinOp) else "value"
    inner = getattr(node, name)
    if inner is None:
        return
    text = dice.choice(("int({})", "float({})", "abs({})", "-({})", "round({})", "({}) or 1",
                        "bool({})", "max({}, 0)", "({}) if entity.age % 2 else 3"))  # fmt: skip
    setattr(node, name, ast.parse(text.format(ast.unparse(inner)), mode="eval").body)


def _bodies(tree: ast.Module) -> list[list[ast.stmt]]:
    return [
        getattr(node, name)
        for node in ast.walk(tree)
        if not isinstance(node, ast.Module | ast.ClassDef)
        for name in ("body", "orelse")
        if isinstance(getattr(node, name, None), list) and getattr(node, name)
    ]


def _delete_statement(tree: ast.Module, dice: random.Random) -> None:
    bodies = _bodies(tree)
    if bodies:
        body = dice.choice(bodies)
        body.pop(dice.randrange(len(body)))
        body or body.append(ast.Pass())


def _repeat_statement(tree: ast.Module, dice: random.Random) -> None:
    bodies = _bodies(tree)
    if bodies:
        body = dice.choice(bodies)
        at = dice.randrange(len(body))
        body.insert(dice.randint(0, len(body)), copy.deepcopy(body[at]))


def _swap_statements(tree: ast.Module, dice: random.Random) -> None:
    bodies = [body for body in _bodies(tree) if len(body) > 1]
    if bodies:
        body = dice.choice(bodies)
        at = dice.randrange(len(body) - 1)
        body[at], body[at + 1] = body[at + 1], body[at]


def _change_name(tree: ast.Module, dice: random.Random) -> None:
    nodes = [node for node in _nodes(tree, ast.Name) if isinstance(node.ctx, ast.Load)]
    if nodes:
        dice.choice(nodes).id = dice.choice(nodes).id


def _loop(tree: ast.Module, dice: random.Random) -> None:
    """Put a loop or a branch around a statement."""
    bodies = _bodies(tree)
    if bodies:
        body = dice.choice(bodies)
        at = dice.randrange(len(body))
        head = dice.choice(("for _ in range(3)", "while entity.age > 3", "if entity.age % 3"))
        block = ast.parse(f"{head}: pass").body[0]
        block.body = [body[at]]  # type: ignore[attr-defined]
        body[at] = block


TREE_CHANGES = (
    *(_swap_operator, _swap_operator, _swap_comparison, _change_number, _change_number),
    *(_change_field, _change_function, _wrap, _wrap, _delete_statement, _repeat_statement),
    *(_swap_statements, _change_name, _loop),
)


def _words(data: bytes, other: bytes, dice: random.Random) -> bytes:
    tokens = TOKEN.findall(data.decode("utf-8", "replace")) or [""]
    at = dice.randrange(len(tokens))
    taken = TOKEN.findall(other.decode("utf-8", "replace")) or [""]
    from_other = dice.randrange(len(taken))
    way = dice.randrange(6)
    if way == 0:
        tokens[at] = dice.choice(HOSTILE)
    elif way == 1:
        tokens.insert(at, dice.choice(HOSTILE))
    elif way == 2:
        tokens[at] = taken[from_other]
    elif way == 3:
        tokens[at:at] = taken[from_other : from_other + dice.randint(1, 20)]
    elif way == 4:
        del tokens[at : at + dice.randint(1, 8)]
    else:
        tokens[at:at] = tokens[at : at + dice.randint(1, 20)] * dice.choice((1, 1, 2, 40))
    return "".join(tokens).encode("utf-8", "replace")


def _lines(data: bytes, other: bytes, dice: random.Random) -> bytes:
    lines, taken = data.split(b"\n"), other.split(b"\n")
    at, from_other = dice.randrange(len(lines)), dice.randrange(len(taken))
    way = dice.randrange(3)
    if way == 0:
        del lines[at]
    elif way == 1:
        lines[at:at] = taken[from_other : from_other + dice.randint(1, 6)]
    else:
        lines.insert(at, lines[dice.randrange(len(lines))])
    return b"\n".join(lines)


def _octets(data: bytes, other: bytes, dice: random.Random) -> bytes:
    del other
    changed = bytearray(data or b"\n")
    at = dice.randrange(len(changed))
    changed[at : at + dice.randint(0, 2)] = bytes([dice.choice((0, 9, 10, 32, 127, 128, 255))])
    return bytes(changed)

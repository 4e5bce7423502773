"""Makes a source that fails smaller, as long as it fails in the same way.

Owns: what is tried. Does not own: what failing means. Model: Zeller, "Simplifying and isolating
failure-inducing input" (2002), on the statements and expressions of a tree.
"""

import ast
import copy
from collections.abc import Callable, Iterator

EXPRESSIONS_MAX = 400


def shrink(source: str, fails: Callable[[str], bool], tries_max: int) -> str:
    """Return a smaller source that fails, after at most so many tries."""
    tries = 0
    best = ast.unparse(ast.parse(source)) + "\n"
    progress = True
    while progress:
        progress = False
        for smaller in _smaller(best):
            if len(smaller) >= len(best):
                continue
            tries += 1
            if tries > tries_max:
                return best
            if fails(smaller):
                best, progress = smaller, True
                break
    return best


def _smaller(source: str) -> Iterator[str]:
    yield from _without_statements(source)
    yield from _with_parts(source)


def _without_statements(source: str) -> Iterator[str]:
    """Yield the source without each statement, the largest first, or with its block instead."""
    tree = ast.parse(source)
    places = [
        (node_at, name, at)
        for node_at, node in enumerate(ast.walk(tree))
        for name in ("body", "orelse", "handlers", "finalbody")
        if isinstance(getattr(node, name, None), list)
        for at in range(len(getattr(node, name)))
    ]
    nodes = list(ast.walk(tree))
    places.sort(key=lambda place: -_size(getattr(nodes[place[0]], place[1])[place[2]]))
    for node_at, name, at in places:
        for inner in ((), ("body",), ("orelse",)):
            changed = copy.deepcopy(tree)
            body = getattr(list(ast.walk(changed))[node_at], name)
            instead = [piece for part in inner for piece in getattr(body[at], part, [])]
            if inner and not instead:
                continue
            body[at : at + 1] = instead
            if not body and name == "body":
                body.append(ast.Pass())
            text = _text(changed)
            if text:
                yield text


def _with_parts(source: str) -> Iterator[str]:
    """Yield the source with a part of an expression in the place of the whole."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    spots = [
        (at, name, index)
        for at, node in enumerate(nodes)
        for name, value in ast.iter_fields(node)
        for index, item in enumerate(value if isinstance(value, list) else [value])
        if isinstance(item, ast.expr) and not isinstance(item, ast.Constant | ast.Name)
        if isinstance(getattr(item, "ctx", ast.Load()), ast.Load)
    ]
    spots.sort(key=lambda spot: -_size(_item(nodes[spot[0]], spot[1], spot[2])))
    for at, name, index in spots[:EXPRESSIONS_MAX]:
        whole = _item(nodes[at], name, index)
        parts = [part for part in ast.iter_child_nodes(whole) if isinstance(part, ast.expr)]
        for part in [*parts, ast.Constant(1.0), ast.Constant(2)]:
            changed = copy.deepcopy(tree)
            node = list(ast.walk(changed))[at]
            value = getattr(node, name)
            if isinstance(value, list):
                value[index] = copy.deepcopy(part)
            else:
                setattr(node, name, copy.deepcopy(part))
            text = _text(changed)
            if text:
                yield text


def _item(node: ast.AST, name: str, index: int) -> ast.AST:
    value = getattr(node, name)
    item: ast.AST = value[index] if isinstance(value, list) else value
    return item


def _size(node: ast.AST) -> int:
    return sum(1 for _ in ast.walk(node))


def _text(tree: ast.Module) -> str:
    """Return the source of a tree, or "" where it has none."""
    try:
        text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
        ast.parse(text)
    except (ValueError, SyntaxError, AttributeError, TypeError):
        return ""
    return text

"""Statements and patterns that bind names, and loops.

Owns: assignments, loops without end, except clauses, match patterns. Does not own: definitions
(`definitions.py`), expressions (`expressions.py`).
"""

import ast

from zones.traits.rules import sizes
from zones.traits.rules.expressions import check_attribute_name
from zones.traits.rules.refusing import refuse
from zones.traits.rules.walk import Walk


def assign(walk: Walk, node: ast.Assign) -> None:
    """Judge an assignment, its value first."""
    walk.visit(node.value)
    walk.visit_all(node.targets)


def ann_assign(walk: Walk, node: ast.AnnAssign) -> None:
    """Judge an annotated assignment."""
    walk.annotations.check(node.annotation, walk.scope)
    walk.visit_all([node.value, node.target])


def aug_assign(walk: Walk, node: ast.AugAssign) -> None:
    """Judge an augmented assignment."""
    sizes.check_operator(node, walk.known)
    walk.children(node)


def while_(walk: Walk, node: ast.While) -> None:
    """Judge a loop."""
    sizes.check_endless(node, walk.around)
    walk.children(node)


def handler(walk: Walk, node: ast.ExceptHandler) -> None:
    """Judge an except clause."""
    if node.name:
        walk.bind(node.name, node)
    walk.children(node)


def match_name(walk: Walk, node: ast.MatchAs | ast.MatchStar) -> None:
    """Judge a capture."""
    if node.name:
        walk.bind(node.name, node)
    walk.children(node)


def match_mapping(walk: Walk, node: ast.MatchMapping) -> None:
    """Judge a mapping pattern."""
    if node.rest:
        walk.bind(node.rest, node)
    walk.children(node)


def match_class(walk: Walk, node: ast.MatchClass) -> None:
    """Judge a class pattern: it reads attributes by name."""
    if not isinstance(node.cls, ast.Name | ast.Attribute):
        raise refuse("pattern", node, "a pattern names a class")
    for name in node.kwd_attrs:
        check_attribute_name(walk, name, node)
    walk.children(node)

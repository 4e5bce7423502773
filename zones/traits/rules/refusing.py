"""One way to refuse a node.

Owns: how a refusal gets its line. Does not own: any rule.
"""

import ast

from zones.traits.verdict import Refusal

SHOWN_MAX = 40


def refuse(rule: str, node: ast.AST, reason: str) -> Refusal:
    """Return the refusal of a node, to be raised."""
    return Refusal(rule, int(getattr(node, "lineno", 0) or 0), reason)


def shown(name: str) -> str:
    """Return a name as it is quoted in a reason."""
    return f"'{name[:SHOWN_MAX]}'"

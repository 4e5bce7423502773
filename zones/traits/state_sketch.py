"""A sketch of what a trait keeps on `self`, until `state.py` tells it exactly.

Owns: telling volatile from none. Does not own: anything finer.
"""

import ast
from dataclasses import dataclass

from zones.traits.contract import NONE, VOLATILE
from zones.traits.verdict import Attribute


@dataclass(frozen=True, slots=True)
class StateFacts:
    """What a trait keeps. The attributes are those of `verdict.Checked`."""

    state: str
    why_volatile: str = ""
    attributes: tuple[Attribute, ...] = ()
    constants: tuple[str, ...] = ()
    moods: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()


def study(tree: ast.Module, class_def: ast.ClassDef) -> StateFacts:
    """Return volatile if an attribute of anything but the entity may be set outside __init__."""
    for method in class_def.body:
        if not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        stores = [
            node
            for node in ast.walk(method)
            if isinstance(node, ast.Attribute)
            and not isinstance(node.ctx, ast.Load)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        ]
        if stores and method.name != "__init__":
            return StateFacts(VOLATILE, f"it sets self.{stores[0].attr}")
    return StateFacts(NONE)

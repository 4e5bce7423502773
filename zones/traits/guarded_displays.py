"""Guards in the tree, for displays and comprehensions: what is built of many items.

Owns: stars, keys, sets and what a comprehension runs over. Its counters are of `metering.py`.
"""

import ast
from typing import Any

from zones.traits.guarded_stores import Stores
from zones.traits.proofs import PLAIN
from zones.traits.tree_tools import RefusedTree, call


class Displays(Stores):
    """Rewrites displays and comprehensions."""

    def __init__(self) -> None:
        super().__init__()
        self.scopes: list[ast.AST] = []

    def visit_Starred(self, node: ast.Starred) -> Any:
        """Return a star in a call or display, rewritten."""
        return ast.Starred(call("spread", [self.visit(node.value)]), ast.Load())

    def visit_List(self, node: ast.List) -> Any:
        """Return a list, rewritten."""
        return self._display(node)

    def visit_Tuple(self, node: ast.Tuple) -> Any:
        """Return a tuple, rewritten."""
        return self._display(node)

    def _display(self, node: ast.List | ast.Tuple) -> ast.AST:
        starred = any(isinstance(one, ast.Starred) for one in node.elts)
        node.elts = [self.visit(one) for one in node.elts]
        return call("bounded", [node]) if starred else node

    def visit_Set(self, node: ast.Set) -> Any:
        """Return a set, rewritten."""
        items: list[ast.expr] = [self.visit(one) for one in node.elts]
        return call("set_of", [ast.Tuple(items, ast.Load())])

    def visit_SetComp(self, node: ast.SetComp) -> Any:
        """Return a set comprehension, rewritten."""
        listed = ast.ListComp(node.elt, node.generators)
        return call("set_of", [self._comprehension(listed)])

    def visit_Dict(self, node: ast.Dict) -> Any:
        """Return a dict, rewritten."""
        keys: list[ast.expr | None] = []
        for place, key in enumerate(node.keys):
            value = self.visit(node.values[place])
            if key is None:
                value = call("spread_names", [value])
                keys.append(None)
            else:
                plain = self.proofs.kind(key) in PLAIN or isinstance(key, ast.Constant)
                visited = self.visit(key)
                keys.append(visited if plain else call("keyed", [visited]))
            node.values[place] = value
        node.keys = keys
        return call("bounded", [node]) if None in keys else node

    def visit_DictComp(self, node: ast.DictComp) -> Any:
        """Return a dict comprehension, rewritten."""
        plain = self.proofs.kind(node.key) in PLAIN
        self._comprehension(node)
        node.value = self.visit(node.value)
        node.key = node.key if plain else call("keyed", [node.key])
        return node

    def visit_ListComp(self, node: ast.ListComp) -> Any:
        """Return a list comprehension, rewritten."""
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> Any:
        """Return a generator expression, rewritten."""
        return self._comprehension(node)

    def _comprehension(self, node: Any) -> Any:
        outer, self.no_walrus = self.no_walrus, True
        for generator in node.generators:
            if generator.is_async:
                raise RefusedTree(node.lineno, "no asynchronous comprehension")
            generator.iter = self.visit(generator.iter)
            generator.target, generator.iter = self.loop_target(generator.target, generator.iter)
        self.no_walrus = outer or isinstance(self.scopes[-1] if self.scopes else None, ast.ClassDef)
        for generator in node.generators:
            generator.ifs = [self.visit(one) for one in generator.ifs]
        for field in ("elt", "key"):
            if hasattr(node, field):
                setattr(node, field, self.visit(getattr(node, field)))
        self.no_walrus = outer
        return node

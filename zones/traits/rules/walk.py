"""Where a walk over a tree is, and how it goes on.

Owns: the nodes around the one that is judged, its scope, function and class; handing each node to
who judges its kind. Does not own: any rule.
"""

import ast
from collections.abc import Callable, Mapping
from typing import Any

from zones.traits.rules import naming
from zones.traits.rules.annotations import Annotations
from zones.traits.rules.facts import Facts, constant
from zones.traits.rules.refusing import refuse
from zones.traits.rules.scopes import Scope

Handler = Callable[["Walk", Any], None]


class Walk:
    """One walk over a tree, with where it is.

    Args:
        handlers: kind of node -> who judges it; a kind that is missing is refused.
        advice: what to write instead of some of those.
        visit_type: judges a name or attribute within an annotation.
        loose: unknown names may stand in annotations, which are never evaluated.

    Attributes:
        around: the nodes from the top to the one that is judged.
        scope: in which names are bound and read.
        classes: names of the classes around, the innermost last.
        members: names of the coroutines of the class around.
        function: the innermost function or lambda around, None in none.
    """

    def __init__(
        self,
        facts: Facts,
        handlers: Mapping[type[ast.AST], Handler],
        advice: Mapping[type[ast.AST], str],
        visit_type: Handler,
        loose: bool,
    ) -> None:
        self.facts = facts
        self._handlers = handlers
        self._advice = advice
        self._visit_type = visit_type
        self.scope: Scope = facts.scopes.top
        self.around: list[ast.AST] = []
        self.classes: tuple[str, ...] = ()
        self.members: set[str] = set()
        self.function: ast.AST | None = None
        self.annotations = Annotations(facts, loose, self._visit_in)

    def visit(self, node: ast.AST) -> None:
        """Judge a node and all below it.

        Raises:
            Refusal: rule "form" for a kind of node that is not taken; else as its handler says.
        """
        handler = self._handlers.get(type(node))
        if handler is None:
            advice = self._advice.get(type(node), "it has no place in a trait")
            raise refuse("form", node, f"{type(node).__name__} is not taken: {advice}")
        self.around.append(node)
        handler(self, node)
        self.around.pop()

    def visit_all(self, nodes: list[Any]) -> None:
        """Judge nodes in their order; None stands for a part that is left out."""
        for node in nodes:
            if node is not None:
                self.visit(node)

    def children(self, node: ast.AST) -> None:
        """Judge what lies right below a node."""
        for child in ast.iter_child_nodes(node):
            self.visit(child)

    def nothing(self, node: ast.AST) -> None:
        """Take a node that holds nothing."""

    @property
    def parent(self) -> ast.AST:
        """The node above the one being judged."""
        return self.around[-2] if len(self.around) > 1 else self.facts.scopes.top.node

    def is_called(self, node: ast.AST) -> bool:
        """Tell whether the node being judged is what its parent calls."""
        return isinstance(self.parent, ast.Call) and self.parent.func is node

    def known(self, node: ast.AST) -> int | float | str | None:
        """Return the value of a literal or constant."""
        return constant(self.facts, node, self.scope)

    def bind(self, name: str, node: ast.AST) -> None:
        """Judge that a name is bound here."""
        naming.check_binding(name, node, self.scope, self.classes)

    def _visit_in(self, node: ast.expr, scope: Scope) -> None:
        before, self.scope = self.scope, scope
        self.around.append(node)
        self._visit_type(self, node)
        self.around.pop()
        self.scope = before

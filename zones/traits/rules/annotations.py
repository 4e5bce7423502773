"""What an annotation may be, as code and as text.

Owns: annotations. Does not own: type aliases (plain expressions). An annotation is a type: names,
subscripts, unions and literals. It is never a call, so that it does not matter whether and when it
is evaluated; one that is text must read as such a type, too, and is never evaluated.
"""

import ast
from collections.abc import Callable
from typing import Final

from zones.traits import names
from zones.traits.gate import scan_depth
from zones.traits.rules.facts import Facts
from zones.traits.rules.naming import is_dunder
from zones.traits.rules.refusing import refuse, shown
from zones.traits.rules.scopes import Scope

TEXT_CHARS_MAX: Final = 200
_ADVICE: Final = "an annotation is a type, such as float, Optional[int] or list[str]"


class Annotations:
    """Judge annotations of one source.

    Args:
        facts: of the source.
        loose: unknown names are taken: no annotation is ever evaluated.
        visit: checks a name or attribute as any other expression is checked.
    """

    def __init__(self, facts: Facts, loose: bool, visit: Callable[[ast.expr, Scope], None]) -> None:
        self._facts = facts
        self._loose = loose
        self._visit = visit

    def check(self, node: ast.expr, scope: Scope, where: ast.AST | None = None) -> None:
        """Refuse what is no type.

        Args:
            where: the text that the node was read from.

        Raises:
            Refusal: rule "annotation", or that of a name in it.
        """
        place = where or node
        if isinstance(node, ast.Constant):
            self._constant(node, scope, place)
        elif isinstance(node, ast.Name | ast.Attribute):
            self._name(node, scope, where)
        elif isinstance(node, ast.Subscript):
            self.check(node.value, scope, where)
            self._arguments(node, scope, where)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            self.check(node.left, scope, where)
            self.check(node.right, scope, where)
        elif isinstance(node, ast.Tuple | ast.List):
            for each in node.elts:
                self.check(each, scope, where)
        else:
            raise refuse("annotation", place, _ADVICE)

    def _constant(self, node: ast.Constant, scope: Scope, place: ast.AST) -> None:
        if isinstance(node.value, str):
            if place is not node:
                raise refuse("annotation", place, "text within text is no annotation")
            self.check(_parsed(node.value, place), scope, place)
        elif node.value is not None and node.value is not Ellipsis:
            raise refuse("annotation", place, _ADVICE)

    def _name(self, node: ast.Name | ast.Attribute, scope: Scope, where: ast.AST | None) -> None:
        place = where or node
        if isinstance(node, ast.Name):
            if is_dunder(node.id) or node.id in names.NEVER_BOUND:
                raise refuse("annotation", place, f"{shown(node.id)} is no type")
            known = node.id in names.BUILTINS or scope.resolve(node.id) is not None
            if known or node.id in {"bytes", "complex"} or where is not None or self._loose:
                return
            raise refuse("name", node, f"there is no {shown(node.id)}: annotate with Any or a text")
        if where is not None and not isinstance(node.value, ast.Name | ast.Attribute):
            raise refuse("annotation", place, _ADVICE)
        self._visit(node, scope)

    def _arguments(self, node: ast.Subscript, scope: Scope, where: ast.AST | None) -> None:
        library = self._facts.library(node.value, scope)
        word = library[1] if library is not None else ""
        parts = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if word == "Literal":
            for each in parts:
                self._literal(each, scope, where)
            return
        for index, each in enumerate(parts):
            if word == "Annotated" and index:
                self._literal(each, scope, where)
            else:
                self.check(each, scope, where)

    def _literal(self, node: ast.expr, scope: Scope, where: ast.AST | None) -> None:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            node = node.operand
        if isinstance(node, ast.Attribute):
            self._visit(node, scope)
        elif not isinstance(node, ast.Constant):
            raise refuse("annotation", where or node, "Literal and Annotated take literals")


def _parsed(text: str, place: ast.AST) -> ast.expr:
    if len(text) > TEXT_CHARS_MAX:
        raise refuse("annotation", place, f"an annotation has at most {TEXT_CHARS_MAX} characters")
    scan_depth(text)
    try:
        return ast.parse(text.strip(), mode="eval", feature_version=(3, 11)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise refuse("annotation", place, _ADVICE) from None

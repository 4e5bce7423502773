"""Text that is a small program: format strings and their specifications.

Owns: what a literal format may ask for. Does not own: formats that are no literals (refused where
they are called). Pure. A field may name an argument, never walk from it to an attribute or item;
a width is a small literal number.
"""

import ast
import re
from string import Formatter
from typing import Final

from zones.traits.rules.refusing import refuse

WIDTH_MAX: Final = 255
_DIGITS = re.compile(r"\d+")
_FIELD = re.compile(r"(?!__)\w*")
_PERCENT = re.compile(
    r"%(?:\(\w*\))?[-#0 +]*(?P<width>\*|\d*)(?:\.(?P<precision>\*|\d*))?[hlL]?.", re.S
)


def check_specification(text: str, node: ast.AST) -> None:
    """Refuse a format specification with a large width or with fields of its own.

    Raises:
        Refusal: rule "format".
    """
    if "{" in text or "}" in text:
        raise refuse("format", node, "a width in a format is a literal number")
    if any(len(digits) > 6 or int(digits) > WIDTH_MAX for digits in _DIGITS.findall(text)):
        raise refuse("format", node, f"a width in a format is at most {WIDTH_MAX}")


def check_template(text: str, node: ast.AST) -> None:
    """Refuse a template of `str.format` that does more than put arguments in their places.

    Raises:
        Refusal: rule "format".
    """
    try:
        fields = list(Formatter().parse(text))
    except ValueError as error:
        raise refuse("format", node, f"the format cannot be read: {error}") from None
    for _, name, specification, _ in fields:
        if name is not None and not _FIELD.fullmatch(name):
            raise refuse("format", node, "a field of a format names an argument and nothing of it")
        check_specification(specification or "", node)


def check_percent(text: str, node: ast.AST) -> None:
    """Refuse a template of `%` with a large width, or one taken from the arguments.

    Raises:
        Refusal: rule "format".
    """
    for found in _PERCENT.finditer(text):
        for size in (found["width"], found["precision"] or ""):
            if size == "*":
                raise refuse("format", node, "a width in a format is a literal number")
            check_specification(size, node)


def check_joined(node: ast.JoinedStr) -> None:
    """Refuse an f-string whose specifications are not literal.

    Raises:
        Refusal: rule "format".
    """
    for value in node.values:
        if not isinstance(value, ast.FormattedValue) or value.format_spec is None:
            continue
        parts = value.format_spec.values if isinstance(value.format_spec, ast.JoinedStr) else []
        for part in parts:
            if not isinstance(part, ast.Constant) or not isinstance(part.value, str):
                raise refuse("format", node, "a width in a format is a literal number")
            check_specification(part.value, node)

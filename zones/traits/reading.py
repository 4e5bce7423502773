"""From the bytes of a source to a checked tree.

Owns: the order gate, parser, validator, compiler's own checks, state. Does not own: each of them.
In process: whoever is handed bytes of a stranger isolates it first (`screening.py`).
"""

import ast
import hashlib
import unicodedata
import warnings
from types import ModuleType
from typing import Final

from zones.traits.gate import read_text
from zones.traits.state import study
from zones.traits.validator import check_tree
from zones.traits.verdict import Checked, Refusal

FEATURES = (3, 11)
"""The grammar that sources are written in, whatever Python runs them."""

PARSER_NEEDS: Final[tuple[ModuleType, ...]] = (unicodedata,)
"""Loaded here, since the parser asks for it at the first name or escape beyond ASCII: in a child
that may open nothing any more."""


def check_source(data: bytes) -> Checked:
    """Return the checked tree of a source, with what it keeps on `self`.

    Raises:
        Refusal: the source breaks a rule.
    """
    text = read_text(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = _parsed(text)
        try:
            class_def = check_tree(tree)
            facts = study(tree, class_def)
            _compile(tree)
        except RecursionError:
            raise Refusal("depth", 0, "parts lie too deep within each other") from None
    return Checked(
        name=class_def.name,
        source=text,
        code_hash=hashlib.sha256(data).hexdigest(),
        tree=tree,
        state=facts.state,
        why_volatile=facts.why_volatile,
        attributes=facts.attributes,
        constants=facts.constants,
        moods=facts.moods,
        traits=facts.traits,
    )


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text, "trait", feature_version=FEATURES)
    except SyntaxError as error:
        raise Refusal("syntax", error.lineno or 0, error.msg or "this is no Python") from None
    except (MemoryError, RecursionError):
        raise Refusal("depth", 0, "parts lie too deep within each other") from None
    except ValueError as error:
        raise Refusal("syntax", 0, str(error)) from None


def _compile(tree: ast.Module) -> None:
    """Have the compiler find what the grammar lets pass, such as a `break` outside of a loop."""
    try:
        compile(tree, "trait", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise Refusal("syntax", error.lineno or 0, error.msg or "this is no Python") from None
    except (MemoryError, OverflowError, ValueError, TypeError) as error:
        raise Refusal("syntax", 0, f"this cannot be compiled: {type(error).__name__}") from None

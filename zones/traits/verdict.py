"""What is said of a source: accepted, or refused by which rule, where and why.

Owns: the verdict, the refusal that ends a check, what an accepted source is to both tiers.
"""

import ast
from dataclasses import asdict, dataclass
from typing import Any

from Kernel.contract.errors import MoltError

REASON_CHARS_MAX = 300


class Refusal(MoltError):
    """A source breaks a rule.

    Args:
        rule: short name with hyphens, e.g. "import", "name", "attribute", "syntax", "bytes".
        line: from 1; 0 where it is about the whole file.
        reason: for people: what cannot be, and what may be instead.
    """

    def __init__(self, rule: str, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.rule = rule
        self.line = line
        self.reason = reason[:REASON_CHARS_MAX]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One number of `self` that is carried in the trait memory.

    Args:
        kind: "float", "int" or "bool".
    """

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Checked:
    """An accepted source, parsed once: both tiers work on copies of this very tree.

    Args:
        name: of the trait's class.
        code_hash: sha256 of the source, hex.
        tree: never changed; who rewrites it takes `copy.deepcopy` first.
        state: none | carried | volatile.
        why_volatile: for people, "" unless volatile.
        attributes: of carried state, in the order of their places in the memory.
        constants: attributes of `self` that __init__ sets once to constants.
        moods: names that are assigned to `state` or compared with, in the order of the source.
        traits: literals that are looked for in `traits`, in the order of the source.
    """

    name: str
    source: str
    code_hash: str
    tree: ast.Module
    state: str
    why_volatile: str = ""
    attributes: tuple[Attribute, ...] = ()
    constants: tuple[str, ...] = ()
    moods: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `molt validate` says of one source.

    Args:
        tier: native | interpreted, "" where refused.
        why_interpreted: for people: what keeps it from the native tier, with its line.
        memory: places of the trait memory that its carried state takes.
    """

    accepted: bool
    rule: str = ""
    line: int = 0
    reason: str = ""
    tier: str = ""
    state: str = ""
    why_interpreted: str = ""
    why_volatile: str = ""
    memory: int = 0
    name: str = ""
    code_hash: str = ""
    moods: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

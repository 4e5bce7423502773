"""What a trait consists of while it is being written: variables, functions, loops, lists.

Owns: their records, and what is known of them from round to round. Does not own: writing code
(`emitter.py`).
"""

import ast
from dataclasses import dataclass, field
from typing import NamedTuple

from zones.traits.native.code import Block
from zones.traits.native.naming import Naming
from zones.traits.native.source import Callee
from zones.traits.native.types import UNKNOWN, Type


class Spot(NamedTuple):
    """A place of the source that code is written for; a node may have several."""

    node: ast.AST
    path: str = ""

    def at(self, step: str | int) -> "Spot":
        """Return a place within it."""
        return Spot(self.node, f"{self.path}/{step}")


@dataclass(slots=True)
class Site:
    """A place of the source that makes a list.

    Args:
        item: type of what is in it.
        adds: how many items each place that adds some can add at most.
        loops: numbers of the loops that it is in.
        touched: code that relies on its type or length has been written in this round.
    """

    item: Type = UNKNOWN
    adds: dict[int, int] = field(default_factory=dict)
    loops: frozenset[int] = frozenset()
    touched: bool = False

    @property
    def length_max(self) -> int:
        """Return how many items it can have."""
        return sum(self.adds.values())


@dataclass(slots=True)
class Variable:
    """A name of a frame, or a value that is needed on two ways.

    Attributes:
        flagged: a bit says whether it is bound, since the source does not.
        touched: code for it has been written in this round.
    """

    type: Type = UNKNOWN
    flagged: bool = False
    touched: bool = False
    slots: tuple[str, ...] = ()
    flag: str = ""


@dataclass(slots=True)
class Rounds:
    """What is known of a trait from the rounds before.

    Attributes:
        texts: numbers of the literals that are values.
        texts_read: code that goes through all of them has been written in this round.
        size: instructions of the rounds so far.
        tuples: what constant lists of the module or a class are read as.
        bound_anew: names that each loop binds anew.
        grown: something has grown behind code that relied on it: another round is needed.
    """

    variables: dict[tuple[int, str], Variable] = field(default_factory=dict)
    sites: dict[int, Site] = field(default_factory=dict)
    numbers: dict[tuple[int, int, str], int] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    texts_read: bool = False
    size: int = 0
    tuples: dict[ast.List, ast.Tuple] = field(default_factory=dict)
    bound_anew: dict[int, set[str]] = field(default_factory=dict)
    reads: dict[ast.expr, ast.expr] = field(default_factory=dict)
    grown: bool = False

    def number(self, frame: int, spot: "Spot", what: str = "") -> int:
        """Return the same number for the same thing in each round."""
        key = (frame, id(spot.node), spot.path + what)
        return self.numbers.setdefault(key, len(self.numbers) + 1)

    def loaded(self, target: ast.Name | ast.Attribute) -> ast.expr:
        """Return the target of an augmented assignment as what is read, the same each time."""
        if target not in self.reads:
            if isinstance(target, ast.Name):
                read: ast.expr = ast.Name(target.id, ast.Load())
            else:
                read = ast.Attribute(target.value, target.attr, ast.Load())
            self.reads[target] = ast.copy_location(read, target)
        return self.reads[target]

    def begin(self) -> None:
        """Forget the code of the last round, not what was learnt."""
        self.grown = False
        self.texts_read = False
        for variable in self.variables.values():
            variable.touched = False
            variable.slots = ()
            variable.flag = ""
        for site in self.sites.values():
            site.touched = False


@dataclass(slots=True)
class Frame:
    """A function that is being written.

    Args:
        outer: where names that are not local are looked for.
        owner: name of its `self`, "" for none.
        is_class: names of the body of the trait's class are seen, too.
        namings: what names stand for where it is left.
        regions: of each loop and try that is being written, names that it has bound anew.
    """

    number: int
    callee: Callee | None
    names: frozenset[str]
    outer: "Frame | None" = None
    owner: str = ""
    result: Variable | None = None
    leave: Block | None = None
    left: list[set[int] | None] = field(default_factory=list)
    is_class: bool = False
    naming: Naming = field(default_factory=Naming)
    namings: list[Naming] = field(default_factory=list)
    regions: list[set[str]] = field(default_factory=list)


@dataclass(slots=True)
class Loop:
    """A loop that is being written.

    Args:
        times_max: it has at most so many rounds; None: nobody knows.
    """

    number: int
    times_max: int | None
    again: Block | None = None
    leave: Block | None = None
    left: list[set[int] | None] = field(default_factory=list)


@dataclass(slots=True)
class Handler:
    """Where an exception goes: the first that catches it, in turn."""

    catches: tuple[str, ...] | None
    block: Block


def both(one: set[int] | None, two: set[int] | None) -> set[int] | None:
    """Return what is bound on both ways; None is a way that nobody goes."""
    if one is None or two is None:
        return two if one is None else one
    return one & two

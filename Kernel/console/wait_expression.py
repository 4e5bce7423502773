"""What `wait --for` may ask: comparisons of facts, joined by "and".

Owns: the grammar and its meaning. Does not own: the facts (the kernel gathers them) nor the
waiting. Pure. Grammar: TERM ("and" TERM)*, TERM = FACT OPERATOR VALUE.
"""

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne

from Kernel.contract.errors import UsageError
from Kernel.contract.quantities import THIN_SPACES, parse_whole

NUMBERS = ("tick", "population", "lineages", "epoch")
"""Facts that are numbers."""
FLAGS = ("paused",)
"""Facts that are true or false."""
ZONE_PREFIX = "zone."
"""Facts that are words: zone.NAME is the state of that zone."""
TEXT_MAX = 512
TERMS_MAX = 8

Fact = int | float | bool | str

_OPERATORS: dict[str, Callable[[Fact, Fact], bool]] = {
    "=": eq,
    "==": eq,
    "!=": ne,
    ">=": ge,
    "<=": le,
    ">": gt,
    "<": lt,
}
_TERM = re.compile(r"\s*([a-z][a-z0-9_.-]*)\s*(==|!=|>=|<=|=|>|<)\s*([^\s=<>!]+)\s*")
_HINT = "molt help wait"


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison of a fact with a value of the same sort."""

    fact: str
    operator: str
    value: Fact

    def holds(self, facts: Mapping[str, Fact]) -> bool:
        """Return whether it is true now; a fact nobody knows yet is not."""
        known = facts.get(self.fact)
        if known is None or isinstance(known, str) != isinstance(self.value, str):
            return False
        return bool(_OPERATORS[self.operator](known, self.value))


@dataclass(frozen=True, slots=True)
class WaitExpression:
    """Something to wait for.

    Args:
        text: as it was asked.
        terms: all of them must hold at once; never empty.
    """

    text: str
    terms: tuple[Term, ...]

    @property
    def zones(self) -> tuple[str, ...]:
        """The names of the zones it asks about."""
        facts = [term.fact for term in self.terms if term.fact.startswith(ZONE_PREFIX)]
        return tuple(fact.removeprefix(ZONE_PREFIX) for fact in facts)

    def holds(self, facts: Mapping[str, Fact]) -> bool:
        """Return whether all terms are true.

        Args:
            facts: "tick", "population", "lineages", "epoch" (numbers), "paused" (bool) and
                "zone.NAME" (the state of that zone) of one and the same moment; not changed.
                Those that are not known may be missing.
        """
        return all(term.holds(facts) for term in self.terms)


def parse_wait(text: str) -> WaitExpression:
    """Return the expression.

    Raises:
        UsageError: it is empty, too long, has an unknown fact or a value of the wrong sort.
    """
    if len(text) > TEXT_MAX:
        raise UsageError(f"cannot wait: expression of {len(text)} characters, limit {TEXT_MAX}")
    parts = re.split(r"\s+and\s+", text.strip())
    if len(parts) > TERMS_MAX:
        raise UsageError(f"cannot wait for {len(parts)} things at once, limit {TERMS_MAX}", _HINT)
    return WaitExpression(text, tuple(_parse_term(part) for part in parts))


def _parse_term(text: str) -> Term:
    match = _TERM.fullmatch(text.translate(THIN_SPACES))
    if match is None:
        raise UsageError(f"cannot wait for {text[:64]!r}: write FACT=VALUE, as in tick=500", _HINT)
    fact, operator, word = match[1], match[2], match[3]
    if fact in NUMBERS:
        # Nobody can be sure to look at the very tick, so "tick=N" means that N is reached.
        reached = fact == "tick" and operator in ("=", "==")
        return Term(fact, ">=" if reached else operator, _number(fact, word))
    if fact in FLAGS:
        _need_equality(fact, operator)
        if word not in ("true", "false"):
            raise UsageError(f"cannot wait for {fact}={word[:32]}: it is true or false", _HINT)
        return Term(fact, operator, word == "true")
    if fact.startswith(ZONE_PREFIX) and len(fact) > len(ZONE_PREFIX):
        _need_equality(fact, operator)
        return Term(fact, operator, word)
    known = ", ".join((*NUMBERS, *FLAGS, "zone.NAME"))
    raise UsageError(f"cannot wait for {fact[:64]!r}: known are {known}", _HINT)


def _number(fact: str, word: str) -> int | float:
    for read in (parse_whole, float):
        with suppress(ValueError):
            value = read(word)
            if math.isfinite(value):
                return value
    raise UsageError(f"cannot wait for {fact} {word[:32]!r}: it is a number", _HINT)


def _need_equality(fact: str, operator: str) -> None:
    if operator not in ("=", "==", "!="):
        raise UsageError(f"cannot wait for {fact[:64]} {operator}: it takes = or !=", _HINT)

"""Mutations as a ledger and a home tell them, whether a kernel runs there or not.

Owns: reading the log into the fold, finding the mutation a word means, its source, the decisions
that led to it. Does not own: the fold (`mutations.py`), searching (`zones/runtime`), words.
"""

from pathlib import Path
from typing import Any, Final

from Kernel.contract.errors import Refused
from Kernel.contract.event_filter import Filter
from zones.agents.mutation import LIVING, Mutation
from zones.agents.mutations import KINDS, PREFIX_MIN, Mutations
from zones.runtime.ledger_causes import caused_by, find_event, tell_story
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.ledger_search import Query, Search
from zones.runtime.trait_store import StoreError, TraitStore, file_name

SHOWN_MAX: Final = 5
DECIDED: Final = "agent.decided"
CHANGED: Final = "world.params_changed"


def read_mutations(search: Search) -> Mutations:
    """Return what became of every mutation, up to the newest event.

    Raises:
        LedgerError: the log cannot be read.
    """
    mutations = Mutations()
    for event in search.forwards(Query(kinds=KINDS)):
        mutations.take(event)
    return mutations


def find_mutation(search: Search, mutations: Mutations, word: str) -> Mutation:
    """Return the mutation a word means.

    An id or its beginning, a name such as Forager_v3, a trait's name (its newest version), the id
    of a plan or trigger (the newest that it led to), or what `molt why` takes.

    Raises:
        Refused: there is none, or several.
        LedgerError: the log cannot be read.
    """
    text = word.strip()
    found = mutations.beginning(text)
    if len(found) > 1:
        several = ", ".join(f"{each.id} ({each.name})" for each in found[:SHOWN_MAX])
        more = " and more" if len(found) > SHOWN_MAX else ""
        raise Refused(
            f"cannot tell which mutation {text[:64]!r} is: {several}{more}",
            f"molt mutation {found[-1].id}",
        )
    # By name it is the newest: of a trait its newest version, of a plan the last that it led to.
    found = found or mutations.versions_of(text, file_name)[-1:] or mutations.called(text)
    if not found and (about := _of_event(search, mutations, text)) is not None:
        found = [about]
    if not found:
        raise Refused(
            f"cannot find mutation {text[:64]!r}: no id begins so with {PREFIX_MIN} characters or "
            "more, and no trait, plan, trigger or event of that name is about one",
            "molt mutations",
        )
    return max(found, key=lambda each: each.news)


def _of_event(search: Search, mutations: Mutations, word: str) -> Mutation | None:
    try:
        payload = find_event(search, word).payload
    except Refused:
        return None
    record = mutations.get(str(payload.get("mutation_id", "")))
    return record or mutations.of_hash(str(payload.get("code_hash", "")))


def source_of(search: Search, home: Path, mutation: Mutation) -> str | None:
    """Return the source of a mutation, None where it has none or nobody has it any more."""
    event = search.at(mutation.position) if mutation.position else None
    source = event.payload.get("source") if event is not None else None
    if isinstance(source, str) and source:
        return source
    try:
        return TraitStore(home).source(mutation.code_hash)[0].decode(errors="replace")
    except StoreError:
        return None


def version_before(mutations: Mutations, mutation: Mutation) -> Mutation | None:
    """Return the version of its trait that a mutation is compared with, None: it is the first.

    One that never had a version is compared with the newest that is older than it.
    """
    others = [
        each
        for each in mutations.versions_of(mutation.trait, file_name)
        if each is not mutation
        and (
            each.version < mutation.version
            if mutation.version
            else each.position < mutation.position
        )
    ]
    return others[-1] if others else None


def present_version(versions: list[Mutation]) -> Mutation:
    """Return the version that the world has now, else the newest that it had."""
    living = [each for each in versions if each.status in LIVING and each.removed_at_tick is None]
    return (living or versions)[-1]


def old_value(search: Search, mutation: Mutation, parameter: str) -> float | None:
    """Return what a parameter was before a mutation set it, None where no event tells."""
    of_it = (Filter("payload.param_name", parameter),)
    wanted = mutation.params[parameter]
    after = Query(of_it, (CHANGED,), first=max(mutation.position, 1))
    for event in search.forwards(after):
        if event.payload.get("new_value") == wanted:
            return _number(event.payload.get("old_value"))
    before = Query(of_it, (CHANGED,), last=mutation.position)
    newest = search.newest(before, 1) if mutation.position else []
    return _number(newest[0].payload.get("new_value")) if newest else None


def decisions_of(search: Search, mutation: Mutation) -> list[LedgerEvent]:
    """Return the decisions that led to a mutation and those about it, in log order."""
    proposed = search.at(mutation.position) if mutation.position else None
    if proposed is None:
        return []
    led = [event for event in tell_story(search, proposed).chain if event.kind == DECIDED]
    about = [event for event in caused_by(search, [proposed.envelope.id]) if event.kind == DECIDED]
    return sorted({each.position: each for each in (*led, *about)}.values(), key=_position)


def _position(event: LedgerEvent) -> int:
    return event.position


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None

"""`molt mutation ID`: one mutation whole, from the trouble that led to it to what it changed.

Owns: the command and its words. Does not own: the fold (`zones/agents/mutations.py`).

With --json one document: {"v", "mutation": {...}, "plan", "trigger", "decisions": [event...],
"source"}; plan and trigger as their events told them, None where there was none.
"""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any, Final

from Kernel.contract.event_text import VERSION, json_text, plain
from Kernel.contract.event_words import grouped, printable
from Kernel.contract.places import LEDGER
from zones.agents.commands.words import effect_words, look, tick_words, verdict, why_words
from zones.agents.mutation import LIVING, Mutation
from zones.agents.mutation_reading import (
    decisions_of,
    find_mutation,
    read_mutations,
    source_of,
)
from zones.agents.mutations import Thought
from zones.runtime.command_line import Commands, add_command
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.ledger_reading import opened

LABEL: Final = 13
REJECTED_MAX: Final = 5


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "mutation", run, "one mutation, whole")
    parser.add_argument("id", metavar="ID", help="of a mutation, or its beginning, or Forager_v3")


def run(options: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    with opened(options.home / LEDGER) as search:
        mutations = read_mutations(search)
        mutation = find_mutation(search, mutations, options.id)
        decisions = decisions_of(search, mutation)
        source = source_of(search, options.home, mutation)
    plan = mutations.plans.get(mutation.plan)
    trigger = mutations.triggers.get(mutation.trigger)
    if options.json:
        told: dict[str, Any] = {
            "v": VERSION,
            "mutation": mutation.fields(),
            "plan": None if plan is None else plain(plan.payload),
            "trigger": None if trigger is None else plain(trigger.payload),
            "decisions": [event.fields() for event in decisions],
            "source": source,
        }
        print(json_text(told))
        return 0
    for line in _lines(mutation, plan, trigger, decisions):
        print(line)
    if source:
        print(f"{'source':<{LABEL}}")
        for number, line in enumerate(source.splitlines(), 1):
            print(f"{number:>5} │ {printable(line.expandtabs(4))}".rstrip())
    more = [f"molt why {mutation.id}", f"molt diff {mutation.id}"]
    if mutation.status in LIVING and not mutation.params:
        more.append(f"molt blame {mutation.trait}")
    look(options.home, *more)
    return 0


def _lines(
    mutation: Mutation,
    plan: Thought | None,
    trigger: Thought | None,
    decisions: list[LedgerEvent],
) -> Iterator[str]:
    yield f"{mutation.id}  {printable(mutation.name)}  {verdict(mutation)}"
    if mutation.reason:
        yield _row("why", why_words(mutation) + (f"; rule {mutation.rule}" * bool(mutation.rule)))
    if mutation.rollback_to:
        yield _row("gone back to", mutation.rollback_to)
    yield _row("by", _author(mutation))
    if mutation.note:
        yield _row("note", mutation.note)
    if trigger is not None:
        yield _row("trigger", f"{_trigger(trigger.payload)}  #{trigger.position}")
    if plan is not None:
        told = plan.payload
        yield _row(
            "plan", f"{told.get('action_type')}: {told.get('description')}  #{plan.position}"
        )
    if mutation.metric:
        yield _row("promised", f"{mutation.better or 'better'} {mutation.metric}")
    for event in decisions:
        yield from _decision(event)
    if mutation.trial:
        yield _row("trial", _trial(mutation.trial))
    for effect in mutation.effects:
        pairs = f", {effect['pairs']} pairs" if effect.get("pairs") else ""
        yield _row("effect", f"{effect_words(effect)}{pairs} ({effect.get('from', 'trial')})")
    if mutation.guard:
        yield _row("guard", _guard(mutation.guard))
    yield _row("came in", tick_words(mutation.applied_at_tick))
    for name, value in mutation.params.items():
        yield _row("sets", f"{name} to {value:g}")
    yield _row("code", f"sha256 {mutation.code_hash or 'unknown'}")
    if mutation.file_path:
        yield _row("file", mutation.file_path)


def _row(label: str, text: str) -> str:
    return f"{label:<{LABEL}} {printable(text)}"


def _author(mutation: Mutation) -> str:
    parts = [mutation.author]
    if mutation.model:
        parts.append(mutation.model)
    if mutation.prompt_hash:
        parts.append(f"prompt {mutation.prompt_hash[:12]}")
    if mutation.attempts > 1:
        parts.append(f"proposed {mutation.attempts} times")
    return ", ".join((*parts, f"at {tick_words(mutation.tick)}"))


def _trigger(told: Mapping[str, Any]) -> str:
    affected = told.get("affected_entities")
    whom = f", {grouped(affected)} Molbots" if type(affected) is int else ""
    return f"{told.get('problem_type')}, {told.get('severity')}{whom}"


def _decision(event: LedgerEvent) -> Iterator[str]:
    told = event.payload
    sure = told.get("confidence_score")
    how_sure = f" (confidence {sure:.2f})" if isinstance(sure, float) else ""
    yield _row(event.role or event.actor, f"{told.get('rationale')}{how_sure}  #{event.position}")
    rejected = told.get("rejected_alternatives")
    for each in rejected[:REJECTED_MAX] if isinstance(rejected, list) else ():
        yield _row("", f"not taken: {each}")


def _trial(trial: Mapping[str, Any]) -> str:
    words = ["accepted" if trial.get("accepted") else f"not accepted: {trial.get('reason')}"]
    words += [
        f"{grouped(trial[key])} {key}"
        for key in ("ticks", "seeds", "calls")
        if type(trial.get(key)) is int
    ]
    faults = trial.get("faults")
    count = sum(each for each in faults.values() if type(each) is int) if (
        isinstance(faults, Mapping)) else 0  # fmt: skip
    return ", ".join((*words, f"{grouped(count)} faults" if count else "no faults"))


def _guard(guard: Mapping[str, Any]) -> str:
    words = []
    if type(guard.get("ticks")) is int:
        words.append(f"{grouped(guard['ticks'])} ticks from {tick_words(guard['begun_at_tick'])}")
    if guard.get("degraded"):
        words.append(f"degraded: {guard['degraded']}")
    if guard.get("reason"):
        where = tick_words(guard.get("tripped_at_tick"))
        words.append(f"tripped at {where}: {guard['reason']} (rule {guard.get('rule')})")
    if guard.get("why"):
        words.append(f"ended at {tick_words(guard.get('ended_at_tick'))}: {guard['why']}")
    return "; ".join(words)

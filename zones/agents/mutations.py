"""What became of every mutation: one fold over the log, which all who tell of mutations share.

Owns: which event changes what of a record. Does not own: the record (`mutation.py`), reading the
log, sources (the event that proposed it has one, and so has the store), words for people. Pure.

A mutation is named by its code: the same code proposed again is the same mutation, and what it came
to the last time gives way to what comes now.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from Kernel.contract.envelope import KERNEL
from zones.agents.mutation import (
    APPLIED,
    CONSOLE,
    EXECUTION,
    KEPT,
    KERNELS_OWN,
    LIVING,
    NONE,
    OPEN,
    PROPOSED,
    QUARANTINED,
    REFUSED,
    ROLLED_BACK,
    VALIDATED,
    Mutation,
)
from zones.runtime.ledger_event import LedgerEvent

KINDS: Final = (
    "mutation", "guard", "evolution", "trait.quarantined", "trait.released", "trait.removed",
    "trial.ended",
)  # fmt: skip
"""Kinds, and families of kinds, that change a record: what a query asks for."""
RECORDS_MAX: Final = 4096
THOUGHTS_MAX: Final = 1024
TRIALS_MAX: Final = 256
UNPROMISED: Final = "population"
"""The metric of who promised none."""
PREFIX_MIN: Final = 6
"""Characters that are taken for the beginning of an id."""
_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_FIELDS: Final = frozenset(each.name for each in fields(Mutation))


@dataclass(slots=True)
class Thought:
    """A plan or a trigger, as it was told.

    Args:
        position: of its event.
    """

    position: int
    payload: dict[str, Any]


class Mutations:
    """All mutations of a log.

    Events are taken in log order, each once; those of other kinds change nothing.
    """

    def __init__(self) -> None:
        self._records: OrderedDict[str, Mutation] = OrderedDict()
        self._of_hash: dict[str, str] = {}
        self.plans: OrderedDict[str, Thought] = OrderedDict()
        self.triggers: OrderedDict[str, Thought] = OrderedDict()
        self._trials: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def __iter__(self) -> Iterator[Mutation]:
        """Return them in the order in which they were first told of."""
        return iter(self._records.values())

    def get(self, mutation_id: str) -> Mutation | None:
        """Return one by its whole id."""
        return self._records.get(mutation_id)

    def of_hash(self, code_hash: str) -> Mutation | None:
        """Return the one of a code, or of parameters, by its hash."""
        return self._records.get(self._of_hash.get(code_hash, ""))

    def versions_of(self, name: str, file_name: Callable[[str], str]) -> list[Mutation]:
        """Return the versions of a trait that there ever were, ascending.

        Args:
            name: of its class, or as it stands in file names.
            file_name: returns how a class stands in file names.
        """
        wanted = file_name(name)
        found = {each.version: each for each in self if file_name(each.trait) == wanted}
        return [found[version] for version in sorted(found) if version]

    def beginning(self, word: str) -> list[Mutation]:
        """Return those whose id begins so; of a whole id it is one, of too short a word none."""
        exact = self.get(word)
        if exact is not None:
            return [exact]
        if len(word) < PREFIX_MIN:
            return []
        bare = word.removeprefix("mut_").lower()
        return [each for each in self if each.id.removeprefix("mut_").startswith(bare)]

    def called(self, word: str) -> list[Mutation]:
        """Return those called so, as Forager_v3, or that this plan, trigger or hash is about."""
        lowered = word.lower()
        return [
            each
            for each in self
            if lowered in (each.name.lower(), each.plan, each.trigger, each.code_hash)
        ]

    def take(self, event: LedgerEvent) -> Mutation | None:
        """Take one event and return the record it has changed, if any."""
        act = _ACTS.get(event.kind)
        if act is None or (event.kind in KERNELS_OWN and event.zone != KERNEL):
            return None
        changed = act(self, event, event.payload)
        if changed is not None:
            changed.news = event.position
        return changed

    def plain(self) -> dict[str, Any]:
        """Return all of it as plain data, from which `restore` makes it again."""
        return {
            "records": [each.fields() for each in self],
            "plans": {key: [each.position, each.payload] for key, each in self.plans.items()},
            "triggers": {key: [each.position, each.payload] for key, each in self.triggers.items()},
        }

    def restore(self, told: Mapping[str, Any]) -> None:
        """Take the place of another one; what does not fit is left out."""
        self.__init__()  # type: ignore[misc]  # everything it holds begins anew
        for row in _maps(told.get("records")):
            if isinstance(row.get("id"), str):
                record = Mutation(**{key: row[key] for key in row if key in _FIELDS})
                self._records[record.id] = record
                self._of_hash[record.code_hash] = record.id
        for name, into in (("plans", self.plans), ("triggers", self.triggers)):
            kept = told.get(name)
            for key, value in kept.items() if isinstance(kept, Mapping) else ():
                into[key] = Thought(value[0], dict(value[1]))

    # Acts, one a kind.

    def _proposed(self, event: LedgerEvent, told: Mapping[str, Any]) -> Mutation | None:
        aside = told.get("aside") is True
        if aside and self.get(_text(told, "mutation_id")) is not None:
            return None  # what it came to when somebody wanted it stays
        record = self._record(event, told)
        if record is None:
            return None
        if record.status in LIVING:  # the world has it: nothing comes of proposing it again
            record.attempts += 1
            return record
        fresh = Mutation(record.id, attempts=record.attempts + 1, version=record.version)
        fresh.aside, fresh.position, fresh.tick = aside, event.position, event.tick
        fresh.time_ns = event.envelope.time_ns
        fresh.author = _text(told, "author") or CONSOLE
        fresh.plan, fresh.model = _text(told, "plan_id"), _text(told, "model")
        fresh.prompt_hash, fresh.note = _text(told, "prompt_hash"), _text(told, "note")
        fresh.metric, fresh.better = _text(told, "metric"), _text(told, "better")
        self._name(fresh, told)
        fresh.trigger = self._trigger_of(fresh.plan)
        self._records[fresh.id] = fresh
        return fresh

    def _ready(self, event: LedgerEvent, told: Mapping[str, Any]) -> Mutation | None:
        record = self._record(event, told)
        if record is None:
            return None
        self._name(record, told)
        record.status, record.file_path = VALIDATED, _text(told, "file_path")
        record.released = False
        record.plan = record.plan or _text(told, "plan_id")
        record.trigger = record.trigger or self._trigger_of(record.plan)
        record.stage = record.rule = record.reason = record.rollback_to = ""
        trial = self._trials.pop(record.code_hash, None)
        if trial is not None and not record.trial:  # an author's own is older than the kernel's
            _try(record, trial)
        return record

    def _applied(self, event: LedgerEvent, told: Mapping[str, Any]) -> Mutation | None:
        record = self._record(event, told)
        if record is None:
            return None
        self._name(record, told)
        record.status, record.applied_at_tick = APPLIED, _tick(event, told)
        record.ended_at_tick, record.removed_at_tick, record.rollback_to = None, None, ""
        return record

    def _kept(self, event: LedgerEvent, told: Mapping[str, Any]) -> Mutation | None:
        record = self._record(event, told)
        if record is not None:
            record.status, record.ended_at_tick = KEPT, _tick(event, told)
        return record

    def _failed(self, event: LedgerEvent, told: Mapping[str, Any]) -> Mutation | None:
        record = self._record(event, told)
        if record is None:
            return None
        if told.get("aside") is True and not (record.aside and record.status == PROPOSED):
            return None
        if record.status in LIVING and not _text(told, "rollback_to"):
            return None  # it was asked for once more; the world has it as before
        self._name(record, told)
        record.stage, record.rule = _text(told, "stage"), _text(told, "rule")
        record.line, record.reason = _whole(told, "line"), _text(told, "error")
        record.rollback_to = _text(told, "rollback_to")
        record.ended_at_tick = _tick(event, told)
        if not record.rollback_to:
            record.status = REFUSED
        else:
            record.status = QUARANTINED if record.stage == EXECUTION else ROLLED_BACK
        return record

    def _measured(self, event: LedgerEvent, told: Mapping[str, Any]) -> Mutation | None:
        record = self._record(event, told)
        if record is None:
            return None
        record.metric = record.metric or _text(told, "metric")
        record.better = record.better or _text(told, "better")
        _affect(record, _maps(told.get("effect")), "measured")
        return record

    def _guarded(self, event: LedgerEvent, told: Mapping[str, Any]) -> Mutation | None:
        record = self._record(event, told)
        if record is None:
            return None
        tick, rule = _tick(event, told), _text(told, "rule")
        if event.kind == "guard.ended":
            record.guard |= {"ended_at_tick": tick, "why": _text(told, "why")}
        elif event.kind == "guard.begun":
            record.guard = {"begun_at_tick": tick, "ticks": _whole(told, "ticks")}
            if degraded := _text(told, "degraded"):
                record.guard["degraded"] = degraded
        else:
            record.guard |= {"tripped_at_tick": tick, "rule": rule}
            record.guard["reason"] = _text(told, "reason")
            if isinstance(measured := told.get("measured"), Mapping):
                record.guard["measured"] = dict(measured)
        return record

    def _quarantined(self, event: LedgerEvent, told: Mapping[str, Any]) -> Mutation | None:
        """An older kernel names the slot alone; then mutation.failed tells which one it was."""
        record = self._told_trait(told)
        if record is not None:
            record.status, record.stage = QUARANTINED, EXECUTION
            record.reason = _text(told, "why") or record.reason
            record.ended_at_tick = _tick(event, told)
        return record

    def _released(self, event: LedgerEvent, told: Mapping[str, Any]) -> Mutation | None:
        """It may be tried again; what the world has of it is told by what comes then."""
        record = self._told_trait(told)
        if record is not None:
            record.released = True
            if record.status == QUARANTINED:
                record.status, record.rollback_to = ROLLED_BACK, record.rollback_to or NONE
        return record

    def _removed(self, event: LedgerEvent, told: Mapping[str, Any]) -> Mutation | None:
        """By hand: what it came to stays as it is."""
        record = self._told_trait(told)
        if record is not None:
            record.removed_at_tick = _tick(event, told)
        return record

    def _tried(self, event: LedgerEvent, told: Mapping[str, Any]) -> Mutation | None:
        code_hash = _text(told, "code_hash")
        record = self.of_hash(code_hash)
        if record is not None and record.status in OPEN:
            _try(record, dict(told))
            return record
        self._trials[code_hash] = dict(told)
        _bound(self._trials, TRIALS_MAX)
        return None

    def _planned(self, event: LedgerEvent, told: Mapping[str, Any]) -> None:
        self.plans[_text(told, "plan_id")] = Thought(event.position, dict(told))
        _bound(self.plans, THOUGHTS_MAX)

    def _triggered(self, event: LedgerEvent, told: Mapping[str, Any]) -> None:
        self.triggers[_text(told, "trigger_id")] = Thought(event.position, dict(told))
        _bound(self.triggers, THOUGHTS_MAX)

    def _record(self, event: LedgerEvent, told: Mapping[str, Any]) -> Mutation | None:
        """Return the record an event is about, made where it is the first about it."""
        mutation_id = _text(told, "mutation_id")
        if _ID.fullmatch(mutation_id) is None:  # it is shown, and pasted into commands
            return None
        record = self._records.get(mutation_id)
        if record is None:
            record = self._records[mutation_id] = Mutation(mutation_id)
            record.position, record.tick = event.position, event.tick
            record.time_ns = event.envelope.time_ns
            if len(self._records) > RECORDS_MAX:
                _, dropped = self._records.popitem(last=False)
                self._of_hash.pop(dropped.code_hash, None)
        return record

    def _told_trait(self, told: Mapping[str, Any]) -> Mutation | None:
        record = self.of_hash(_text(told, "code_hash")) or self.get(_text(told, "mutation_id"))
        if record is not None:
            return record
        name = _text(told, "name") or _text(told, "trait_name")
        version = _whole(told, "version")
        its = (each for each in self if (each.trait, each.version) == (name, version))
        return next(its, None) if version else None

    def _name(self, record: Mutation, told: Mapping[str, Any]) -> None:
        record.trait = _text(told, "trait_name") or record.trait
        record.version = _whole(told, "version") or record.version
        if code_hash := _text(told, "code_hash"):
            record.code_hash = code_hash
            self._of_hash[code_hash] = record.id
        if isinstance(params := told.get("params"), Mapping):
            record.params = {str(key): value for key, value in params.items() if _is_number(value)}

    def _trigger_of(self, plan: str) -> str:
        thought = self.plans.get(plan)
        return "" if thought is None else _text(thought.payload, "trigger_id")


_Act = Callable[[Mutations, LedgerEvent, Mapping[str, Any]], Mutation | None]
_ACTS: Final[Mapping[str, _Act]] = {
    "mutation.proposed": Mutations._proposed,
    "mutation.ready": Mutations._ready,
    "mutation.applied": Mutations._applied,
    "mutation.kept": Mutations._kept,
    "mutation.failed": Mutations._failed,
    "mutation.measured": Mutations._measured,
    "guard.begun": Mutations._guarded,
    "guard.tripped": Mutations._guarded,
    "guard.ended": Mutations._guarded,
    "trait.quarantined": Mutations._quarantined,
    "trait.released": Mutations._released,
    "trait.removed": Mutations._removed,
    "trial.ended": Mutations._tried,
    "evolution.plan": Mutations._planned,
    "evolution.trigger": Mutations._triggered,
}


def _try(record: Mutation, trial: dict[str, Any]) -> None:
    keys = ("accepted", "how", "reason", "ticks", "seeds", "calls", "faults", "seconds")
    record.trial = {key: trial[key] for key in keys if trial.get(key) is not None}
    _affect(record, _maps(trial.get("effect")), "trial")


def _affect(record: Mutation, effects: list[dict[str, Any]], source: str) -> None:
    """Take effects over; its effect is that on the metric it promised, or on the population."""
    if not effects:
        return
    record.effects = [each | {"from": source} for each in effects]
    promised = record.metric or UNPROMISED
    its = [each for each in record.effects if each.get("metric") == promised]
    record.effect = (its or record.effects)[0]


def _bound(kept: OrderedDict[str, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)


def _maps(value: Any) -> list[dict[str, Any]]:
    rows = value if isinstance(value, list | tuple) else ()
    return [dict(row) for row in rows if isinstance(row, Mapping)]


def _tick(event: LedgerEvent, told: Mapping[str, Any]) -> int | None:
    tick = told.get("tick")
    return tick if type(tick) is int else event.tick


def _text(told: Mapping[str, Any], key: str) -> str:
    value = told.get(key)
    return value if isinstance(value, str) else ""


def _whole(told: Mapping[str, Any], key: str) -> int:
    value = told.get(key)
    return value if type(value) is int else 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

"""One trial, from the bytes of a stranger to a verdict: the order of the steps.

Owns: that order, what an accepted source must fit into. Does not own: the steps
(`zones/traits/screening.py`, `tiers.py`, `pairs.py`, `judging.py`, `keeping.py`), the document that
is answered (`document.py`), being a process (`zones/world/service.py`).

It runs nothing of the source, and does not even parse it: all that happens in children that are
thrown away, each in a cage (`walls.py`), and what comes back from them is hostile. The steps:
screened; compiled; the tiers compared; lived through beside controls, pair by pair, as long as
nothing speaks against it; judged; and, if it is to be added, stored, shown and put among what the
zone's next generation loads. A source that this very build has prepared is tried again, since the
world is another one now, but not compiled again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from Kernel.contract.arena import State
from Kernel.contract.inputs import (
    MOOD_BYTES,
    QUARANTINED_CODE,
    REFUSALS,
    SAME_CODE,
    TRAIT_NAME_BYTES,
    TraitFacts,
)
from zones.runtime.arena_image import ArenaImage
from zones.runtime.trait_store import TraitStore
from zones.traits.contract import INTERPRETED, NATIVE, VOLATILE
from zones.traits.first_faults import FirstFault
from zones.traits.screening import screen
from zones.traits.verdict import Verdict
from zones.world.columns import Buffer, plan_layout, read_extent, view_buffer
from zones.world.registry import ACTIVE, read_entries
from zones.world.trait_inputs import plan_trait
from zones.world.trial.batch import try_batch
from zones.world.trial.changes import find_change
from zones.world.trial.document import Findings, Halted, document, effects_of
from zones.world.trial.job import BATCH, SOURCE, Job
from zones.world.trial.judging import Outcome, judge, judge_promise
from zones.world.trial.keeping import find_prepared, keep
from zones.world.trial.living import Candidate
from zones.world.trial.pairs import Change, Context, Pairs, live_beside, live_unchecked
from zones.world.trial.tiers import Tiered, compare, compile_apart

NOT_ROOM: Final = {SAME_CODE: "active", QUARANTINED_CODE: "quarantined"}
UNCHECKED: Final = "unchecked"


def try_trait(job: Job, source: bytes, context: Context) -> dict[str, Any]:
    """Return the document about a source; one that is accepted and to be added is stored.

    Raises:
        OSError: the machine refused: the disk, or a process.
        MoltError: there is no verdict, for no fault of the source.
    """
    if job.kind == BATCH:
        return try_batch(job, source, context, _try_beside)
    if job.kind != SOURCE:
        return _try_change(job, context)
    code_hash = hashlib.sha256(source).hexdigest()
    findings = Findings(Verdict(False, code_hash=code_hash))
    if job.unchecked:
        return _try_unchecked(job, source, context, findings)
    store = TraitStore(job.home)
    told: dict[str, Any] = {"accepted": True}
    try:
        facts, known = _prepare(job, source, context, store, findings)
        if job.trial:
            compiled = findings.tiered.compiled
            code = compiled.code if compiled is not None else b""
            live_and_judge(job, Change(Candidate(facts, source, code)), context, findings)
    except Halted as refused:
        told = {"accepted": False, **refused.fields()}
    else:
        if job.add:
            told["file_path"] = keep(job, source, store, findings, known)
    return {**_told(job, context, findings), **told}


def live_and_judge(job: Job, change: Change, context: Context, findings: Findings) -> None:
    """Live through the pairs of a change.

    Raises:
        Halted: something speaks against it.
        MoltError: nothing can be said of it.
    """
    with findings.timed("runs"):
        Pairs(job, change, context, findings).live()
    _judge(job, context, findings)


def _judge(job: Job, context: Context, findings: Findings) -> None:
    judgement = judge(findings.pairs, context.budget_us)
    if not judgement.rule and job.forecast is not None:
        promised = job.forecast
        judgement = judge_promise(effects_of(findings.pairs), promised.metric, promised.better)
    if judgement.rule:
        first = findings.first_faults().get(judgement.status, FirstFault())
        named = f" '{first.name}'" if first.name else ""
        raise Halted("trial", judgement.rule, judgement.reason + named, first.line)


def limited(verdict: Verdict) -> Verdict:
    """Return a verdict that also holds names to the room a world has for them."""
    if not verdict.accepted:
        return verdict
    if len(verdict.name.encode()) > TRAIT_NAME_BYTES:
        why = f"the name of the class takes more than {TRAIT_NAME_BYTES} bytes: {verdict.name}"
        return Verdict(False, "name", 0, why, name=verdict.name)
    for mood in verdict.moods:
        if not 0 < len(mood.encode()) <= MOOD_BYTES or not mood.isprintable():
            why = f"a state's name takes 1 to {MOOD_BYTES} printable bytes: {mood!r}"
            return Verdict(False, "state", 0, why, name=verdict.name)
    return verdict


def _try_change(job: Job, context: Context) -> dict[str, Any]:
    """Return the document about values of parameters, or about what a trait brings."""
    findings = Findings(Verdict(False))
    told: dict[str, Any] = {"accepted": True}
    try:
        change = find_change(job, _buffer_of(context.image), findings)
        live_and_judge(job, change, context, findings)
    except Halted as refused:
        told = {"accepted": False, **refused.fields()}
    return {**_told(job, context, findings), **told}


def _try_beside(
    job: Job, source: bytes, context: Context, controls: Sequence[Outcome], at_once: int
) -> dict[str, Any]:
    """Return the document about one source of a batch, beside controls that have been lived."""
    findings = Findings(Verdict(False, code_hash=hashlib.sha256(source).hexdigest()))
    job = replace(job, lengths=())
    told: dict[str, Any] = {"accepted": True}
    try:
        facts = _screen(job, source, context, TraitStore(job.home), findings)
        code = b""
        if not findings.verdict.why_interpreted:
            with findings.timed("compile"):
                compiled, _ = compile_apart(source, context.walls.seal_compiler)
            code = compiled.code if compiled is not None else b""
        findings.tiered = Tiered(NATIVE if code else INTERPRETED)
        candidate = Candidate(replace(facts, tier=findings.tiered.tier), source, code)
        with findings.timed("runs"):
            live_beside(job, Change(candidate), context, controls, findings, at_once)
        _judge(job, context, findings)
    except Halted as refused:
        told = {"accepted": False, **refused.fields()}
    return {**_told(job, context, findings), **told}


def _screen(
    job: Job, source: bytes, context: Context, store: TraitStore, findings: Findings
) -> TraitFacts:
    """Find out what a source is, that nobody has prepared, and whether the world has room for it.

    Raises:
        Halted: it is none, or there is none.
    """
    code_hash = findings.verdict.code_hash
    with findings.timed("screen"):
        verdict = limited(screen(source, context.walls.seal_child))
    findings.verdict = replace(verdict, code_hash=code_hash)
    if not verdict.accepted:
        raise Halted("validation", verdict.rule, verdict.reason, verdict.line)
    return _facts(job, context, store, findings)


def _facts(job: Job, context: Context, store: TraitStore, findings: Findings) -> TraitFacts:
    verdict, code_hash = findings.verdict, findings.verdict.code_hash
    findings.version = store.version_of(verdict.name, code_hash)
    facts = TraitFacts(
        verdict.name, findings.version, code_hash, findings.tiered.tier, verdict.state,
        verdict.memory, verdict.moods, job.carriers,
    )  # fmt: skip
    _check_room(facts, context.image)
    return facts


def _prepare(
    job: Job, source: bytes, context: Context, store: TraitStore, findings: Findings
) -> tuple[TraitFacts, bool]:
    """Find out what a source is and in which tier it runs; whether the store knows that already.

    Raises:
        Halted: it is none, the world has no room for it, or it cannot run.
    """
    known = find_prepared(store, findings.verdict.code_hash)
    if known is None:
        facts = _screen(job, source, context, store, findings)
    else:
        findings.verdict, findings.tiered = known
        facts = _facts(job, context, store, findings)
    if known is None:
        findings.tiered = _find_tier(source, facts, context, findings)
    return replace(facts, tier=findings.tiered.tier), known is not None


def _check_room(facts: TraitFacts, image: ArenaImage) -> None:
    memory_slots = read_extent(image.schema).memory_slots
    refused = plan_trait(facts, _buffer_of(image), memory_slots).refused
    if refused:
        raise Halted("execution", NOT_ROOM.get(refused, "room"), REFUSALS[refused])


def _buffer_of(image: ArenaImage) -> Buffer:
    layout = plan_layout(read_extent(image.schema))
    return view_buffer(memoryview(image.buffer), 0, len(image.buffer), layout)


def _told(job: Job, context: Context, findings: Findings) -> dict[str, Any]:
    buffer = _buffer_of(context.image)
    forgotten = [
        each.name
        for each in read_entries(buffer)
        if each.status == ACTIVE and each.state == VOLATILE
    ]
    lost = f"what {', '.join(forgotten)} remembers is in no copy: all runs begin without it"
    notes = (context.world_note, lost if forgotten else "")
    return document(job, findings, buffer.scalar(State.POPULATION), notes)


def _find_tier(source: bytes, facts: TraitFacts, context: Context, findings: Findings) -> Tiered:
    """Have it compiled, if nothing is known that speaks against it, and the tiers compared."""
    verdict, walls = findings.verdict, context.walls
    compiled, note = None, verdict.why_interpreted
    if not note:
        with findings.timed("compile"):
            compiled, note = compile_apart(source, walls.seal_compiler)
    with findings.timed("compare"):
        tiered = compare(context.image, source, facts, compiled, context.loaded, walls.seal_child)
    if tiered.refused:
        raise Halted(tiered.stage, tiered.stage, tiered.refused)
    return replace(tiered, note=tiered.note or note or verdict.why_volatile)


def _try_unchecked(job: Job, source: bytes, context: Context, findings: Findings) -> dict[str, Any]:
    """Live through one pair, the source as it is; see `unguarded.py`."""
    with findings.timed("runs"):
        live_unchecked(job, source, context, findings)
    judgement = judge(findings.pairs, context.budget_us)
    told: dict[str, Any] = {
        "accepted": not judgement.rule,
        "rule": judgement.rule,
        "reason": judgement.reason,
        "stage": "trial" if judgement.rule else "",
    }
    return {**_told(job, context, findings), "name": UNCHECKED, "tier": INTERPRETED, **told}

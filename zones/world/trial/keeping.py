"""What is kept of a source that was accepted, and found again of one that this build has prepared.

Owns: what a verdict in the store says, whether it still counts. Does not own: the store
(`zones/runtime/trait_store.py`).
"""

import hashlib

from llvmlite import binding

from Kernel.contract.trait_sets import encode_set, set_name
from zones.runtime.trait_store import StoreError, TraitStore, shown_at
from zones.traits.contract import NATIVE
from zones.traits.native.compiling import Compiled, NotCompiled, keep_compiled, read_code
from zones.traits.verdict import Verdict
from zones.world import founding
from zones.world.trial.document import NOTE_CHARS_MAX, Findings
from zones.world.trial.job import Job
from zones.world.trial.tiers import Tiered


def find_prepared(store: TraitStore, code_hash: str) -> tuple[Verdict, Tiered] | None:
    """Return what this very build has found of a source, None: nothing, or not all of it."""
    try:
        stored = store.load(code_hash)
        told = stored.verdict
        if told.get("build") != build_mark():
            return None
        compiled = None
        if told["tier"] == NATIVE:
            if not stored.has_native:
                return None
            name = next(each for each in told["files"] if each.endswith(".o"))
            compiled = Compiled(name, "", read_code(stored.folder / name))
        verdict = Verdict(
            True, tier=str(told["tier"]), state=str(told["state"]), memory=int(told["memory"]),
            name=str(told["name"]), code_hash=code_hash, moods=tuple(told["moods"]),
        )  # fmt: skip
        return verdict, Tiered(str(told["tier"]), compiled, str(told["note"]))
    except (StoreError, NotCompiled, KeyError, StopIteration):
        return None


def keep(job: Job, source: bytes, store: TraitStore, findings: Findings, known: bool) -> str:
    """Store an accepted source, have it loaded by what comes next; return where people find it."""
    verdict, tiered = findings.verdict, findings.tiered
    store.drop_unfinished()
    if not known:
        folder = store.begin(source)
        if tiered.compiled is not None:
            keep_compiled(tiered.compiled, folder)
        kept = {
            "name": verdict.name,
            "version": findings.version,
            "tier": tiered.tier,
            "state": verdict.state,
            "memory": verdict.memory,
            "moods": list(verdict.moods),
            "note": tiered.note[:NOTE_CHARS_MAX],
            "build": build_mark(),
        }
        store.finish(verdict.code_hash, kept)
    store.write_set(set_name(job.zone), encode_set(dict.fromkeys([*job.hashes, verdict.code_hash])))
    store.drop_compiled({*job.hashes, verdict.code_hash})
    return str(shown_at(verdict.name, findings.version))


def build_mark() -> str:
    """Return what names all that makes machine code of a source: this build and processor."""
    processor = f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"
    return hashlib.sha256(founding.build_id() + processor.encode()).hexdigest()

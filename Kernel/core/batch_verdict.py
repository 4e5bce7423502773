"""What a trial says of many sources that were tried against the same controls.

Owns: reading such an answer, what of it whoever asked is told. Does not own: one verdict
(`trial_verdict.py`). Pure.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from Kernel.contract.errors import CodecError
from Kernel.core.trial_verdict import TrialVerdict, parse_verdict

BATCH: Final = "batch"
NONE_ACCEPTED: Final = "none"
"""The rule of a batch of which no source was accepted."""
REASON_CHARS_MAX: Final = 300
_TOLD: Final = (
    "accepted", "code_hash", "stage", "rule", "line", "name", "tier", "state", "memory", "calls",
    "faults", "unchanged",
)  # fmt: skip


def hash_of_batch(sources: Sequence[bytes]) -> str:
    """Return what names a batch: the sha256, hex, of the sha256 of each."""
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in sources)).hexdigest()


def parse_batch(told: Mapping[str, Any], sources: Sequence[bytes]) -> TrialVerdict:
    """Return the verdict on a batch, with one on each of its sources, in their order.

    Raises:
        CodecError: it is none.
    """
    answers = told.get("verdicts")
    if told.get("kind") != BATCH or type(answers) is not list or len(answers) != len(sources):
        raise CodecError("cannot use a verdict: it is none on a batch")
    verdicts = []
    for source, answer in zip(sources, answers, strict=True):
        if type(answer) is not dict:
            raise CodecError("cannot use a verdict: it is no object")
        verdict = parse_verdict(answer, stored=False)
        if verdict.code_hash != hashlib.sha256(source).hexdigest() or verdict.kind != "source":
            raise CodecError("cannot use a verdict: it is about another source")
        verdicts.append(verdict)
    accepted = sum(each.accepted for each in verdicts)
    said = f"{accepted} of {len(verdicts)} sources would be accepted"
    return TrialVerdict(
        accepted > 0,
        hash_of_batch(sources),
        "" if accepted else NONE_ACCEPTED,
        reason="" if accepted else said,
        stage="" if accepted else "trial",
        note=said,
        ticks=max(each.ticks for each in verdicts),
        seeds=max(each.seeds for each in verdicts),
        population=max(each.population for each in verdicts),
        calls=sum(each.calls for each in verdicts),
        kind=BATCH,
        verdicts=tuple(verdicts),
    )


def answer_of(verdict: TrialVerdict) -> dict[str, Any]:
    """Return what a zone is told: all of one verdict; of a batch what who searches goes by.

    That is little enough for one message, whatever was tried.
    """
    if verdict.kind != BATCH:
        return verdict.fields()
    return {"kind": BATCH, "verdicts": [_brief(each) for each in verdict.verdicts]}


def _brief(verdict: TrialVerdict) -> dict[str, Any]:
    told = verdict.fields()
    effects = [
        {key: each[key] for key in ("metric", "mean", "low", "high", "pairs", "control", "clear")}
        for each in told["effect"]
    ]
    return {
        **{key: told[key] for key in _TOLD},
        "reason": verdict.reason[:REASON_CHARS_MAX],
        "fuel": {"per_call": told["fuel"].get("per_call", 0.0)},
        "effect": effects,
    }

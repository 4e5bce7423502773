"""A verdict on many sources: in their order, each about its own, and small enough to be told."""

import hashlib

import pytest

from Kernel.contract.codec import pack
from Kernel.contract.errors import CodecError
from Kernel.core.batch_verdict import answer_of, hash_of_batch, parse_batch
from Kernel.core.trial_verdict import parse_verdict
from tests.kernel.core.test_trial_verdict import ACCEPTED, REFUSED
from zones.agents.thoughts import METRICS

SOURCES = [b"class A(Trait): ...", b"class B(Trait): ..."]
MESSAGE_BYTES = 64 * 1024


def about(source, told=ACCEPTED):
    """Return a verdict on a source."""
    return told | {"code_hash": hashlib.sha256(source).hexdigest()}


def batch(*told):
    """Return what a trial says of a batch."""
    return {"kind": "batch", "verdicts": list(told)}


GOOD = batch(about(SOURCES[0]), about(SOURCES[1], REFUSED))


def test_each_source_has_its_verdict():
    """Together they are accepted where one is."""
    verdict = parse_batch(GOOD, SOURCES)
    assert (verdict.accepted, verdict.kind) == (True, "batch")
    assert verdict.code_hash == hash_of_batch(SOURCES)
    assert verdict.note == "1 of 2 sources would be accepted" and verdict.calls == 1000
    assert [each.accepted for each in verdict.verdicts] == [True, False]
    assert "verdicts" not in verdict.fields()


def test_where_none_is_accepted():
    """It is refused as a whole, and says so."""
    verdict = parse_batch(batch(about(SOURCES[0], REFUSED)), SOURCES[:1])
    assert (verdict.accepted, verdict.rule, verdict.stage) == (False, "none", "trial")


@pytest.mark.parametrize(
    "told",
    [
        {}, about(SOURCES[0]), batch(), batch(about(SOURCES[0])),
        batch(about(SOURCES[1]), about(SOURCES[0])), batch(about(SOURCES[0]), 7),
        batch(about(SOURCES[0]), about(SOURCES[1]) | {"kind": "params"}),
    ],
)  # fmt: skip
def test_what_is_no_verdict_on_this_batch(told):
    """One missing, in another order, of another kind."""
    with pytest.raises(CodecError):
        parse_batch(told, SOURCES)


def test_an_answer_fits_into_a_message():
    """Sixteen with everything as long as it can be."""
    effects = [
        {"metric": metric, "mean": 1 / 3, "low": -1 / 3, "high": 1e14 / 3, "pairs": 64}
        for metric in METRICS
    ]
    worst = ACCEPTED | {
        "accepted": False, "rule": "faults", "reason": "r" * 4000, "note": "n" * 4000,
        "effect": effects, "faults": {f"fault {each}": each for each in range(12)}, "calls": 2**50,
    }  # fmt: skip
    sources = [b"%d" % each for each in range(16)]
    verdict = parse_batch(batch(*(about(each, worst) for each in sources)), sources)
    told = answer_of(verdict)
    assert len(pack(told, 1 << 20)) < MESSAGE_BYTES // 2
    brief = told["verdicts"][0]
    assert len(brief["reason"]) == 300 and len(brief["effect"]) == len(METRICS)


def test_one_verdict_is_told_whole():
    """Every field."""
    verdict = parse_verdict(ACCEPTED, stored=False)
    assert answer_of(verdict) == verdict.fields()

"""Verdicts of trials are read as hostile: one that lies is no verdict, and never a crash."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.errors import CodecError
from Kernel.core.cell import CellEnd, How
from Kernel.core.trial_verdict import (
    VERDICT_BYTES_MAX,
    failed_verdict,
    lied_verdict,
    parse_verdict,
)

CODE_HASH = "ab" * 32
ACCEPTED = {
    "accepted": True, "code_hash": CODE_HASH, "name": "Forager", "version": 3, "tier": "native",
    "state": "carried", "memory": 2, "moods": ["hungry"], "stage": "",
    "ticks": 1000, "seeds": 2, "population": 500, "calls": 1000, "faults": {"out of fuel": 10},
    "fuel": {"mean": 31.5, "worst": 900}, "tick_us": {"candidate": {"p99": 700}, "control": 500.5},
    "invariants": [], "scale": {"times": 4, "tick_us": {"candidate": 1.0}},
    "seconds": {"screen": 0.1, "compile": None},
    "effect": [{"metric": "population", "mean": 1.5, "low": 1.0, "high": 2.0, "pairs": 2,
                "control": 12.0}],
    "unchanged": True, "first_faults": {"out of fuel": {"line": 7, "name": ""}},
    "kind": "source", "forecast": {
        "metric": "births", "better": "more", "window_ticks": 300, "seeds": 8, "degraded": "",
        "windows": [{"low": 1.0, "high": 3.0, "mean": 2.0}],
    },
    "something new": [1, 2, 3],
}  # fmt: skip
REFUSED = {
    "accepted": False, "code_hash": CODE_HASH, "rule": "names", "line": 3, "reason": "no open",
    "stage": "validation",
}  # fmt: skip


def test_a_whole_verdict_is_read_and_told_again():
    """All figures come through; what nobody knows is left alone."""
    verdict = parse_verdict(ACCEPTED, stored=True)
    told = verdict.fields()
    assert verdict.effect[0].low == 1.0 and verdict.faults == {"out of fuel": 10}
    assert json.loads(json.dumps(told)) == {
        **{key: value for key, value in ACCEPTED.items() if key != "something new"},
        "effect": [ACCEPTED["effect"][0] | {"clear": "more"}],
        "rule": "", "line": 0, "reason": "", "file_path": "", "note": "", "said": "",
    }  # fmt: skip


def test_a_refusal_is_read():
    """Rule, line, reason and how far it came are enough."""
    verdict = parse_verdict(REFUSED, stored=True)
    assert (verdict.rule, verdict.line, verdict.stage) == ("names", 3, "validation")


def test_a_try_stores_nothing_so_it_has_no_version():
    """What was to be stored must have one."""
    parse_verdict(ACCEPTED | {"version": 0}, stored=False)
    with pytest.raises(CodecError):
        parse_verdict(ACCEPTED | {"version": 0}, stored=True)


@pytest.mark.parametrize(
    "changed",
    [
        {"windows": [{"low": 3.0, "high": 4.0, "mean": 2.0}]}, {"windows": 7}, {"seeds": 1},
        {"windows": [{"low": float("nan"), "high": 4.0, "mean": 2.0}]}, {"window_ticks": 0},
        {"better": "nicer"}, {"metric": "m" * 65}, {"windows": [{}] * 65},
    ],
)  # fmt: skip
def test_a_forecast_that_is_none_is_no_verdict(changed):
    """Every band has its mean in it, and more than one run."""
    with pytest.raises(CodecError):
        parse_verdict(ACCEPTED | {"forecast": ACCEPTED["forecast"] | changed}, stored=True)


def test_values_of_parameters_have_no_name_and_no_tier():
    """A source and a trait have."""
    nameless = ACCEPTED | {"name": "", "tier": "", "version": 0}
    assert parse_verdict(nameless | {"kind": "params"}, stored=False).kind == "params"
    for kind in ("source", "without", "dream"):
        with pytest.raises(CodecError):
            parse_verdict(nameless | {"kind": kind}, stored=False)


def test_one_pair_has_no_interval():
    """Low and high are None then."""
    effect = {"metric": "births", "mean": -2, "low": None, "high": None, "pairs": 1}
    (told,) = parse_verdict(ACCEPTED | {"effect": [effect]}, stored=True).effect
    assert told.low is None and told.clear == ""


@pytest.mark.parametrize(
    ("low", "high", "clear"),
    [(1.0, 2.0, "more"), (-2.0, -1.0, "less"), (-1.0, 1.0, ""), (0, 0, "")],
)
def test_an_effect_is_clear_where_its_interval_leaves_zero_out(low, high, clear):
    """Not where it only touches it."""
    effect = {"metric": "births", "mean": (low + high) / 2, "low": low, "high": high, "pairs": 2}
    verdict = parse_verdict(ACCEPTED | {"effect": [effect]}, stored=True)
    assert verdict.fields()["effect"][0]["clear"] == clear


@pytest.mark.parametrize(
    "wrong",
    [
        {"accepted": 1}, {"code_hash": "x"}, {"code_hash": None}, {"rule": "names"}, {"name": ""},
        {"tier": "quick"}, {"tier": ""}, {"stage": "heaven"}, {"line": -1}, {"line": 1.5},
        {"ticks": True}, {"seeds": 2**60}, {"moods": "abc"}, {"moods": [1]}, {"moods": ["x"] * 65},
        {"name": "x" * 5000}, {"reason": "\ud800"}, {"faults": {"x": 1001}}, {"faults": {"x": -1}},
        {"faults": {"x": 0.5}}, {"faults": [1]}, {"faults": {"x" * 65: 1}}, {"calls": "many"},
        {"fuel": {"x": float("nan")}}, {"fuel": {"x": 1e300}}, {"fuel": {"x": [1]}},
        {"fuel": {str(i): 1 for i in range(65)}}, {"fuel": {"a": {"b": {"c": {"d": 1}}}}},
        {"fuel": {"a": {str(i): "x" * 4000 for i in range(60)}}}, {"effect": {}},
        {"effect": [{}] * 65}, {"effect": [{"metric": "x"}]}, {"effect": ["x"]},
        {"effect": [{"metric": "x", "mean": float("inf"), "pairs": 1}]},
        {"effect": [{"metric": "x", "mean": 1.0, "low": 2.0, "high": 3.0, "pairs": 2}]},
        {"effect": [{"metric": "x", "mean": 1.0, "low": 1.0, "high": None, "pairs": 2}]},
        {"effect": [{"metric": "x" * 65, "mean": 1.0, "pairs": 1}]}, {"unchanged": 1},
        {"effect": [{"metric": "x", "mean": 1.0, "pairs": 1, "control": "many"}]},
        {"effect": [{"metric": "x", "mean": 10**400, "pairs": 1}]}, {"fuel": {"x": -(10**400)}},
    ],
    ids=lambda each: str(each)[:40],
)  # fmt: skip
def test_what_is_no_verdict(wrong):
    """A field of another type or out of its bounds, or two that contradict each other."""
    with pytest.raises(CodecError, match="cannot use a verdict"):
        parse_verdict(ACCEPTED | wrong, stored=True)


@pytest.mark.parametrize("missing", ["rule", "reason", "code_hash", "accepted"])
def test_a_refusal_says_why(missing):
    """One without a rule, a reason or its source is none."""
    with pytest.raises(CodecError):
        parse_verdict({k: v for k, v in REFUSED.items() if k != missing}, stored=False)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(ACCEPTED)), VALUES), st.booleans())
def test_anything_in_any_field(fields, stored):
    """It is a verdict that fits an answer of the console, or refused."""
    try:
        verdict = parse_verdict(ACCEPTED | fields, stored=stored)
    except CodecError:
        return
    assert len(json.dumps(verdict.fields(), allow_nan=False)) <= VERDICT_BYTES_MAX


@pytest.mark.parametrize(
    ("how", "rule"),
    [(How.DIED, "died"), (How.LATE, "hung"), (How.FLOODED, "flooded"), (How.KILLED, "killed")],
)
def test_an_end_without_a_verdict_is_one(how, rule):
    """Its rule names the end; one that somebody else caused is not blamed on the source."""
    verdict = failed_verdict(CODE_HASH, CellEnd(how, "it was so"))
    assert (verdict.accepted, verdict.rule, verdict.stage) == (False, rule, "trial")
    nobodys = how in (How.KILLED, How.LATE)
    assert ("says nothing about the source" in verdict.reason) is nobodys
    assert parse_verdict(verdict.fields(), stored=False) == verdict


def test_out_of_memory_is_the_candidates():
    """Its own group has ended it, and nobody from outside."""
    verdict = failed_verdict(CODE_HASH, CellEnd(How.KILLED, "out of memory", out_of_memory=True))
    assert verdict.rule == "memory" and "nothing about the source" not in verdict.reason


def test_a_verdict_that_is_none_is_a_lie():
    """And says what is wrong with it."""
    verdict = lied_verdict(CODE_HASH, CodecError("cannot use a verdict: x"))
    assert verdict.rule == "lied" and "cannot use a verdict: x" in verdict.reason

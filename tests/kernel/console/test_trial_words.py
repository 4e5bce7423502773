"""A trial in words: what a person reads of a verdict, and of trials that run and wait."""

import io

import pytest

from Kernel.console.render import show
from Kernel.console.trial_words import effect_rows, next_step, trial_line
from tests.kernel.console.fake_kernel import VERDICT, status


def shown(**more: object) -> str:
    """Return what a person sees of a verdict."""
    out = io.StringIO()
    show("try", VERDICT | {"file": "forager.py"} | more, out)
    return out.getvalue().replace("\N{THIN SPACE}", " ")


def test_an_accepted_one():
    """Verdict, what ran, cost beside the control, faults with their share, effects, what next."""
    out = shown()
    for told in (
        "● accepted  Forager, native, state carried",
        "1 000 ticks, 4 seeds, 412 molbots, beside a control",
        "tick: candidate mean 0.51 ms, p99 0.90 ms, control 0.43 ms",
        "fuel: 31.5 a call (at most 40), 63.0 a tick",
        "faults: 12 out of fuel, 3 bad value (1.5 % of 1 000 calls)",
        "+31.5  +12 to +51     more",
        "-0.25  -1 to +0.5     no clear effect",
        "hint: molt trait add forager.py",
    ):
        assert told in out, out


@pytest.mark.parametrize(
    ("more", "told", "hint"),
    [
        (
            {"rule": "names", "line": 3, "reason": "open may not be used", "stage": "validation"},
            "✕ refused  Forager: line 3: open may not be used\n  rule names, at validation",
            "molt validate forager.py",
        ),
        (
            {"rule": "killed", "reason": "the trial was killed", "stage": "trial"},
            "rule killed, at trial",
            "molt doctor",
        ),
        (
            {"rule": "died", "reason": "signal 11", "stage": "trial", "name": ""},
            "✕ refused  signal 11\n  rule died, at trial",
            "hint: molt why 0193f2c4-aa",
        ),
    ],
)
def test_a_refused_one(more, told, hint):
    """The reason first, then which rule at which station, and where to look next."""
    out = shown(accepted=False, ticks=0, effect=[], faults={}, event="0193f2c4-aa", **more)
    assert told in out and hint in out, out
    assert "control" not in out.splitlines()[1]


FEWER = {
    "metric": "population", "mean": -68.5, "low": -73.0, "high": -64.0, "pairs": 4,
    "control": 96.0, "clear": "less",
}  # fmt: skip
STILL = {"metric": "births", "mean": 0.0, "low": 0.0, "high": 0.0, "pairs": 4, "control": 7.0}


def test_what_is_clearly_more_or_fewer_is_said_in_a_line():
    """With the control's figure and the interval, before anything else is hinted at."""
    more = {**FEWER, "metric": "starved", "mean": 20.0, "low": 12.0, "high": 28.0, "control": 4.0}
    out = shown(effect=[FEWER, more, STILL])
    assert "▲ clearly fewer: population -68.5 of 96 (-73 to -64)\n" in out
    assert "○ clearly more: starved +20 of 4 (12 to 28)\n" in out
    assert out.index("clearly fewer") < out.index("hint: molt trait add forager.py")
    assert "no clear effect on any figure" in shown(effect=[{**FEWER, "high": 1.0}])


def test_one_pair_is_not_enough_to_hint_at_adding():
    """It says what gives an interval."""
    row = {**FEWER, "low": None, "high": None, "pairs": 1}
    out = shown(effect=[row])
    assert "one pair only: no interval, --seeds 4 gives one" in out
    assert "hint: molt try forager.py --seeds 4" in out and "trait add" not in out


def test_a_trait_that_changes_nothing_is_called_so():
    """And no rows of zeros are shown where the world is the very same."""
    out = shown(effect=[STILL], unchanged=True)
    assert "changes nothing: with it the world is the same" in out and "births" not in out
    assert "all differences are exactly 0" in shown(effect=[STILL], unchanged=False)


def test_where_every_call_failed_the_fault_is_first():
    """The differences say nothing then."""
    out = shown(
        accepted=False, rule="faults", reason="all", stage="trial", effect=[STILL],
        calls=15, faults={"no such attribute": 15},
    )  # fmt: skip
    assert "births" not in out and "changes nothing" not in out
    assert out.index("faults: 15 no such attribute") < out.index("tick:")


def test_the_first_fault_of_a_kind_is_told_with_its_place():
    """Line and attribute, as far as they are known."""
    first = {"out of fuel": {"line": 7, "name": ""}, "bad value": {"line": 9, "name": "colour"}}
    out = shown(first_faults=first)
    assert "faults: 12 out of fuel in line 7, 3 bad value 'colour' in line 9 (1.5 %" in out


def test_a_trait_that_came_in_is_told_with_its_trial():
    """Or that there was none."""
    answer = {
        "name": "Forager", "version": 1, "tier": "native", "applied_at_tick": 7, "why": "",
        "calls": 100, "faults": {}, "effect": [FEWER], "unchanged": False,
    }  # fmt: skip
    for more, told in (
        ({"tried": True}, "▲ clearly fewer: population -68.5"),
        ({"tried": False, "effect": []}, "▲ came in without a trial"),
    ):
        out = io.StringIO()
        show("trait add", answer | more, out)
        assert told in out.getvalue(), out.getvalue()


def test_one_pair_has_no_interval():
    """It says so instead of showing one."""
    row = {"metric": "births", "mean": 2.0, "low": None, "high": None, "pairs": 1}
    assert effect_rows({"effect": [row]}) == [("births", "+2", "one pair of runs: no interval", "")]
    row |= {"low": -3.0, "high": -1.0, "pairs": 2}
    assert effect_rows({"effect": [row]})[0][3] == "less"


def test_a_spread_that_was_not_seen_is_no_interval():
    """Two pairs that differ by the same are no certainty."""
    row = {"metric": "starved", "mean": 1.0, "low": None, "high": None, "pairs": 2}
    assert effect_rows({"effect": [row]}) == [("starved", "+1", "the same in all pairs", "")]


def test_a_multiple_of_the_world_is_shown():
    """Who asked for it wants to see it."""
    ticks = {"candidate": {"p99": 1200.0}, "control": {"p99": 900.0}}
    scale = {"factor": 4, "population": 1648, "calls": 500, "faults": 3, "tick_us": ticks}
    assert (
        "4 times as many, 1 648 molbots: candidate p99 1.20 ms, control p99 0.90 ms, "
        "3 of 500 calls failed"
    ) in shown(scale=scale)


def test_broken_checks_and_notes_are_shown():
    """What a run broke, and why the tier is not the one it could have."""
    out = shown(
        invariants=["energy books: 3 J"], note="interpreted: line 4: a dict", said="\x1b[2J"
    )
    assert (
        "broke: energy books: 3 J" in out
        and "it said: ·[2J" in out
        and "interpreted: line 4: a dict" in out
    )


def test_without_a_file_the_hint_names_the_place():
    """An answer that came otherwise has no path."""
    assert next_step({"accepted": True}) == "molt trait add FILE"
    assert next_step({"accepted": True, "file": "-"}) == "molt trait add FILE"
    assert next_step({"rule": "died"}) == "molt events kind=trial.ended"


def test_calls_in_status_and_ps():
    """What is run, for how long, of how long it may; who waits, behind how many."""
    runs = {"state": "running", "name": "a.py", "timeout_s": 10.0, "seconds": 2.5, "before": 0}
    waits = runs | {"state": "queued", "name": "b\x1b.py", "before": 2}
    for command in ("status", "ps"):
        out = io.StringIO()
        show(command, status() | {"calls": [runs, waits]}, out)
        assert "● running  call of a.py, at most 10.0 s, for 2.5 s" in out.getvalue()
        assert "▲ waiting" in out.getvalue() and "10.0 s, 2 before it" in out.getvalue()
        assert "\x1b" not in out.getvalue()


def test_trials_in_status_and_ps():
    """Who runs, for how long; who waits, behind how many."""
    runs = {
        "state": "running", "hash": "ab" * 32, "ticks": 1000, "seeds": 4, "by": "console",
        "seconds": 2.5, "before": 0,
    }  # fmt: skip
    waits = runs | {"state": "queued", "before": 2, "by": "agents"}
    assert trial_line(runs).endswith("4 seeds, asked by console, for 2.5 s")
    assert "1 seed, asked" in trial_line(runs | {"seeds": 1})
    for command in ("status", "ps"):
        out = io.StringIO()
        show(command, status() | {"trials": [runs, waits]}, out)
        assert "● running  trial of source abababababab" in out.getvalue()
        assert "▲ waiting" in out.getvalue() and "asked by agents, 2 before it" in out.getvalue()


def test_a_removal_that_waits_is_told_like_an_addition():
    """With its tick, and what lets it go on."""
    answer = {"name": "Forager", "version": 2, "tier": "native", "applied_at_tick": None}
    out = io.StringIO()
    show("trait remove", answer | {"pending": {"at_tick": 8}, "paused": True}, out)
    assert "▲ pending  the removal of Forager v2, native, at tick 8" in out.getvalue()
    assert "hint: molt resume" in out.getvalue()

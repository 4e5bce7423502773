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
            "molt events kind=trial.ended",
        ),
    ],
)
def test_a_refused_one(more, told, hint):
    """The reason first, then which rule at which station, and where to look next."""
    out = shown(accepted=False, ticks=0, effect=[], faults={}, **more)
    assert told in out and hint in out, out
    assert "control" not in out.splitlines()[1]


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
    for command in ("status", "ps"):
        out = io.StringIO()
        show(command, status() | {"trials": [runs, waits]}, out)
        assert "● running  trial of source abababababab" in out.getvalue()
        assert "▲ waiting" in out.getvalue() and "asked by agents, 2 before it" in out.getvalue()

"""Answers for people: whatever the kernel sends can be shown, and is shown readably."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.console.render import SHOWN, show, state_text
from Kernel.console.values import (
    MISSING,
    amount,
    clean,
    count,
    mib,
    milliseconds,
    span,
    whole,
    word,
)
from tests.kernel.console.fake_kernel import AGENTS, MEMORY, status

SAFE = {
    "safe_mode": True, "reason": "the kernel cannot be imported", "detail": "SyntaxError: x.py",
    "tick": 260, "runs": "slot fallback", "ticking": True, "probe_why": "it is still broken",
    "next_try": "normal running is tried again in 8 s", "hint": "molt safe-mode leave",
}  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
KEYS = (
    "kernel", "world", "zones", "degraded", "params", "tick", "hash", "state", "name", "value",
    "lineages", "population", "phases", "ms", "function_cache", "entries",
)  # fmt: skip
ANSWERS = st.recursive(
    st.dictionaries(st.sampled_from(KEYS), SCALARS, max_size=6),
    lambda inner: st.dictionaries(
        st.sampled_from(KEYS), SCALARS | inner | st.lists(inner, max_size=3), max_size=6
    ),
    max_leaves=6,
)


def shown(command: str, result: dict[str, object]) -> str:
    """Return what a person in front of a pipe sees."""
    out = io.StringIO()
    show(command, result, out)
    return out.getvalue()


@given(st.sampled_from(sorted(SHOWN)), ANSWERS)
def test_any_answer_can_be_shown(command: str, result: dict[str, object]) -> None:
    """Missing, foreign and hostile fields never raise and never reach the terminal raw."""
    out = shown(command, result)
    assert all(character.isprintable() or character in "\n\u2009" for character in out)


@pytest.mark.parametrize(
    ("cache", "told"),
    [
        ({"entries": 0, "hits": 0}, ""),
        ({"entries": 2, "hits": 5, "damaged": 0}, "2 compiled files kept, taken 5 times"),
        ({"entries": 1, "hits": 1, "damaged": 1}, "1 compiled file kept, taken 1 times, 1 damaged"),
    ],
)
def test_what_is_kept_of_compiled_files_is_told(cache: dict[str, int], told: str) -> None:
    """Once there is something."""
    out = shown("status", {"kernel": {"state": "running", "function_cache": cache}})
    assert told in out and ("compiled" in out) is bool(told)


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        ({"bus": 0, "console": 0, "scribe": 0, "by": []}, ""),
        ({"bus": 3, "console": 0, "scribe": 1}, "refused: 3 on the bus, 1 on the scribe"),
    ],
)
def test_refused_requests_are_told(refused: dict[str, object], told: str) -> None:
    """By road, once there are any."""
    out = shown("status", {"kernel": {"state": "running", "refused": refused}})
    assert told in out and ("refused" in out) is bool(told)


def test_what_is_remembered_is_shown_in_words() -> None:
    """What it is about, for how long, what for; then what there is room for."""
    out = shown("memory", MEMORY)
    line = next(line for line in out.splitlines() if "stable" in line)
    assert line.split() == [
        "budgets", "stable", "1m15s", "9m00s", "it", "broke,", "failures", "3",
    ]  # fmt: skip
    assert "budgets: restarts that a zone's code has used up, 1 of 64" in out
    assert "nothing is remembered" in shown("memory", {"entries": []})
    trouble = MEMORY | {"refused": 2, "unsaved_why": "No space left on device"}
    out = shown("memory", trouble)
    assert "2 found no room" in out and "cannot write it: No space left on device" in out


@pytest.mark.parametrize(("for_s", "told"), [(0.0, ""), (59.0, ""), (7200.0, " (for 2h00m)")])
def test_a_degraded_state_says_for_how_long(for_s: float, told: str) -> None:
    """Once it has lasted."""
    row = {"what": "archive", "why": "cannot store", "hint": "", "for_s": for_s}
    out = shown("status", {"kernel": {"state": "running"}, "degraded": [row]})
    assert f"archive: cannot store{told}\n" in out


def test_missing_keys_show_as_dashes() -> None:
    """A drill that tells nothing still shows its story, with dashes."""
    out = shown("drill", {})
    assert out.count(MISSING) >= 5


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ({"waiting": 12, "waits_s": 14.2, "lost": 0}, "12 events wait to be stored for 14 s"),
        ({"waiting": 1, "waits_s": 0.4, "lost": 0}, ""),
        ({"waiting": 0, "waits_s": 0.0, "lost": 0}, ""),
        (None, ""),
        ({"waiting": "x", "waits_s": "y"}, ""),
    ],
)
def test_events_that_wait_are_told(events: object, told: str) -> None:
    """How many of the kernel's own are not stored and for how long; not for a moment's sake."""
    answer = status()
    answer["kernel"]["events"] = events
    out = shown("status", answer)
    assert told in out and ("to be stored" in out) is bool(told)


def test_safe_mode_is_loud() -> None:
    """Safe mode stands in the kernel's line as state, in shape and word."""
    assert "✕ safe mode" in shown("status", {"kernel": {"safe_mode": True, "state": "running"}})


def test_a_paused_world_shows_its_hash() -> None:
    """While the world stands still, its hash is on the glance."""
    world = {"tick": 5, "paused": True, "hash": "9f2c"}
    out = shown("status", {"world": world})
    assert "○ paused" in out and "hash 9f2c" in out


def test_a_world_that_nothing_runs_does_not_tick() -> None:
    """Safe mode with no version that runs: the world stands still, paused or not, with the why."""
    world = {"tick": 5, "paused": False, "standing": True, "standing_why": "nothing runs it",
             "ticks_per_s": 0.0}  # fmt: skip
    for paused in (False, True):
        out = shown("status", {"world": {**world, "paused": paused}})
        assert "○ stands still" in out and "nothing runs it" in out and "0.0/s" not in out


@pytest.mark.parametrize(
    ("costs_ms", "line"),
    [
        ([2.0, 30.25], "tick 32.2 ms: b 30.2 · a 2.0\n"),
        ([0.0045, 0.001, 0.0005], "tick 0.006 ms: a 0.004 · b 0.001 · c 0.001\n"),
        ([1, 1, 1, 1, 1], "tick 5.0 ms: a 1.0 · b 1.0 · c 1.0 · d 1.0 · …\n"),
        ([0, "much", None, -1, 0.5], "tick 0.50 ms: e 0.50\n"),
    ],
)
def test_costly_phases_stand_below_the_world(costs_ms: list[object], line: str) -> None:
    """The mean tick and its four costliest phases, with as many decimals as tell something."""
    phases = [{"name": name, "ms": ms} for name, ms in zip("abcdefg", costs_ms, strict=False)]
    out = shown("status", {"world": {"tick": 5, "phases": phases}})
    assert out.splitlines(keepends=True)[2].lstrip() == line


def test_a_world_that_was_not_timed_or_counted_yet() -> None:
    """Before the first tick there is no line of phases, and nobody counted lineages."""
    out = shown("status", {"world": {"population": 287, "lineages": None, "phases": []}})
    assert "287 molbots, – lineages" in out
    out = shown("status", {"world": {"population": 500, "lineages": 0, "phases": []}})
    assert out.count("\n") == 2 and "500 molbots\n" in out


def test_a_pending_trait_says_what_applies_it_and_what_was_found() -> None:
    """Its tier's reason does not wait for the tick, and the list has what waits."""
    row = {"name": "Flee", "version": 1, "tier": "interpreted", "why": "line 5: a set"}
    out = shown("trait add", row | {"pending": {"at_tick": 9}, "paused": True})
    assert "▲ pending  Flee v1, interpreted, at tick 9\n" in out
    assert out.endswith("  interpreted: line 5: a set\n  hint: molt resume\n")
    native = row | {"tier": "native", "why": "what Vol remembers is in no copy"}
    out = shown("trait add", native | {"pending": {"at_tick": 9}})
    assert out.endswith("\n  what Vol remembers is in no copy\n")
    waiting = {"act": "add", "name": "Flee", "version": 1, "at_tick": 9}
    assert "▲ pending  add Flee v1 at tick 9\n" in shown(
        "trait list", {"traits": [], "waiting": [waiting]}
    )


def test_pending_parameters_say_what_applies_them() -> None:
    """A change that waits names its tick; how to go on is said only when the world is held."""
    asked = {"key": "friction", "value": 0.85, "pending": {"value": 0.9, "at_tick": 184_500}}
    out = shown("params", asked)
    assert (
        "friction = 0.85" in out
        and "▲ pending 0.9 at tick 184\u2009500" in out
        and "hint" not in out
    )
    assert "hint: molt resume\n" in shown("params", asked | {"paused": True})
    assert "hint" not in shown("params", asked | {"paused": True, "pending": None})
    assert "▲ pending 0.9 at tick" in shown("params", {"params": [asked]})
    assert "2 inputs waiting" in shown("status", {"world": {"tick": 5, "inputs_waiting": 2}})


def test_restored_world_says_from_what():
    """A row of its own; nothing where the world was there, or is of before there was a word."""
    restored = {"from_tick": 1200, "tick": 1234, "ticks": 34, "inputs": 1, "seconds": 0.25}
    out = shown("status", {"world": {"tick": 5, "restored": restored}})
    assert "restored from the snapshot of tick 1\N{THIN SPACE}200" in out
    assert "1 input and 34 ticks replayed to tick 1\N{THIN SPACE}234 in 0.2 s" in out
    bare = {**restored, "ticks": 0}
    assert "replayed" not in shown("status", {"world": {"tick": 5, "restored": bare}})
    assert "restored" not in shown("status", {"world": {"tick": 5, "restored": None}})


def test_each_change_of_the_configuration_has_its_line() -> None:
    """Effect as shape and word, old and new value, why it is refused, and what helps."""
    changes = [
        {"key": "world.friction", "old": 0.85, "new": 0.9, "effect": "next tick", "hint": ""},
        {"key": "world.seed", "old": 1, "new": None, "effect": "refused", "why": "w", "hint": "h"},
        {"key": "world.gravity", "old": 1.0, "new": 0.98, "effect": "kept", "why": "set by hand"},
    ]
    out = shown("reload", {"dry_run": False, "changes": changes})
    assert "● next tick  world.friction: 0.85 → 0.9\n" in out
    assert "✕ refused  world.seed: 1 → –  w\n  hint: h\n" in out.replace("—", "–")
    assert "○ kept  world.gravity: 1.0, the file says 0.98  set by hand\n" in out
    assert "not done" not in out and "not done" in shown(
        "reload", {"dry_run": True, "changes": changes}
    )
    assert shown("reload", {"dry_run": True, "changes": []}) == "○ nothing has changed\n"


def test_what_differs_from_the_files_is_shown_with_what_helps() -> None:
    """A line for each of the first, a count of the rest, one hint; nothing when nothing does."""
    rows = [{"key": f"world.k{each}", "file": 0.7, "world": 0.85} for each in range(5)]
    out = shown("status", status() | {"differs": rows})
    assert "○ world.k0: the file says 0.7, the world has 0.85\n" in out
    assert "world.k3" not in out and "○ and 2 more\n  hint: molt reload\n" in out
    assert "the file says" not in shown("status", status() | {"differs": []})


def test_a_zone_without_arena_tells_of_no_ticks() -> None:
    """A drill of a bus zone shows when it came back, and no line of dashes for ticks."""
    out = shown("drill", {"zone": "archive", "kind": "kill", "noticed_ms": 4, "served_ms": 12})
    assert "4.00 ms  noticed" in out and "12 ms  ready again" in out
    assert "tick" not in out and "heir" not in out and MISSING not in out


@pytest.mark.parametrize(
    ("state", "step", "told"),
    [
        ("ready", "throttle", "▲ throttled"),
        ("paused", "pause", "○ paused"),
        ("ready", "warn", "● ready"),
        ("ready", None, "● ready"),
        ("starting", "throttle", "▲ starting"),
    ],
)
def test_a_zone_that_is_held_is_not_simply_ready(state: str, step: str | None, told: str) -> None:
    """In `status` and in `ps` alike; safe mode, and a kernel of before, tell of no step."""
    zone = {"name": "sandbox", "state": state, "step": step, "doing": "reading stable"}
    for command in ("status", "ps"):
        (line,) = (
            each for each in shown(command, {"zones": [zone]}).splitlines() if "sandbox" in each
        )
        assert told in line


@pytest.mark.parametrize("width", [40, 60, 80])
def test_lines_break_between_facts(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a narrow terminal no number is torn and a line too long holds one fact only."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    fields = {key: value for key, value in status().items() if key != "degraded"}
    out = shown("status", fields)
    assert "184\u2009402" in out
    assert all(len(line) <= width or " · " not in line for line in out.splitlines())


@pytest.mark.parametrize(
    ("state", "text"),
    [("ready", "● ready"), ("degraded", "▲ degraded"), ("dead", "✕ dead"), ("idle", "○ idle")],
)
def test_state_is_shape_and_word(state: str, text: str) -> None:
    """A state is told by shape and word; colour comes on top."""
    assert state_text(state).plain == text


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (whole({"a": 1234567}, "a"), "1\u2009234\u2009567"),
        (whole({"a": -1000}, "a"), "-1\u2009000"),
        (whole({"a": True}, "a"), MISSING),
        (count({"a": 1}, "a", "molbot"), "1 molbot"),
        (count({"a": 2000}, "a", "molbot"), "2\u2009000 molbots"),
        (amount({"a": 0.85}, "a"), "0.85"),
        (amount({"a": 62.54}, "a", 1), "62.5"),
        (amount({"a": 1e6}, "a"), "1\u2009000\u2009000"),
        (amount({"a": 1234567.25}, "a"), "1\u2009234\u2009567.2"),
        (amount({"a": 1e-7}, "a"), "1e-07"),
        (amount({"a": float("inf")}, "a"), MISSING),
        (milliseconds({"a": 0.314}, "a"), "0.31 ms"),
        (milliseconds({"a": 1234.6}, "a"), "1\u2009235 ms"),
        (mib({"a": 148.2}, "a"), "148 MB"),
        (mib({"a": 1.94}, "a"), "1.9 MB"),
        (word({"a": 4121}, "a"), "4121"),
        (word({"a": ""}, "a"), MISSING),
        (span(9), "9 s"),
        (span(61), "1m01s"),
        (span(8053.2), "2h14m"),
        (span(3 * 86400 + 4 * 3600), "3d4h"),
        (span(-1), MISSING),
        (span("x"), MISSING),
    ],
)
def test_values(got: str, wanted: str) -> None:
    """Each value is written as people read it."""
    assert got == wanted


@given(st.text(max_size=600))
def test_clean_text_cannot_steer(text: str) -> None:
    """No control character survives, and no text is longer than its limit."""
    assert all(c.isprintable() or c == "\u2009" for c in clean(text, 100))
    assert len(clean(text, 100)) == min(len(text), 100)


def test_safe_mode_is_told_whole() -> None:
    """Why, what runs the world, the last try and the way back each have a line; normal has one."""
    text = shown("safe-mode status", SAFE)
    for words in ("✕ safe mode  the kernel cannot", "SyntaxError: x.py", "it is still broken",
                  "ticking at 260, core physics by slot fallback", "in 8 s"):  # fmt: skip
        assert words in text
    still = shown("safe-mode status", {**SAFE, "ticking": False, "world_why": "no version runs"})
    assert "stands still at tick 260: no version runs" in still
    assert "paused at tick 260, by slot fallback" in shown(
        "safe-mode status", {**SAFE, "paused": True}
    )
    assert shown("safe-mode status", {"safe_mode": False}).startswith("● running normally")


def test_long_lines_break_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a narrow terminal no word of a finding is broken, and colours stay with their words."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    long = "the folder of this home cannot be written by anybody who is here"
    finding = {"layer": "home", "verdict": "warn", "what": "folder", "value": long}
    out = Terminal()
    show("doctor", {"findings": [finding]}, out)
    plain = re.sub("\x1b\\[[0-9;]*m", "", out.getvalue())
    lines = plain.splitlines()[1:-1]
    assert len(lines) > 2 and all(len(line) <= 40 for line in lines)
    assert " ".join(plain.split()).count(long) == 1
    assert all(line.startswith(" " * 13) for line in lines[1:])
    assert "\x1b[33m▲ warn" in out.getvalue()


def test_agents_are_shown_with_their_mission_and_author() -> None:
    """Who thinks and why, what helps, who does what since when, and what came to nothing."""
    out = shown("agents", AGENTS)
    assert "genetic · no Ollama here" in out and "hint: ollama serve" in out
    assert "trig_0f3a9c · writing · plan 1, draft 2" in out and "1 more wait" in out
    assert "thinks: write" in out and "812 tokens" in out
    assert "failed in this mission:" in out and "Eater, trial: it starves" in out
    idle = shown("agents", AGENTS | {"mission": None, "queue": [], "evolution": False})
    assert "the Watcher is off" in idle
    assert "failed in" not in idle
    assert "begins" in shown("trigger", {"trigger_id": "trig_1", "begun": True})
    assert "waits" in shown("trigger", {"trigger_id": "trig_1", "begun": False})


def test_a_failure_that_comes_again_is_shown_once() -> None:
    """With how often it came, where it came last."""
    one = {"what": "coder", "stage": "author", "reason": "none has more"}
    other = {"what": "Eater", "stage": "trial", "reason": "it starves"}
    mission = dict(AGENTS["mission"]) | {"failures": [one, other, one, one]}  # type: ignore[call-overload]
    lines = [each.strip() for each in shown("agents", AGENTS | {"mission": mission}).splitlines()]
    begin = lines.index("failed in this mission:")
    assert lines[begin + 1 : begin + 3] == [
        "Eater, trial: it starves", "coder, author: none has more (3 times)",
    ]  # fmt: skip

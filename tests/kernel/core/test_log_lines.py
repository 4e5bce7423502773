"""Events as sentences: known ones, unknown ones, and what a zone may put into them."""

import re

import pytest

from Kernel.contract.event_words import SENTENCES, THIN_SPACE, grouped, printable, tell
from Kernel.core.log_lines import TOLD_BY_ROWS, journal_line, terminal_line
from tests.structure.sources import ROOT


@pytest.mark.parametrize(
    ("event", "values", "text"),
    [
        ("zone.stderr", {"zone": "stable", "line": "hello"}, "hello"),
        (
            "zone.taken_over",
            {"zone": "stable", "pid": 4121, "tick_found": 184320, "epoch": 3},
            f"its heir serves from tick 184{THIN_SPACE}320, pid 4121, epoch 3",
        ),
        ("zone.degraded", {"why": "cannot x", "hint": "df -h"}, "cannot x   hint: df -h"),
        ("boot.phase", {"phase": "prepare", "at": "start"}, "phase prepare begins"),
        (
            "boot.phase",
            {"phase": "prepare", "at": "end", "took_s": 0.84},
            "phase prepare is over after 0.8 s",
        ),
        (
            "world.restored",
            {"tick": 4300, "from_tick": 4200, "known_tick": 4310, "why": "a gap", "inputs": 0},
            f"the world of tick 4{THIN_SPACE}200 was restored and brought to tick "
            f"4{THIN_SPACE}300, the log knows 4{THIN_SPACE}310: a gap",
        ),
        ("zone.ready", {"took_s": 0.5, "found": ""}, "ready in 0.5 s"),
        ("zone.ready", {"took_s": 0.5, "found": "tick 1"}, "ready in 0.5 s: tick 1"),
        ("arena.founded", {"told": "founded from seed 1"}, "founded from seed 1"),
        (
            "zone.evidence",
            {"how": "signal 31", "place": "between two ticks", "tick": 6, "verdict": "nobody"},
            "signal 31 between two ticks, tick 6; blamed: nobody",
        ),
        (
            "zone.evidence",
            {"how": "signal 11", "place": "phase acts, trait slot 3", "tick": 6, "verdict": "x"},
            "signal 11 in phase acts, trait slot 3, tick 6; blamed: x",
        ),
        (
            "generation.promoted",
            {"generation": "", "source": "checkout", "why": ""},
            "generation of checkout serves now",
        ),
        (
            "generation.retired",
            {"generation": "ab12", "source": "checkout", "why": "spent"},
            "generation ab12 of checkout was let go: spent",
        ),
        (
            "zone.stack",
            {"pid": 7, "why": "hung", "file": "x.txt", "top": ""},
            "pid 7 hung: hung; stacks: x.txt",
        ),
        (
            "zone.stack",
            {"pid": 7, "why": "hung", "file": "x.txt", "top": "a.py:3 f"},
            "pid 7 hung: hung; a.py:3 f; stacks: x.txt",
        ),
        (
            "command.taken",
            {"command": "pause", "args": {"at_tick": 3}, "done": False, "who": None, "l": [1, 2]},
            "command.taken  at_tick=3  command=pause  done=no  l=1,2  who=\N{EN DASH}",
        ),
        ("input.applied", {"input": {"kind": "world.pause", "at_tick": 0}},
         "applied: kind=world.pause  at_tick=0".replace("  ", " ")),
        ("world.lineage", {"born": {"ids": [1, 2]}, "died": {"ids": ()}}, "2 born, 0 died"),
        ("world.lineage", {"born": 7}, "\N{EN DASH} born, \N{EN DASH} died"),
        ("zone.ready", {"took_s": [1], "found": ""}, "zone.ready  found=\N{EN DASH}  took_s=1"),
        ("gate.opened", {"zone": "x", "b": 2, "hint": "go"}, "gate.opened  b=2   hint: go"),
    ],
)  # fmt: skip
def test_event_as_a_sentence(event, values, text):
    """A known event is a sentence with counts in groups; an unknown one is its values."""
    assert tell(event, values) == text


def test_known_event_with_other_values():
    """An event that lacks what its sentence names, or has another type, is told as it is."""
    assert tell("zone.taken_over", {"pid": 5}) == "zone.taken_over  pid=5"
    assert tell("kernel.ready", {"boot_s": "soon"}) == "kernel.ready  boot_s=soon"


def test_values_are_no_templates():
    """Braces in a value are text."""
    assert tell("zone.stderr", {"line": "{0} {why} {{}}"}) == "{0} {why} {{}}"


def test_nothing_moves_the_cursor():
    """Control characters of a zone are shown, not obeyed; letters of any script stay."""
    values = {"zone": "a\x1b[2J", "line": "b\r\x07é\u202e"}
    line = terminal_line("12:00:00", "info", "zone.stderr", values, False)
    assert line == "12:00:00  a\\x1b[2J  │ b\\r\\x07é\\u202e"
    assert printable("\nx" + THIN_SPACE) == "\\nx" + THIN_SPACE


@pytest.mark.parametrize(
    ("level", "line"),
    [
        ("info", "12:00:00  stable    │ x"),
        ("warning", "12:00:00  stable    │ ▲ x"),
        ("error", "12:00:00  stable    │ ✕ x"),
    ],
)
def test_terminal_line_tells_what_went_wrong_by_shape_too(level, line):
    """Aligned; the mark says what the colour says, and colour changes no character of the text."""
    values = {"zone": "stable", "line": "x"}
    assert terminal_line("12:00:00", level, "zone.stderr", values, False) == line
    coloured = terminal_line("12:00:00", level, "zone.stderr", values, True)
    assert coloured != line and re.sub(r"\x1b\[\d*m", "", coloured) == line


@pytest.mark.parametrize(("level", "number"), [("info", 6), ("warning", 4), ("error", 3)])
def test_journal_line_has_a_priority_and_one_line(level, number):
    """One line, its priority in front, no time: the journal has its own."""
    line = journal_line(level, "zone.stderr", {"zone": "stable", "line": "a\nb"})
    assert line == f"<{number}>stable: a\\nb"


def test_whose_event_without_a_zone():
    """An event of no zone is told by the part of the kernel it is named for."""
    assert journal_line("info", "kernel.stopping", {}) == "<6>kernel: stopping"


def test_groups_of_three():
    """Counts are grouped by thin spaces."""
    assert (grouped(999), grouped(1204112)) == ("999", f"1{THIN_SPACE}204{THIN_SPACE}112")


def test_every_sentence_is_of_an_event_that_is_logged():
    """A sentence for an event nobody tells is a leftover of a change."""
    source = "\n".join(path.read_text() for path in (ROOT / "Kernel").rglob("*.py"))
    for event in (*SENTENCES, *TOLD_BY_ROWS):
        assert len(re.findall(f'"{re.escape(event)}"', source)) > 1, event

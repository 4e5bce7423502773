"""`molt chaos` asks first, can be looked at before, and says what it cannot do."""

import argparse
import io
import json

import pytest

from Kernel.contract.errors import Refused, UsageError
from tools.chaos import command
from tools.chaos.campaign import Round
from tools.chaos.command import MINUTES_MAX, confirm, minutes, show, show_faults
from tools.chaos.fault import Fault, Injury, Misses


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        """Say that somebody is there."""
        return True


def options(**given: object) -> argparse.Namespace:
    """Return options as they are read."""
    return argparse.Namespace(**{"minutes": 2.0, "seed": 5, "home": "/home", **given})


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1441", "x", ""])
def test_how_long_has_limits(text):
    """Above 0 and at most a day; the message says so."""
    with pytest.raises(argparse.ArgumentTypeError, match=f"up to {MINUTES_MAX:g} minutes"):
        minutes(text)


def test_how_long_may_be_part_of_a_minute():
    """A tenth of one, or all of a day."""
    assert (minutes("0.1"), minutes("1440")) == (0.1, MINUTES_MAX)


def test_nobody_at_the_terminal_must_say_yes(monkeypatch):
    """The hint is the whole command."""
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(UsageError, match="nobody is at the terminal") as caught:
        confirm(options())
    assert caught.value.hint == "molt chaos --minutes 2 --seed 5 --yes"


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "yess\n"])
def test_anything_but_yes_is_no(monkeypatch, answer):
    """Nothing is done."""
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    with pytest.raises(Refused, match="the answer was no"):
        confirm(options(seed=None))


@pytest.mark.parametrize("answer", ["y\n", "Yes\n"])
def test_yes_is_yes(monkeypatch, capsys, answer):
    """The question is talk, and says what comes."""
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    confirm(options())
    said = capsys.readouterr()
    assert "hurts the kernel at /home for 2 minutes" in said.err and not said.out


def test_what_could_happen_is_listed(capsys):
    """Most often first, each with its share; as data with all that is known of it."""
    faults = [
        Fault("rare", 1, lambda *_: Injury("")),
        Fault("often", 3, lambda *_: Injury(""), Misses.MANY, alone=True),
    ]
    show_faults(faults, as_json=False)
    assert capsys.readouterr().out.splitlines()[1:] == ["   75.0  often", "   25.0  rare"]
    show_faults(faults, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["dry_run"] is True
    assert told["faults"][0] == {
        "name": "often", "weight": 3, "share": 0.75, "misses": "many", "alone": True,
    }  # fmt: skip


def test_a_round_is_a_line(capsys):
    """What does not hold is below it."""
    show(Round(3.0, 9, ["kill it"], ["9 to 4"], 0.25))
    show(Round(4.0, 9, ["kill it"], ["9 to 4"], 0.25, breaches=["a tick is lost"]))
    assert capsys.readouterr().err.splitlines() == [
        "     3 s  9 to 4  back after 0.25 s",
        "     4 s  9 to 4  back after 0.25 s",
        "  FALSE: a tick is lost",
    ]


class TestReplay:
    """What the log gives."""

    def told(self, monkeypatch, out: str, err: str = "") -> command.Check:
        done = argparse.Namespace(stdout=out, stderr=err)
        monkeypatch.setattr(command.subprocess, "run", lambda *_a, **_k: done)
        return command.check_replay("/home")

    def test_the_same_world(self, monkeypatch):
        """It holds when the tool says so."""
        out = {"holds": True, "snapshots_checked": 2, "tick": 9}
        assert self.told(monkeypatch, json.dumps(out)).holds
        assert not self.told(monkeypatch, json.dumps(out | {"holds": False})).holds

    @pytest.mark.parametrize("out", ["", "{", '{"error": {}}'])
    def test_what_is_no_answer_does_not_hold(self, monkeypatch, out):
        """The reason is what the tool said."""
        check = self.told(monkeypatch, out, "cannot read the log")
        assert not check.holds and check.found == "cannot read the log"

"""`molt why`: a tree for people, a document for programs."""

import json
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.envelope import Role, id_text
from Kernel.contract.places import LEDGER
from tests.zones.ledger.exports.small_ledger import harm
from tests.zones.ledger.paper_ledger import event_id, make
from tests.zones.ledger.real_ledger import index, store
from tests.zones.ledger.society import decided
from zones.ledger.__main__ import main
from zones.ledger.commands.why import fit
from zones.runtime.ledger_index import FILE

EVENTS = [
    make(1, "command.taken", zone="kernel",
         payload={"command": "drill", "by_pid": 7, "args": {"kind": "kill"}}),
    make(2, "drill.begun", zone="kernel", cause=1,
         payload={"zone": "stable", "fault": "kill", "pid": 9}),
    make(3, "zone.taken_over", zone="kernel", cause=2,
         payload={"zone": "stable", "pid": 10, "epoch": 2, "tick_found": 3}),
    make(4, "zone.ready", cause=b"\x33" * 16, payload={"took_s": ["x"], "found": "\x1b[2J"}),
    make(5, "note", cause=5, payload=b"\xc1"),
    make(6, "note", payload=b"\x82\xa1x" + b"\x91" * 900 + b"\xc0" + b"\xa1y\xca\x7f\xc0\x00\x00"),
]  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    store(tmp_path / LEDGER, EVENTS)
    index(tmp_path / LEDGER)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["why", "--home", str(tmp_path), *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_tree_for_people(run: Any) -> None:
    """Newest first, each cause below what it caused, a sentence each, the position last."""
    code, out, err = run("3")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith("#3 2027-01-15T08:00:03.000Z ")
    assert lines[1].split()[:2] == ["zone.taken_over", "stable:"]
    assert lines[2].startswith(" └ drill.begun")
    assert lines[3].startswith("   └ command.taken")
    assert "'drill' with kind=kill was asked for by pid 7" in lines[3]
    assert lines[3].endswith("#1")
    assert "--effects" not in err, "nothing came of it"
    assert " why 2 --effects" in run("2")[2]


def test_who_acts_is_named_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence that begins with who acts is not headed by them again."""
    store(tmp_path / LEDGER, [decided(1, "coder-1", Role.CODER, "greedy foraging")])
    main(["why", "--home", str(tmp_path), "1"])
    assert "agent.decided        coder-1 decided: greedy foraging" in capsys.readouterr().out


def test_without_an_index_the_hint_says_how_to_look(run: Any, tmp_path: Path) -> None:
    """Whether anything came of it is not known then."""
    (tmp_path / LEDGER / FILE).unlink()
    assert " why 3 --effects" in run("3")[2]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("1", "its sender named no cause"),
        ("4", "cause 33333333-3333-3333-3333-333333333333 is not in the ledger"),
        ("5", "a circle"),
    ],
)
def test_where_it_ends(run: Any, word: str, said: str) -> None:
    """A chain says why it ends; a hostile payload is shown and does nothing."""
    out = run(word)[1]
    assert said in out
    assert "\x1b" not in out


def test_a_mutation_leads_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where an event is about a mutation, it is said how that is looked at whole."""
    payload = {"mutation_id": "mut_0123456789ab", "trait_name": "T", "version": 1}
    store(tmp_path / LEDGER, [make(1, "mutation.kept", payload=payload), make(2, cause=1)])
    for word in ("mut_012345", "2"):
        assert main(["why", "--home", str(tmp_path), word]) == 0
        assert " mutation mut_0123456789ab" in capsys.readouterr().err


def test_effects(run: Any) -> None:
    """What came of it, each below its cause."""
    out = run("1", "--effects")[1].splitlines()
    assert out[3] == "what came of #1:"
    assert out[4].startswith(" └ drill.begun") and out[5].startswith("   └ zone.taken_over")
    assert (
        run("3", "--effects")[1].splitlines()[-1] == "nothing in the ledger names it as its cause"
    )


def test_a_document(run: Any) -> None:
    """With --json the chain, its root, whether it is whole, and the effects."""
    told = json.loads(run(id_text(event_id(3)), "--json", "--effects")[1])
    assert told["event"]["position"] == 3
    assert [event["position"] for event in told["causes"]] == [2, 1]
    assert told["root"] == id_text(event_id(1))
    assert (told["complete"], told["missing"], told["effects"]) == (True, None, [])
    assert json.loads(run("4", "--json")[1])["missing"] == "33333333-3333-3333-3333-333333333333"


def test_hostile_payloads(run: Any) -> None:
    """Nested a thousand deep, and no number: told, valid JSON, and nobody falls over it."""
    told = json.loads(run("6", "--json")[1], parse_constant=pytest.fail)
    assert "(nested too deep)" in json.dumps(told)
    assert told["event"]["payload"]["y"] == "nan"
    assert run("6")[0] == 0


def test_unknown(run: Any) -> None:
    """What is in no ledger is refused with 5; with --json as a document."""
    assert run("nothing")[0] == 5
    code, out, _ = run("nothing", "--json")
    assert code == 5 and json.loads(out)["error"]["message"].startswith("cannot find 'nothing'")


def test_a_narrow_terminal_keeps_positions() -> None:
    """The middle of a line is cut: the position at its end is what is typed next."""
    line = "zone.ready           stable: " + "ready " * 20 + "  tick 12  #1204"
    assert fit(line, 60).endswith("…  #1204") and len(fit(line, 60)) == 60
    assert fit("short  #1", 60) == "short  #1"
    assert fit("x" * 70, 60) == "x" * 59 + "…"


@pytest.mark.parametrize("command", ["why", "events"])
def test_what_is_missing_on_the_way_is_said(
    run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """A hole, a changed record, a gap on record: none is passed in silence."""
    harm(tmp_path, "DELETE FROM records WHERE position IN (2, 5)")
    harm(tmp_path, "UPDATE records SET record = zeroblob(9) WHERE position = 4")
    harm(tmp_path, "INSERT INTO gaps VALUES (5, 5, 'the disk broke', 1)")
    words = {"why": ["3"], "events": ["--no-index"]}[command]
    assert main([command, "--home", str(tmp_path), *words]) == 0
    err = capsys.readouterr().err
    assert "is missing (#2), and nothing on record says why" in err
    if command == "events":
        assert "event 4 of the ledger: it does not fit its head" in err
        assert "is missing (#5): the disk broke" in err


@pytest.mark.parametrize(
    ("position", "said"),
    [("2", "cannot read event 2 "), ("4", "cannot read event 4 "), ("5", "the disk broke")],
)
def test_position_whose_event_is_lost_is_not_said_to_be_none(
    run: Any, tmp_path: Path, position: str, said: str
) -> None:
    """It is within the ledger: it is lost, and not a wrong word."""
    harm(tmp_path, "DELETE FROM records WHERE position IN (2, 5)")
    harm(tmp_path, "UPDATE records SET record = zeroblob(9) WHERE position = 4")
    harm(tmp_path, "INSERT INTO gaps VALUES (5, 5, 'the disk broke', 1)")
    code, out, err = run(position)
    assert (code, out) == (1, "")
    assert said in err and "no position from" not in err

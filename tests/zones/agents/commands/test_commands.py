"""`molt mutations`, `mutation`, `diff`, `blame`: from a ledger alone, with or without its index."""

import json
from pathlib import Path
from typing import Any

import pytest

from Kernel.console.commands import BY_NAME
from Kernel.console.evolution_table import STATUSES as TABLE_STATUSES
from Kernel.contract.event_words import THIN_SPACE
from Kernel.contract.places import LEDGER
from tests.zones.agents.mutation_history import (
    FORAGER_1,
    FORAGER_2,
    FORAGER_3,
    HISTORY,
    OUTSIDE,
    id_of,
)
from tests.zones.ledger.real_ledger import index, store
from zones.agents.__main__ import COMMANDS, main
from zones.agents.mutation import STATUSES
from zones.runtime.trait_store import TraitStore


@pytest.fixture(params=[True, False], ids=["index", "no index"])
def run(request: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    store(tmp_path / LEDGER, HISTORY)
    if request.param:
        index(tmp_path / LEDGER)
    TraitStore(tmp_path).begin(FORAGER_3.encode())  # of the console: no event has its source

    def run(*words: str) -> tuple[int, str, str]:
        code = main([*words, "--home", str(tmp_path)])
        said = capsys.readouterr()
        assert "\x1b" not in said.out + said.err
        return code, said.out, said.err

    return run


def test_a_table(run: Any) -> None:
    """Newest first, a row each: state as shape and word, effect with interval, or why not."""
    code, out, err = run("mutations")
    lines = out.splitlines()
    assert code == 0 and lines[0].split() == [
        "id", "trait", "by", "verdict", "effect", "(95", "%),", "or", "why", "not", "when",
    ]  # fmt: skip
    rows = {line.split()[0]: line for line in lines[1:]}
    assert rows[id_of(FORAGER_1)].split()[1:3] == ["Forager_v1", "ollama"]
    assert "● kept" in rows[id_of(FORAGER_1)]
    assert "population +4.1 % [+3.0, +5.3]" in rows[id_of(FORAGER_1)]
    assert "✕ refused" in rows[id_of(OUTSIDE)]
    assert "validation: it went wrong (line 1)" in rows[id_of(OUTSIDE)]
    assert "↩ rolled back" in rows[id_of(FORAGER_2)]
    assert "▲ quarantined" in rows[id_of(FORAGER_3)]
    assert "molt" in err and " why " in err


def test_a_document(run: Any) -> None:
    """The fields of SPEC 9, oldest news first; a status chooses, and so does --last."""
    told = json.loads(run("mutations", "--json")[1])["mutations"]
    wanted = {
        "id", "trait", "version", "author", "status", "stage", "reason", "applied_at_tick",
        "effect",
    }  # fmt: skip
    assert all(wanted <= set(each) for each in told)
    assert [each["news"] for each in told] == sorted(each["news"] for each in told)
    kept = json.loads(run("mutations", "--json", "--status", "kept")[1])["mutations"]
    assert [each["id"] for each in kept] == [id_of(FORAGER_1)]
    effect = kept[0]["effect"]
    assert {"metric", "mean", "low", "high", "pairs"} <= set(effect)
    assert len(json.loads(run("mutations", "--json", "--last", "2")[1])["mutations"]) == 2
    assert "has that status" in run("mutations", "--status", "validated")[1]


def test_one_whole(run: Any) -> None:
    """Trouble, plan, decisions with what was not taken, trial, guard, effects, source."""
    code, out, err = run("mutation", "Forager_v1")
    assert code == 0 and out.startswith(f"{id_of(FORAGER_1)}  Forager_v1  ● kept\n")
    for said in (
        "starvation, high, 409 Molbots  #1",
        "new_trait: eat what is near  #3",
        "they starve beside food (confidence 0.75)  #2",
        "not taken: more rain",
        "it is what was planned (confidence 0.75)  #6",
        "accepted, 1 000 ticks, 4 seeds, 12 000 calls, no faults",
        "population +4.1 % [+3.0, +5.3], 16 pairs (measured)",
        "2 000 ticks from tick 900; degraded: four seeds",
        "ollama, llama3:8b, prompt abababababab, at tick 5",
        "    3 │         entity.eat(1.0)",
    ):
        assert said in out.replace(THIN_SPACE, " ")
    assert "blame Forager" in err and "diff mut_" in err


def test_one_whole_for_programs(run: Any) -> None:
    """The record, plan and trigger as told, the decisions as events, the source."""
    told = json.loads(run("mutation", id_of(FORAGER_2)[:9], "--json")[1])
    assert told["mutation"]["rollback_to"] == "Forager_v1"
    assert told["plan"]["description"] == "eat what is near"
    assert told["trigger"]["severity"] == "high"
    assert [event["position"] for event in told["decisions"]] == [2, 4]
    assert told["source"] == FORAGER_2


def test_a_diff(run: Any) -> None:
    """Against the version before, wherever the sources are; of the first one all is new."""
    code, out, _ = run("diff", "Forager_v3")
    assert code == 0
    assert "-        entity.eat(1.0)\n+        entity.eat(2.0)\n" in out
    assert f"--- Forager_v2 ({id_of(FORAGER_2)})" in out
    told = json.loads(run("diff", "Forager_v1", "--json")[1])
    assert told["against"] is None and len(told["diff"]) == 3 + FORAGER_1.count("\n")


def test_a_diff_of_parameters(run: Any) -> None:
    """Old and new values; one that no event tells is not made up."""
    out = run("diff", "mut_012345")[1]
    assert "metabolism  0.75 → 0.25" in out and "rain  ? → 2" in out
    told = json.loads(run("diff", "mut_012345", "--json")[1])
    assert told["params"][1] == {"name": "rain", "old": None, "new": 2.0} and not told["diff"]


def test_blame(run: Any) -> None:
    """Each line belongs to the version it came in with, also where that one was taken back."""
    told = json.loads(run("blame", "Forager_v3", "--json")[1])
    assert [line["version"] for line in told["lines"]] == [1, 1, 2, 3]
    third = told["lines"][2]
    assert (third["author"], third["applied_at_tick"]) == ("genetic", 1800)
    code, out, err = run("blame", "forager")
    assert code == 0 and out.splitlines()[0].startswith(f"v1 {id_of(FORAGER_1)}  llama3:8b ababab")
    assert "population +4.1 % [+3.0, +5.3]" in out, "the world has version 1"
    assert out.splitlines()[1].lstrip().startswith("2 │")
    assert "diff" in err


@pytest.mark.parametrize("command", ["mutation", "diff", "blame"])
def test_what_is_not_there(run: Any, command: str) -> None:
    """It is refused with 5, and a hint; several are never guessed between."""
    code, out, _ = run(command, "nothing", "--json")
    assert code == 5 and json.loads(out)["error"]["message"].startswith("cannot find mutation")
    assert "molt" in json.loads(out)["error"]["hint"]


def test_an_event_leads_to_its_mutation(run: Any) -> None:
    """Ids that other commands print are accepted: a position, here of guard.tripped."""
    assert json.loads(run("mutation", "#19", "--json")[1])["mutation"]["id"] == id_of(FORAGER_2)


def test_the_source_may_be_gone(run: Any, tmp_path: Path) -> None:
    """Then diff says so, and blame of it as well; the rest of the record stays."""
    for path in (tmp_path / "data" / "traits").rglob("source.py"):
        path.unlink()
    assert run("diff", "Forager_v3")[0] == 5
    assert run("blame", "Forager_v3")[0] == 5
    assert json.loads(run("mutation", "Forager_v3", "--json")[1])["source"] is None


@pytest.mark.parametrize("name", COMMANDS)
def test_a_home_without_a_ledger(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each leaves with 69, in the one documented form; nothing is made."""
    words = () if name == "mutations" else ("x",)
    assert main([name, *words, "--home", str(tmp_path), "--json"]) == 69
    assert json.loads(capsys.readouterr().out)["error"]["code"] == 69
    assert not list(tmp_path.iterdir())


def test_no_mutations_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said what would make one."""
    store(tmp_path / LEDGER, HISTORY[:1])
    assert main(["mutations", "--home", str(tmp_path)]) == 0
    assert "no mutations yet" in capsys.readouterr().out


def test_the_table_of_commands_knows_them() -> None:
    """What the command line offers is what there is."""
    assert TABLE_STATUSES == STATUSES
    assert {BY_NAME[name].runs for name in COMMANDS} == {
        ("zones.agents", name) for name in COMMANDS
    }

"""The commands that ask: tables for people, documents for programs."""

import json
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.places import LEDGER
from tests.zones.ledger.real_ledger import store
from tests.zones.ledger.society import SOCIETY
from zones.ledger.__main__ import main


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    store(tmp_path / LEDGER, SOCIETY)

    def run(*words: str) -> tuple[int, str]:
        code = main([words[0], "--home", str(tmp_path), *words[1:]])
        return code, capsys.readouterr().out

    return run


@pytest.mark.parametrize(
    ("words", "key", "positions"),
    [
        (("decisions", "coder-1"), "decisions", [7]),
        (("decisions", "architect", "--since", "#3"), "decisions", []),
        (("conversations", "coder-1", "architect-1"), "messages", [3, 4, 6]),
        (("conversations", "coder-1", "architect-1", "food", "--until", "#3"), "messages", [3]),
        (("relations", "coder-2"), "relations", [5, 11]),
        (("relations", "--of", "triggered", "--of", "talked_to", "coder-1"), "relations",
         [3, 4, 5, 6, 7]),
        (("history", "M-0143"), "events", [8, 10, 12]),
    ],
)  # fmt: skip
def test_documents(run: Any, words: tuple[str, ...], key: str, positions: list[int]) -> None:
    """One document with the positions of what fits."""
    code, out = run(*words, "--json")
    told = json.loads(out)
    assert (code, told["v"]) == (0, 1)
    assert [each["position"] for each in told[key]] == positions


def test_rolled_back(run: Any) -> None:
    """Files, who modified them, and the rollback; as a table and as a document."""
    told = json.loads(run("rolled-back", "coder-2", "--json")[1])
    assert told["files"][0]["file"] == "notes.md"
    assert told["files"][0]["rolled_back"]["position"] == 15
    lines = run("rolled-back", "coder-2")[1].splitlines()
    assert lines[0].split() == ["file", "agent", "mutation", "modified", "rolled", "back", "how"]
    assert lines[1].split() == ["notes.md", "coder-2", "-", "#11", "#15", "named"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("decisions", "coder-1"), "greedy foraging"),
        (("conversations", "coder-1", "coder-2"), "coder-1 to coder-2 about food density: well"),
        (("relations", "notes.md"), "depends_on  notes.md  a.md"),
        (("history", "M-0143"), "mutation M-0143 failed in guard: slow"),
        (("decisions", "nobody"), "nobody has decided nothing"),
        (("decisions", "nobody", "--since", "#3"), "nobody has decided nothing in that time:"),
        (("conversations", "a", "b"), "a and b have said nothing to each other.\n"),
        (("conversations", "a", "b", "food"), "said nothing to each other about 'food'."),
        (("relations", "x"), "No relation of 'x' is known"),
        (("rolled-back", "architect"), "No file that architect modified has led to a rollback"),
        (("history", "y"), "No event names 'y'"),
    ],
)
def test_for_people(run: Any, words: tuple[str, ...], said: str) -> None:
    """A row or a sentence, also where there is nothing."""
    code, out = run(*words)
    assert code == 0
    assert said in out


@pytest.mark.parametrize(("command", "lacks"), [("history", "ID"), ("rolled-back", "AGENT")])
def test_a_word_that_is_missing_is_named(
    command: str, lacks: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the page that has examples."""
    assert main([command]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0] == f"cannot read the command line: {lacks} is missing"
    assert told[1] == f"hint: molt help {command}"

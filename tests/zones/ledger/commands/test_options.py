"""What all commands of the ledger share: errors for programs, hints about their home."""

import json
from pathlib import Path

import pytest

from zones.ledger.__main__ import COMMANDS, main
from zones.ledger.commands.options import CHECKOUT, pasteable

WORDS = {
    "conversations": ("a", "b"),
    "decisions": ("a",),
    "emit": ("build.done",),
    "export": ("x.jsonl",),
    "history": ("a",),
    "rolled-back": ("a",),
    "sql": ("SELECT 1",),
    "why": ("1",),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_home_without_a_ledger(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each leaves with 69, tells it in the one documented form, and names the home in its hint."""
    assert main([name, *WORDS.get(name, ()), "--home", str(tmp_path), "--json"]) == 69
    said = capsys.readouterr()
    error = json.loads(said.out)["error"]
    assert set(error) == {"code", "message", "hint"} and error["code"] == 69
    assert error["hint"] == f"python manifest.py --home {tmp_path}"
    assert error["message"] in said.err


@pytest.mark.parametrize(("name", "missing"), [("export", "FILE|FOLDER"), ("emit", "KIND")])
def test_what_is_missing(
    name: str, missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only words that are required are named as missing; so is the home."""
    assert main([name, "--home", str(tmp_path)]) == 2
    assert f"required: {missing}\n" in capsys.readouterr().err
    assert main(["events"]) == 2
    assert "--home DIR is missing" in capsys.readouterr().err


def test_hints_name_a_home_only_where_they_must(monkeypatch: pytest.MonkeyPatch) -> None:
    """Molt finds MOLT_HOME or the checkout by itself, the kernel only the checkout."""
    monkeypatch.delenv("MOLT_HOME", raising=False)
    assert pasteable("molt verify", CHECKOUT) == "molt verify"
    assert pasteable("molt verify", Path("/w o")) == "molt --home '/w o' verify"
    assert pasteable("molt verify", None) == "molt verify"
    monkeypatch.setenv("MOLT_HOME", "/world")
    assert pasteable("molt verify", Path("/world")) == "molt verify"
    assert pasteable("python manifest.py", Path("/world")) == "python manifest.py --home /world"

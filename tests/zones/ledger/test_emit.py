"""`molt emit`: one event from a shell, in the ledger or waiting."""

import json
from pathlib import Path

import pytest

from Kernel.contract.errors import Refused, UsageError
from Kernel.contract.places import LEDGER
from tests.zones.ledger.paper_ledger import make
from tests.zones.ledger.real_ledger import store
from tests.zones.runtime.test_scribe import Home
from zones.ledger.__main__ import main
from zones.ledger.commands.emit import cause_id, parse_fields


def test_fields_are_json_where_they_read_as_json() -> None:
    """Numbers, lists and flags are what they look like; all else is a text."""
    words = ["a=1", "b=1.5", "c=true", "d=[1, 2]", "e=two words", "f=", 'g="1"', "h=x=y", "i=NaN"]
    assert parse_fields(words) == {
        "a": 1, "b": 1.5, "c": True, "d": [1, 2], "e": "two words", "f": "", "g": "1", "h": "x=y",
        "i": "NaN",
    }  # fmt: skip


@pytest.mark.parametrize("words", [["a"], ["=1"], ["a=1", "a=2"]])
def test_what_is_no_field(words: list[str]) -> None:
    """The word is named."""
    with pytest.raises(UsageError, match=r"FIELD=VALUE|'a' was given before"):
        parse_fields(words)


@pytest.mark.parametrize(
    "words", [["zone.died"], ["Bad Kind"], ["build.done", "x=" + "y" * 70_000]]
)
def test_what_is_refused(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the ledger will never take leaves with 5, as the table says."""
    (tmp_path / LEDGER).mkdir(parents=True)
    assert main(["emit", *words, "--home", str(tmp_path)]) == 5
    assert capsys.readouterr().err.startswith("cannot ")


def test_a_cause_is_named_as_molt_why_takes_it(tmp_path: Path) -> None:
    """A position, the beginning of an id, or a whole id, which may be of one that still waits."""
    events = [make(n, id=bytes([n, 0xAB]) + bytes(14)) for n in (1, 2)]
    store(tmp_path / LEDGER, events)
    for word in ("2", "#2", "02ab0", events[1].id.hex()):
        assert cause_id(tmp_path, word).replace("-", "") == events[1].id.hex()
    assert cause_id(tmp_path, "f" * 32) == "f" * 32
    with pytest.raises(Refused, match="cannot find '#99'"):
        cause_id(tmp_path, "#99")


def test_a_folder_without_a_kernel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is made in a folder that was named by mistake."""
    home = tmp_path / "nowhere"
    assert main(["emit", "build.done", "--home", str(home)]) == 69
    assert f"hint: python manifest.py --home {home}" in capsys.readouterr().err
    assert not home.exists()


def test_from_waiting_to_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says where the event is; what has waited is stored by the next one, in order."""
    monkeypatch.setattr("zones.ledger.commands.emit.TIMEOUT_S", 0.2)
    home = Home(tmp_path)
    words = ["emit", "build.done", "n=1", "--home", str(tmp_path)]
    try:
        assert main([*words, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["waits"] and told["position"] is None
        home.run()
        assert main(words) == 0
        assert capsys.readouterr().out.endswith("  #2\n")
        assert [e.agent for e in home.log.envelopes()] == ["molt emit", "molt emit"]
        assert main(["emit", "zone.died", "--home", str(tmp_path), "--json"]) == 5
        error = json.loads(capsys.readouterr().out)["error"]
        assert error["code"] == 5 and "molt's own" in error["message"]
        assert error["hint"] == "molt help emit"
    finally:
        home.halt()
        home.close()


def test_what_waited_and_is_refused_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever emits next is told, with the place and the reason."""
    monkeypatch.setattr("zones.ledger.commands.emit.TIMEOUT_S", 0.2)
    home = Home(tmp_path)
    try:
        home.client().emit("build.done", {"n": 1}, tick="soon")
        home.clients.pop().close()
        home.run()
        assert main(["emit", "build.done", "n=2", "--home", str(tmp_path), "--json"]) == 0
        said = capsys.readouterr()
        assert json.loads(said.out)["refused"] == 1 and home.numbers() == [2]
        assert "scribe.refused" in said.err and "cannot use tick" in said.err
    finally:
        home.halt()
        home.close()

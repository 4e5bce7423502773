"""`molt emit`: one event from a shell, in the ledger or waiting."""

import json
from pathlib import Path

import pytest

from Kernel.contract.errors import UsageError
from tests.zones.runtime.test_scribe import Home
from zones.ledger.__main__ import main
from zones.ledger.commands.emit import parse_fields


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
    with pytest.raises(UsageError, match="FIELD=VALUE"):
        parse_fields(words)


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
        assert main(["emit", "zone.died", "--home", str(tmp_path), "--json"]) == 1
        assert "molt's own" in json.loads(capsys.readouterr().out)["error"]
    finally:
        home.halt()
        home.close()

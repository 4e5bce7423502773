"""`python -m zones.traits validate`: verdicts for people and programs, and exit codes."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from zones.traits.__main__ import main, reasons
from zones.traits.verdict import Verdict

GOOD = "class Calm(Trait):\n    async def execute(self, entity):\n        entity.vx = 0.0\n"
BAD = "import math\nimport os\n" + GOOD
KEYS = {"file", "accepted", "rule", "line", "reason", "tier", "state"}


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str, str]:
    for name, text in (("good.py", GOOD), ("bad.py", BAD)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tuple(str(tmp_path / name) for name in ("good.py", "bad.py", "none.py"))


def test_one_file_is_told_at_the_top(
    files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A program that checks one file reads the verdict at the top of the one document."""
    good, bad, _ = files
    assert main(["validate", good, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document.keys() >= KEYS and document["accepted"] is True
    assert (document["file"], document["state"]) == (good, "none")
    assert main(["validate", "--json", bad]) == 5
    document = json.loads(capsys.readouterr().out)
    assert (document["accepted"], document["rule"], document["line"]) == (False, "import", 2)


def test_many_files_are_one_document(
    files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of many files the verdicts stand in one document, in their order, a row for each."""
    assert main(["validate", "--json", *files[:2], files[0]]) == 5
    rows = json.loads(capsys.readouterr().out)["verdicts"]
    assert [row["accepted"] for row in rows] == [True, False, True]
    assert all(row.keys() >= KEYS for row in rows)


def test_people_read_a_line_for_each(
    files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """People see file, line, rule and reason, and at the end how many there were."""
    good, bad, _ = files
    assert main(["validate", good, bad]) == 5
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(f"{good}: accepted: Calm, ")
    assert any(line.startswith(f"{bad}:2: refused by rule import: 'os' cannot") for line in out)
    assert out[-1] == "2 files: 1 accepted, 1 refused"


def test_each_reason_is_told_once_and_of_what() -> None:
    """Why it is interpreted and why volatile; one line where both are the same."""
    verdict = Verdict(True, why_interpreted="line 3: a", why_volatile="line 3: a")
    assert reasons(verdict) == [("interpreted, volatile", "line 3: a")]
    apart = replace(verdict, why_volatile="line 4: b")
    assert reasons(apart) == [("interpreted", "line 3: a"), ("volatile", "line 4: b")]
    assert reasons(Verdict(True)) == []


def test_what_cannot_be_read_is_told_apart(
    files: tuple[str, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is not there, or is a folder, is no refusal: exit 2, the others are judged."""
    good, bad, none = files
    assert main(["validate", none, str(tmp_path), good, bad]) == 2
    told = capsys.readouterr()
    assert f"cannot read {none}: No such file or directory" in told.err
    assert f"cannot read {tmp_path}: Is a directory" in told.err
    assert good in told.out and bad in told.out
    assert "4 files: 1 accepted, 1 refused, 2 could not be read" in told.out
    assert main(["validate", "--json", none]) == 2
    assert json.loads(capsys.readouterr().out)["rule"] == "file"


def test_stdin_is_a_file_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """- stands for standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    assert main(["validate", "-"]) == 5
    assert capsys.readouterr().out.startswith("-:2: refused by rule import")


def test_wrong_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """No file at all is wrong usage."""
    assert main(["validate", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == 2


def test_a_home_changes_nothing(
    files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """`molt --home DIR validate` passes the home on; it is taken, and of no account."""
    assert main(["validate", "--home", "anywhere", files[0]]) == 0
    assert "accepted" in capsys.readouterr().out


def test_a_file_that_is_too_long_is_told_with_its_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not with how much of it was read."""
    file = tmp_path / "long.py"
    file.write_text("#" * 40_000)
    assert main(["validate", str(file)]) == 5
    assert "the source has 40000 bytes, the limit 32768" in capsys.readouterr().out

"""What safe mode remembers, and that a fault of its own does not end it."""

import os
import signal
import sys
from pathlib import Path

import pytest

from fallback import safe_mode
from fallback.births import hold_for_exec, let_through
from fallback.stay_note import NAME, load_failures, save_failures


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "[" * 4096, '{"failures": Infinity, "left_s": 1}',
     '{"failures": "x", "left_s": 1}', '{"failures": 1, "left_s": null}'],
)  # fmt: skip
def test_a_damaged_memory(tmp_path: Path, text: str) -> None:
    """Whatever stands there, it counts as none."""
    (tmp_path / NAME).write_text(text)
    assert load_failures(tmp_path, 10.0) == 0


def test_a_memory(tmp_path: Path) -> None:
    """Failures of a return a moment ago count; their number is never below none."""
    for failures, count in ((3, 4), (-7, 1)):
        save_failures(tmp_path, failures, 9.0)
        assert load_failures(tmp_path, 10.0) == count
    save_failures(tmp_path / "nowhere", 3, 9.0)
    assert load_failures(tmp_path / "nowhere", 10.0) == 0


class Again(Exception):
    """It began anew, in a test."""


@pytest.fixture
def broken(home: Path, monkeypatch) -> list[str]:
    """Give the command line of a safe mode whose steward fails."""

    def fail(*_arguments: object) -> None:
        raise RuntimeError("out of the blue")

    def execv(_program: str, line: list[str]) -> None:
        raise Again(*line)

    monkeypatch.setattr(safe_mode, "Steward", fail)
    monkeypatch.setattr(safe_mode, "AGAIN_S", 0.01)
    monkeypatch.setattr(safe_mode, "open_folders", lambda home: home)
    monkeypatch.setattr(safe_mode, "end_children", lambda: None)
    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(sys, "orig_argv", ["python3", "-P", "safe_mode.py", "--home", "x"])
    return ["--home", str(home), "--reason", "why"]


def test_a_fault_of_its_own(broken: list[str], capsys) -> None:
    """It is told, and safe mode begins again as it was begun."""
    try:
        with pytest.raises(Again) as again:
            safe_mode.main(broken)
    finally:
        let_through()
    assert again.value.args == (sys.executable, "-P", "safe_mode.py", "--home", "x")
    said = capsys.readouterr().err
    assert "out of the blue" in said and "it begins again" in said


def test_a_fault_while_it_stops(broken: list[str], monkeypatch, capsys) -> None:
    """Who was told to leave does not begin again: 1, as it did not leave in order."""

    class Stopping:
        is_stopping = True

        def run(self) -> int:
            raise RuntimeError("at the door")

    monkeypatch.setattr(safe_mode, "Steward", lambda *_: Stopping())
    assert safe_mode.main(broken) == 1 and "at the door" in capsys.readouterr().err


def test_told_to_stop_meanwhile(broken: list[str]) -> None:
    """A stop signal that comes between the two is honoured."""
    hold_for_exec()
    try:
        signal.raise_signal(signal.SIGTERM)
        assert safe_mode.main(broken) == 0
    finally:
        let_through()

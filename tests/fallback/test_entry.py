"""Which failures lead into safe mode, and which are for `make setup` or a report."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fallback import entry
from fallback.births import ENDING, let_through
from fallback.last_words import last_words, place_of


class Entered(Exception):
    """Safe mode was entered, in a test."""


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    lines: list[list[str]] = []

    def execv(_program: str, line: list[str]) -> None:
        lines.append(line)
        held = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        assert held >= set(ENDING), "a signal meanwhile would end us"
        raise Entered

    monkeypatch.setattr(os, "execv", execv)
    yield lines
    let_through()


def failure(text: str) -> Exception:
    """Return the error of importing a file of ours with this text."""
    try:
        exec(compile(text, str(entry.CHECKOUT / "Kernel" / "made_up.py"), "exec"), {})
    except Exception as error:
        return error
    raise AssertionError("it can be imported")


@pytest.mark.parametrize(
    "text", ["def x(:", "import nothing_of_ours", "from os import nothing", "1 / 0"]
)
def test_our_own_files(home: Path, entered: list[list[str]], text: str) -> None:
    """A syntax error, a wrong import or a crash at import: safe mode, told where it is broken."""
    with pytest.raises(Entered):
        entry.on_import_failure(["--home", str(home), "--set", "world.seed=3"], failure(text))
    (line,) = entered
    assert line[1] == "-P" and line[line.index("--home") + 1] == str(home.resolve())
    assert line[line.index("--") + 1 :] == ["--home", str(home), "--set", "world.seed=3"]
    detail = next(word for word in line if word.startswith("--detail="))
    assert "made_up.py" in detail and "line 1" in detail


def test_packages_are_missing(home: Path, entered: list[list[str]], capsys) -> None:
    """A package that is not there is the installation's fault: 78 and make setup."""
    error = ModuleNotFoundError("No module named 'msgspec'", name="msgspec")
    assert entry.on_import_failure(["--home", str(home)], error) == 78
    assert "make setup" in capsys.readouterr().err and not entered


@pytest.mark.parametrize("word", ["--help", "-h", "--probe", "--ephemeral"])
def test_where_safe_mode_has_no_place(entered: list[list[str]], capsys, word: str) -> None:
    """Nobody wants a kernel to run, or there is no world to keep: the error and exit code 1."""
    assert entry.on_import_failure([word], failure("def x(:")) == 1
    assert "SyntaxError" in capsys.readouterr().err and not entered


def crash(home: Path) -> int:
    """Crash once and return the exit code."""
    try:
        raise RuntimeError("out of the blue")
    except RuntimeError:
        return entry.on_crash([f"--home={home}"])


def test_crashes(home: Path, entered: list[list[str]], capsys, monkeypatch) -> None:
    """Each leaves a report; three within a minute lead to safe mode, spread out they do not."""
    now_s = 1000.0
    monkeypatch.setattr(entry, "_since_boot_s", lambda: now_s)
    assert crash(home) == 1
    (report,) = (home / "log").glob("crash-*.txt")
    assert "out of the blue" in report.read_text() and str(report) in capsys.readouterr().err
    now_s += 50
    assert crash(home) == 1
    now_s += 50
    assert crash(home) == 1
    now_s += 5
    with pytest.raises(Entered):
        crash(home)
    assert any("crashed 3 times" in word for word in entered[0])


def test_a_damaged_count_and_a_home_that_cannot_be_written(home: Path, capsys) -> None:
    """Neither keeps the crash from being told."""
    (home / "run").mkdir()
    (home / "run" / "crashes").write_bytes(b"\xff nonsense")
    assert crash(home) == 1
    (home / "file").touch()
    assert crash(home / "file" / "home") == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_crash_when_nobody_listens(home: Path, entered, monkeypatch) -> None:
    """With stderr closed or gone the crash is still counted, and the third leads to safe mode."""
    with open(os.devnull) as unwritable:
        for stream in (None, unwritable):
            monkeypatch.setattr(sys, "stderr", stream)
            assert crash(home) == 1
        with pytest.raises(Entered):
            crash(home)


def test_words_that_no_command_line_takes(home: Path, entered: list[list[str]]) -> None:
    """A reason with a zero byte or half a character is told with spaces."""
    with pytest.raises(Entered):
        entry.enter_safe_mode(home, "no\0way", "a\udc80b", [])
    assert "--reason=no way" in entered[0] and "--detail=a b" in entered[0]


def test_signals_wait_until_safe_mode_takes_them(home: Path, entered: list[list[str]]) -> None:
    """Between the exec and its handlers a signal would kill: they are held back until then."""
    try:
        with pytest.raises(Entered):
            entry.enter_safe_mode(home, "no way", "", [])
        held = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        assert {signal.SIGHUP, signal.SIGQUIT, signal.SIGINT, signal.SIGTERM} <= held
    finally:
        let_through()


def test_reports_are_few(home: Path) -> None:
    """Only the newest reports are kept."""
    (home / "log").mkdir()
    for number in range(30):
        (home / "log" / f"crash-2000{number:02d}.txt").touch()
    crash(home)
    names = sorted(path.name for path in (home / "log").iterdir())
    assert len(names) == entry.REPORTS_KEPT and names[0] == "crash-200011.txt"


TRACE = """Traceback (most recent call last):
  File "a.py", line 3, in main
    x()
  File "b.py", line 9, in x
    raise ValueError("bad\x1b[2J")
ValueError: bad\x1b[2J
"""


@pytest.mark.parametrize(
    ("text", "why", "hint"),
    [
        ("", "", ""),
        ("cannot use x: 3, limit 2\nhint: edit x\n", "cannot use x: 3, limit 2", "edit x"),
        (TRACE, 'ValueError: bad [2J (File "b.py", line 9, in x)', ""),
        ('  File "c.py", line 4\n    def\n       ^\nSyntaxError: no\n',
         'SyntaxError: no (File "c.py", line 4)', ""),
    ],
)  # fmt: skip
def test_last_words(text: str, why: str, hint: str) -> None:
    """One line for people, with file and line of a traceback, that cannot steer a terminal."""
    assert last_words(text) == (why, hint)


@pytest.mark.parametrize(
    ("why", "place"),
    [
        ("", ""),
        ("it hung: no tick for 5 s", ""),
        ('SyntaxError: no (File "c.py", line 4)', "c.py:4"),
        ('ValueError: x (File "a b.py", line 9, in x)', "a b.py:9"),
        ("cannot load zones.x: SyntaxError: no (zones/x.py:12)", "zones/x.py:12"),
    ],
)
def test_place_of(why: str, place: str) -> None:
    """File and line that last words name, for an editor."""
    assert place_of(why) == place

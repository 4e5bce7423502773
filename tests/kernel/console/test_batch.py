"""Commands one a line, from a file or a pipe."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from Kernel.console import cli
from Kernel.console.batch import LINE_MAX, split
from Kernel.contract.errors import UsageError
from tests.kernel.console.fake_kernel import FakeKernel
from tests.structure.sources import ROOT


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("status --json\n", ["status", "--json"]),
        ("  molt ps  ", ["ps"]),
        ("molt", ["molt"]),
        ("# a comment 'with a quote", []),
        ("", []),
        ("kernel-events --since #17", ["kernel-events", "--since", "#17"]),
        ("wait --for 'tick>5 and paused=true'", ["wait", "--for", "tick>5 and paused=true"]),
    ],
)
def test_a_line_becomes_words(line, words):
    """As a shell would; "molt" may stand before a command, comments have no words."""
    assert split(line) == words


@pytest.mark.parametrize("line", ["wait --for 'tick>5", "x" * (LINE_MAX + 1)])
def test_a_line_that_cannot_be_read_is_refused(line):
    """An open quote and a line without end are refused, and say so."""
    with pytest.raises(UsageError, match="cannot read"):
        split(line)


def piped(kernel: FakeKernel, text: str, monkeypatch, *words: str) -> int:
    """Run `molt` with text on stdin and return the exit code."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return cli.main(["--home", str(kernel.home), *words])


def test_each_line_is_a_command(kernel, monkeypatch, capsys):
    """All lines are run at the home that was given, undecorated; the home stays for each line."""
    other = kernel.home / "none"
    text = f"# first\n\nps --json\nstatus --json --home {other}\nmolt pause --json\n"
    assert piped(kernel, text, monkeypatch) == 69
    said = capsys.readouterr()
    ps, error, pause = said.out.splitlines()
    assert "zones" in json.loads(ps) and json.loads(pause)["hash"]
    assert (json.loads(error)["error"]["code"], json.loads(error)["error"]["line"]) == (69, 4)
    assert [request.command for request in kernel.asked] == ["ps", "pause"]


def test_the_first_failure_decides_the_exit_code(kernel, monkeypatch, capsys):
    """What follows a failed command is run all the same; the first failure is what is returned."""
    text = "drill kill nope --yes\npss\nwait --for 'x\n--json\nresume\n"
    assert piped(kernel, text, monkeypatch) == 5
    said = capsys.readouterr()
    assert "did you mean 'ps'" in said.err.lower() and "no closing quotation" in said.err
    assert "line 2: cannot" in said.err and "line 4: cannot" in said.err
    assert "names no command" in said.err and "● running at tick" in said.out
    assert piped(kernel, "pause\nresume\n", monkeypatch) == 0
    capsys.readouterr()


def test_a_command_that_destroys_is_not_asked_about_in_a_pipe(kernel, monkeypatch, capsys):
    """The lines to come are no answers: --yes is demanded."""
    assert piped(kernel, "shutdown\ny\n", monkeypatch) == 2
    assert "nobody is at the terminal" in capsys.readouterr().err
    assert [request.command for request in kernel.asked] == ["ps"]


@pytest.mark.slow
def test_a_real_pipe(kernel: FakeKernel, tmp_path: Path) -> None:
    """`molt < file` works as a program of its own, and a tool comes back to the next line."""
    script = "completion fish\ndoctor world --help\nps --json\n"
    done = subprocess.run(
        [sys.executable, "-m", "Kernel.console.cli", "--home", str(kernel.home)],
        cwd=ROOT, input=script, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "usage: molt world doctor" in done.stdout or "usage:" in done.stdout
    assert "zones" in json.loads(done.stdout.splitlines()[-1])


def test_a_script_is_not_taken_for_a_file_on_stdin(kernel, monkeypatch, capsys):
    """`run -` would read the commands that follow it; they are run instead."""
    monkeypatch.setattr("sys.stdin", io.StringIO("run -\nps --json\n"))
    assert cli.main(["--home", str(kernel.home)]) == 2
    said = capsys.readouterr()
    assert "line 1: cannot read - in a script" in said.err and "zones" in said.out

"""What a half-written word becomes: the same at the prompt and in every shell."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from Kernel.console import cli
from Kernel.console.command_types import Kind, Place
from Kernel.console.commands import COMMANDS
from Kernel.console.completion import ASK_S, SHELLS, completion_script, suggest
from Kernel.console.repl import TableCompleter
from Kernel.console.session import Session
from Kernel.console.tree import make_tree
from Kernel.contract.scenarios import list_scenarios
from tests.kernel.console.fake_kernel import FakeKernel
from tests.structure.sources import ROOT

ROOT_GROUP = make_tree()


def values(home: Path, line: str) -> list[str]:
    """Return what the last word of a line may become."""
    *words, typed = line.split(" ")
    return [item.value for item in suggest(ROOT_GROUP, Session(str(home)), words, typed)]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("dr", ["drill"]),
        ("drill ", ["kill", "stop", "segfault", "hang"]),
        ("drill s", ["stop", "segfault"]),
        ("drill kill ", ["stable", "archive"]),
        ("drill kill st", ["stable"]),
        ("soft-restart a", ["archive"]),
        ("logs ", ["stable", "archive"]),
        ("params fr", ["friction"]),
        ("params friction ", []),
        ("kernel-events zone=", ["zone=stable", "zone=archive", "zone=kernel"]),
        ("kernel-events zone=st", ["zone=stable"]),
        ("kernel-events zone = st", ["stable"]),
        ("kernel-events zone =", ["stable", "archive", "kernel"]),
        ("kernel-events ki", ["kind="]),
        ("kernel-events level=w", ["level=warning"]),
        ("kernel-events pid=", []),
        ("kernel-events kind=zone.ki", ["kind=zone.killed"]),
        ("events zone=st", ["zone=stable"]),
        ("events kind=mutation.f", ["kind=mutation.failed"]),
        ("events zone=stable ki", ["kind="]),
        ("events --last 5 level = w", ["warning"]),
        ("events --sin", ["--since"]),
        ("events --since ", []),
        ("completion ", list(SHELLS)),
        ("blame F", ["Forager"]),
        ("release ", ["Wall"]),
        ("quarantine ", ["Forager"]),
        ("mutations --status re", ["refused"]),
        ("mutations --last ", []),
        ("relations --of t", ["triggered", "talked_to"]),
        ("help dri", ["drill"]),
        ("doctor wo", ["world"]),
        ("world run --sce", ["--scenario"]),
        ("world run --scenario ic", ["ice-age"]),
        ("world run --seed ", []),
        ("world run --ticks 5 --ti", []),
        ("status --wa", ["--watch"]),
        ("wait --for ", []),
    ],
)
def test_values(kernel: FakeKernel, line: str, wanted: list[str]) -> None:
    """Commands, options, choices, and what only a running kernel or the configuration knows."""
    assert values(kernel.home, line) == wanted


@pytest.mark.parametrize(
    "line", ["try ", "run mo", "trait add ", "validate ", "validate a.py ", "world run --trait x"]
)
def test_files_are_left_to_the_shell(kernel: FakeKernel, line: str) -> None:
    """It knows how; nothing else is offered beside them, or bash would not look."""
    *words, typed = line.split(" ")
    found = suggest(ROOT_GROUP, Session(str(kernel.home)), words, typed)
    assert [(item.type, item.value) for item in found] == [("file", typed)]


def test_the_prompt_looks_for_files_itself(kernel: FakeKernel, trait_folder: Path) -> None:
    """Folders end in a slash, a name with a blank is quoted, hidden files are shown when asked."""
    (trait_folder / "more").mkdir()
    (trait_folder / "more" / "my trait.py").touch()
    (trait_folder / ".hidden.py").touch()

    def offered(line: str) -> list[str]:
        completer = TableCompleter(ROOT_GROUP, Session(str(kernel.home)))
        found = completer.get_completions(Document(line), CompleteEvent(completion_requested=True))
        return [each.text for each in found]

    assert offered("try ") == ["forager.py", "model.py", "more/"]
    assert offered("validate fo") == ["forager.py "]
    assert offered("trait add more/m") == ["more/'my trait.py' "]
    assert offered("run .h") == [".hidden.py "]
    assert offered("run nowhere/x") == [] == offered("status ")
    assert offered("--home m") == ["more/"]


def test_a_trait_of_several_versions_is_offered_once(kernel: FakeKernel) -> None:
    """Each version has a row; the name is one."""
    rows = [{"name": "Drifter", "version": version} for version in (1, 2)]
    kernel.answers = lambda _request: {"traits": rows}
    assert values(kernel.home, "trait remove Dr") == ["Drifter"]


def test_every_argument_with_values_is_completed(kernel: FakeKernel) -> None:
    """No row of the table is forgotten: options by their names, choices by their values."""
    for command in COMMANDS:
        if command.place is Place.TOOL:
            assert set(values(kernel.home, f"{command.name} --")) == {
                option for option, _ in command.tool_options
            }
            continue
        options = {argument.option for argument in command.takes if argument.option}
        options |= {"--yes"} if command.destructive else set()
        offered = set(values(kernel.home, f"{command.name} --"))
        assert options | {"--home", "--json"} <= offered, command.name
        first = next((each for each in command.arguments if not each.option), None)
        if first is not None and first.kind is Kind.CHOICE:
            assert tuple(values(kernel.home, f"{command.name} ")) == first.choices


def test_the_home_may_be_named_in_the_line(kernel: FakeKernel, tmp_path: Path) -> None:
    """Zones are those of the home that the line is about."""
    words = ["--home", str(kernel.home), "drill", "kill"]
    found = suggest(ROOT_GROUP, Session(str(tmp_path / "none")), words, "")
    assert [item.value for item in found] == ["stable", "archive"]


def test_scenarios_of_the_home_come_first(tmp_path: Path) -> None:
    """A home with its own configuration has its own scenarios."""
    (tmp_path / "config" / "scenarios").mkdir(parents=True)
    (tmp_path / "config" / "scenarios" / "mars.yaml").write_text("")
    assert values(tmp_path, "world run --scenario ") == ["mars"]
    assert values(tmp_path / "none", "world run --scenario ") == list_scenarios(ROOT / "config")


def test_nobody_there_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a kernel there are no zones to offer, and nothing is said."""
    assert values(tmp_path, "drill kill ") == []
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_a_kernel_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    """Tab costs a moment at most, even when somebody listens who does not answer."""
    (tmp_path / "run").mkdir()
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "run" / "console.sock"))
        silent.listen(1)
        began_s = time.monotonic()
        assert values(tmp_path, "drill kill ") == []
        assert time.monotonic() - began_s < 5 * ASK_S


@pytest.mark.parametrize(
    "line", ["", "drill k", "drill kill st", "kernel-events zone=", "status --"]
)
@pytest.mark.parametrize("shell", SHELLS)
def test_prompt_and_shells_offer_the_same(
    kernel: FakeKernel,
    line: str,
    shell: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each shell's protocol, and the prompt's, carries the very same suggestions."""
    words = ["molt", *line.split(" ")]
    monkeypatch.setenv("MOLT_HOME", str(kernel.home))
    monkeypatch.setenv("_MOLT_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", "\n".join(words))
    place = words[-1] if shell == "fish" else str(len(words) - 1)
    monkeypatch.setenv("COMP_CWORD", place)
    assert cli.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    if shell == "zsh":
        lines = [f"{kind},{value}" for kind, value in zip(lines[::3], lines[1::3], strict=True)]
    told = [each.partition(",")[2].partition("\t")[0] for each in lines if each]
    completer = TableCompleter(ROOT_GROUP, Session(str(kernel.home)))
    offered = completer.get_completions(Document(line), CompleteEvent(completion_requested=True))
    assert told == [each.display_text for each in offered]
    assert told


@pytest.mark.parametrize("instruction", ["bash_source", "tcsh_complete", "x", "bash_complete"])
def test_a_strange_instruction_is_1(instruction: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no script of ours would ask for prints nothing and leaves with 1."""
    monkeypatch.setenv("_MOLT_COMPLETE", instruction)
    monkeypatch.delenv("COMP_WORDS", raising=False)
    assert cli.main([]) == 1


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")
@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("molt drill kill st", "stable"),
        ("molt dril", "drill"),
        ("molt kernel-events zone = ar", "archive"),
    ],
)
def test_bash_completes(kernel: FakeKernel, tmp_path: Path, words: str, reply: str) -> None:
    """A real bash, given our script, fills COMPREPLY with what we say."""
    program = tmp_path / "bin" / "molt"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m Kernel.console.cli "$@"\n')
    program.chmod(0o755)
    count = len(words.split())
    script = (
        f"{completion_script('bash')}\n"
        f"COMP_WORDS=({words}); COMP_CWORD={count - 1}\n"
        '_molt_completion molt; printf "%s\\n" "${COMPREPLY[@]}"; complete -p molt\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
        env=os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}",
                          "MOLT_HOME": str(kernel.home)},
    )  # fmt: skip
    assert done.stdout.splitlines() == [reply, "complete -o nosort -F _molt_completion molt"]
    assert done.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_can_read_its_script(shell: str) -> None:
    """Where the shell is installed, it finds no fault in the script."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    done = subprocess.run(
        [shell, "-n"], input=completion_script(shell), capture_output=True, text=True,
        timeout=30, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_a_whole_word_is_followed_by_a_space(kernel: FakeKernel) -> None:
    """At the prompt as in a shell: what can become nothing else is done, a FIELD= is not."""

    def offered(line: str) -> list[str]:
        completer = TableCompleter(ROOT_GROUP, Session(str(kernel.home)))
        found = completer.get_completions(Document(line), CompleteEvent(completion_requested=True))
        return [each.text for each in found]

    assert offered("drill ki") == ["kill "]
    assert offered("kernel-events kin") == ["kind="]
    assert len(offered("drill ")) == 4 and not any(each.endswith(" ") for each in offered("drill "))

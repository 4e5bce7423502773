"""Asking the kernel: every command's JSON, watching, dry runs, and a table that is full."""

import io
import json
import os
import shlex
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from Kernel.console import cli, client, errand
from Kernel.console.command_types import Command, Place
from Kernel.console.commands import COMMANDS
from Kernel.console.request import Request
from Kernel.console.server import CONNECTIONS_MAX
from Kernel.contract.errors import MoltError, NoKernel
from tests.kernel.console.fake_kernel import FakeKernel, answer, status
from tests.structure.sources import ROOT


def call_of(command: Command) -> list[str]:
    """Return words that call a command in a way that ends."""
    words = shlex.split(command.examples[0])[1:]
    if command.name == "wait":
        words += ["--timeout", "20ms"]
    return [*words, *(["--yes"] if command.destructive else [])]


class Stuck(MoltError):
    """Something a kernel may say."""

    exit_code = 5


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if c.place is not Place.TOOL], ids=lambda c: c.name
)
class TestJson:
    def test_of_what_was_done(self, kernel, command, capsys, monkeypatch):
        """Each command of the table prints one document, and nothing on stderr."""
        monkeypatch.setattr(errand, "wait_gone", lambda _pid, _timeout_s: True)
        kernel.facts["tick"] = 10**12
        code = cli.main(["--home", str(kernel.home), *call_of(command), "--json"])
        said = capsys.readouterr()
        # 1: a check of this machine failed; 5: the reload of the fake kernel refuses a key.
        assert code in (0, 5 if command.name == "reload" else 1) and said.err == "", said
        assert isinstance(json.loads(said.out), dict) and said.out.count("\n") == 1

    def test_of_what_failed(self, kernel, command, capsys):
        """A wrong word and a refusal are one document each, with code, message and hint."""

        def refuse(request: Request) -> dict[str, object]:
            raise Stuck("cannot do it: 5, limit 4", "molt ps")

        kernel.answers = refuse
        calls = [[*command.name.split(), "--nonsense"]]
        if command.place is Place.KERNEL and not command.lines:
            calls.append(call_of(command))
        for words in calls:
            code = cli.main(["--home", str(kernel.home), *words, "--json"])
            said = capsys.readouterr()
            error = json.loads(said.out)["error"]
            assert set(error) == {"code", "message", "hint"} and said.out.count("\n") == 1
            assert error["code"] == code != 0
            assert said.err.startswith("cannot ")

    def test_where_there_is_nobody(self, tmp_path, command, capsys, trait_folder):
        """Without a kernel each command that needs one says so in a document."""
        code = cli.main(["--home", str(tmp_path), *call_of(command), "--json"])
        document = json.loads(capsys.readouterr().out)
        if command.place is Place.KERNEL:
            assert code == 69 == document["error"]["code"]
        else:
            assert "error" not in document


def test_lines_are_one_document_unless_they_are_followed(kernel, capsys):
    """`kernel-events --json` is one document; with -f one line each, with the ledger's keys."""
    home = ["--home", str(kernel.home)]
    assert cli.main([*home, "kernel-events", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [event["position"] for event in document["events"]] == [1, 2]
    assert cli.main([*home, "kernel-events", "-f", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == document["events"]
    ledger = {"id", "position", "time", "tick", "zone", "kind", "cause", "payload"}
    assert all(ledger <= set(line) for line in lines)
    assert cli.main([*home, "logs", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["lines"]) == 2


def test_filters_reach_the_kernel(kernel, capsys):
    """What was typed arrives read; what is no filter is refused here."""
    home = ["--home", str(kernel.home)]
    cli.main([*home, "kernel-events", "kind=zone.*", "pid=7", "--since", "5m", "--last", "3"])
    (asked,) = kernel.asked
    assert [(each.field, each.pattern) for each in asked.filters("filters")] == [
        ("kind", "zone.*"), ("pid", "7"),
    ]  # fmt: skip
    since = asked.since("since")
    assert since is not None and since.ago_s == 300 and asked.integer("last") == 3
    assert cli.main([*home, "kernel-events", "kind"]) == 2
    assert cli.main([*home, "kernel-events", "--since", "soon"]) == 2
    assert len(kernel.asked) == 1
    capsys.readouterr()


def test_a_dry_run_asks_nobody_and_needs_no_yes(kernel, capsys):
    """It is answered by the kernel, marked as such, and the thing itself is not asked for."""
    code = cli.main(["--home", str(kernel.home), "drill", "kill", "stable", "--dry-run"])
    assert code == 0 and "would, and does nothing now:" in capsys.readouterr().out
    assert [(each.command, each.flag("dry_run")) for each in kernel.asked] == [
        ("ps", False), ("drill", True),
    ]  # fmt: skip
    assert cli.main(["--home", str(kernel.home), "shutdown", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dry_run"] is True


def test_watching_shows_what_changes(kernel, capsys, monkeypatch):
    """One line for each change, none for what differs at every look; Ctrl-C ends it with 130."""
    ticks = [5, 5, 6]

    def sleep(_seconds: float) -> None:
        ticks.pop(0)
        if not ticks:
            raise KeyboardInterrupt

    def look(_request: Request) -> dict[str, object]:
        world = status()["world"]
        assert isinstance(world, dict)
        kernel = {"pid": 1, "state": "running", "uptime_s": time.monotonic()}
        return status() | {"world": world | {"tick": ticks[0]}, "kernel": kernel}

    kernel.answers = look
    monkeypatch.setattr(errand.time, "sleep", sleep)
    assert cli.main(["--home", str(kernel.home), "status", "-w", "--json"]) == 130
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["world"]["tick"] for line in lines] == [5, 6]


def test_watching_outlives_its_kernel(kernel, capsys, monkeypatch):
    """A kernel that goes is said once and waited for; one that is back is shown again."""
    looks = ["there", "gone", "gone", "there"]

    def sleep(_seconds: float) -> None:
        looks.pop(0)
        if not looks:
            raise KeyboardInterrupt

    really_ask = errand.ask

    def ask(*args, **more):
        if looks[0] == "gone":
            raise NoKernel("cannot reach a kernel", "python manifest.py")
        return really_ask(*args, **more)

    monkeypatch.setattr(errand.time, "sleep", sleep)
    monkeypatch.setattr(errand, "ask", ask)
    for words in (["status", "-w"], ["ps", "-w", "--json"]):
        looks[:] = ["there", "gone", "gone", "there"]
        assert cli.main(["--home", str(kernel.home), *words]) == 130
        out = capsys.readouterr().out
        if "--json" in words:
            lines = [json.loads(line) for line in out.splitlines()]
            assert ["error" in line for line in lines] == [False, True, False]
            assert lines[1]["error"]["code"] == 69
        else:
            assert out.count(f"no kernel at {kernel.home}") == 1 and out.count("kernel   ●") == 2
    looks[:] = ["gone"]
    assert cli.main(["--home", str(kernel.home), "status", "-w"]) == 69, "none was there at first"


def test_following_says_why_it_ends(kernel, capsys):
    """An orderly end is said on stderr, where it is no data."""
    assert cli.main(["--home", str(kernel.home), "kernel-events", "-f"]) == 0
    assert "events end here: the kernel was stopped" in capsys.readouterr().err


def test_following_a_kernel_that_dies_says_so(kernel, capsys, monkeypatch):
    """It is not an answer that was missed: the kernel is gone."""
    monkeypatch.setattr(client, "_read_line", lambda _peer, _rest: None)
    assert cli.main(["--home", str(kernel.home), "logs", "-f"]) == 69
    assert "cannot follow logs any longer: kernel" in capsys.readouterr().err


def test_watching_draws_over_itself_only_on_a_terminal(kernel, capsys, monkeypatch):
    """A pipe gets no screen control; a terminal that can is cleared before each picture."""

    def leave(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(errand.time, "sleep", leave)
    words = ["--home", str(kernel.home), "ps", "--watch"]
    assert cli.main(words) == 130
    assert "\x1b" not in capsys.readouterr().out

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for term, cleared in (("xterm", True), ("dumb", False)):
        monkeypatch.setenv("TERM", term)
        screen = Terminal()
        monkeypatch.setattr("sys.stdout", screen)
        assert cli.main(words) == 130
        assert screen.getvalue().startswith("\x1b[H\x1b[J") is cleared


def test_watching_health_ends_when_it_is_bad(kernel, capsys):
    """`status -w --check` waits, and leaves with the code of what it waited for."""
    assert cli.main(["--home", str(kernel.home), "status", "-w", "--check"]) == 3
    capsys.readouterr()


def test_a_full_table_is_tried_again(kernel):
    """Who is turned away because all connections are taken comes again by itself."""
    kernel.answers = answer
    waiting = [
        threading.Thread(
            target=lambda: client.ask(kernel.home, "wait", {"for": "tick=1000000000"}, None),
        )
        for _ in range(CONNECTIONS_MAX)
    ]
    for thread in waiting:
        thread.start()
    due_s = time.monotonic() + 30
    while len(kernel.asked) < CONNECTIONS_MAX:
        assert time.monotonic() < due_s
        time.sleep(0.005)
    late: list[object] = []
    asking = threading.Thread(
        target=lambda: late.append(client.ask(kernel.home, "status", {}, 10.0).result["world"])
    )
    asking.start()
    while kernel.server.counts.refused_full == 0:
        assert time.monotonic() < due_s
        time.sleep(0.005)
    assert not late
    kernel.facts["tick"] = 10**9
    for thread in [*waiting, asking]:
        thread.join(30)
    assert late == [status()["world"]]


def test_a_full_table_is_said_in_the_end(kernel, monkeypatch):
    """It does not come again for ever: then it is told, with the limit."""
    for _ in range(CONNECTIONS_MAX):
        threading.Thread(
            target=lambda: client.ask(kernel.home, "wait", {"for": "tick=1000000000"}, None),
        ).start()
    due_s = time.monotonic() + 30
    while len(kernel.asked) < CONNECTIONS_MAX:
        assert time.monotonic() < due_s
        time.sleep(0.005)
    try:
        with pytest.raises(MoltError, match="32 are open") as told:
            client.ask(kernel.home, "status", {}, 1.0, connect_s=0.1)
        assert told.value.exit_code == 5
    finally:
        kernel.facts["tick"] = 10**9


@pytest.mark.slow
def test_one_command_imports_little(kernel: FakeKernel) -> None:
    """A one-shot for programs is quick because it loads nothing that only people need."""
    script = (
        "import sys; from Kernel.console import cli\n"
        "code = cli.main(sys.argv[1:])\n"
        "heavy = {'rich', 'prompt_toolkit', 'yaml', 'structlog', 'psutil', 'zmq', 'msgspec',\n"
        "         'asyncio', 'subprocess', 'Kernel.core.events', 'Kernel.config'}\n"
        "print(code, sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    for words in (
        ["status", "--json"],
        ["kernel-events", "--json"],
        ["help"],
        ["completion", "bash"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", script, "--home", str(kernel.home), *words],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        assert done.stderr == "0 []\n", words


@pytest.mark.slow
def test_a_tool_comes_back_to_the_prompt(kernel: FakeKernel, tmp_path: Path) -> None:
    """Where other commands follow, a tool runs beside us and gives back its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "Kernel.console.cli", "--home", str(tmp_path)],
        cwd=ROOT, input="doctor world\nhelp exit-codes\n", capture_output=True, text=True,
        timeout=120, check=False, env=os.environ,
    )  # fmt: skip
    assert done.returncode == 69, done.stderr
    assert "wrong usage" in done.stdout


def test_a_drill_says_at_once_what_is_waited_for(kernel, capsys, monkeypatch):
    """On a terminal, on stderr, before the answer; programs are told nothing besides it."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    drill = ["--home", str(kernel.home), "drill", "hang", "stable", "--yes"]
    assert cli.main(drill) == 0
    assert "hang goes to pid 4130, waiting for its heir ..." in capsys.readouterr().err
    assert cli.main([*drill, "--json"]) == 0
    assert "waiting" not in capsys.readouterr().err


def test_a_reload_that_refuses_something_says_so_by_its_code(kernel, capsys):
    """5: what could be was applied, the rest was refused. A dry run only tells."""
    reload = ["--home", str(kernel.home), "reload"]
    assert cli.main(reload) == 5
    assert cli.main([*reload, "--dry-run"]) == 0
    assert errand.reload_code({"changes": [{"key": "world.friction", "why": ""}]}) == 0
    capsys.readouterr()

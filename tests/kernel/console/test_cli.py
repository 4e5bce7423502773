"""The command line against a fake kernel: output, exit codes, asking, and where there is nobody."""

import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from Kernel.console import cli
from Kernel.console.client import ask
from Kernel.console.command_types import Place
from Kernel.console.commands import COMMANDS
from Kernel.console.request import Request
from Kernel.console.screen import VERSION
from Kernel.contract.errors import MoltError, NoKernel
from Kernel.contract.hints import at_home
from tests.kernel.console.fake_kernel import HASH, TICK, FakeKernel, status

CHECKOUT = Path(cli.__file__).parents[2]
DEADLINE_S = 30


class Run:
    """One call of `molt` in this process."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr."""
        code = cli.main(["--home", str(self.home), *words])
        said = self._capsys.readouterr()
        return code, said.out, said.err


@pytest.fixture
def molt(kernel: FakeKernel, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return `molt` with a fake kernel behind it."""
    return Run(kernel.home, capsys)


def spawn(home: Path, *words: str, **more: object) -> subprocess.CompletedProcess[str]:
    """Run `molt` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "Kernel.console.cli", "--home", str(home), *words],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
        stdin=subprocess.DEVNULL, **more,  # type: ignore[call-overload]
    )  # fmt: skip


def test_status_for_people(molt: Run) -> None:
    """Status shows shape and word, thin-space thousands, units, and hints that can be pasted."""
    code, out, err = molt("status")
    assert (code, err) == (0, "")
    assert "kernel" in out and "● running" in out and "up 2h14m" in out
    assert (
        "tick 184\u2009402 · 412 molbots, 7 lineages · 62.5/s · p99 0.21 ms · 0 missed in all"
        in out
    )
    assert "  tick 0.20 ms: behave 0.12 · index 0.04 · collide 0.02 · eat 0.01 · …\n" in out
    assert "▲ degraded  archive: snapshot 12 s late" in out
    assert f"hint: molt --home {molt.home} soft-restart archive" in out


def test_zone_text_cannot_steer_the_terminal(molt: Run) -> None:
    """Escape sequences and markup in what a zone says are shown, not obeyed."""
    for command in ("status", "ps"):
        _, out, _ = molt(command)
        assert "\x1b" not in out and "·[2J[red]" in out


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("ps",), ["zone", "71 %", "148 MB", "tick 184 410", "▲ degraded"]),
        (
            ("kernel-events",),
            ["14:02:11.123 #1     ▲ stable", "zone.died  tick 184\u2009402  pid=4130"],
        ),
        (("kernel-events", "kind=zone.*"), ["zone.taken_over", "signal 9 ·[2J"]),
        (("logs",), ["14:02:11.123 stable   │ founded from seed 1 ·[2J", "◉ kernel.ready"]),
        (("logs", "stable", "--raw"), ["founded from seed 1 ·[2J\nkernel.ready boot_s=1.4\n"]),
        (("drill", "kill", "stable", "--dry-run"), ["would, and", "1. do drill\n  2. come back"]),
        (("shutdown", "--dry-run"), ["1. do shutdown"]),
        (("pause",), ["○ paused at tick 184\u2009402", HASH]),
        (("pause", "--at-tick", "500"), ["at tick 500"]),
        (("resume",), ["● running at tick"]),
        (("step", "60"), ["○ paused at tick"]),
        (("params",), ["temperature", "°C", " params KEY VALUE", "100\u2009000\u2009000"]),
        (("params", "friction"), ["friction = 0.85", "(0 to 1)"]),
        (("params", "gravity", "-0.5"), ["gravity = -0.5 m/s²", "applied at tick"]),
        (("drill", "kill", "stable", "--yes"), ["0.31 ms  heir has taken over", "0 missed"]),
        (("drill", "stop", "stable", "--yes"), ["0.87 ms  first new tick", "(SIGSTOP)"]),
        (("soft-restart",), ["● ready stable: its heir goes on", "tick 184\u2009403", "epoch 4"]),
        (("soft-restart", "archive"), ["● ready archive: a new process goes on"]),
        (("wait", "--for", "tick=5"), ["● reached at tick"]),
    ],
)  # fmt: skip
def test_commands_for_people(molt: Run, words: tuple[str, ...], parts: list[str]) -> None:
    """Each command says what happened, with its figures."""
    code, out, err = molt(*words)
    assert (code, err) == (0, "")
    for part in parts:
        assert part in out
    assert all(line == line.rstrip() for line in out.splitlines())


@pytest.mark.parametrize("place", ["before", "after"])
def test_json_is_one_document(molt: Run, place: str) -> None:
    """--json prints the kernel's result as one document, wherever it stands."""
    words = ("--json", "status") if place == "before" else ("status", "--json")
    code, out, err = molt(*words)
    assert (code, err) == (0, "")
    assert json.loads(out) == status()
    assert out.count("\n") == 1


def test_json_of_an_error_is_one_document(molt: Run) -> None:
    """With --json a refusal is a document on stdout, and words on stderr all the same."""
    code, out, err = molt("drill", "kill", "nope", "--yes", "--json")
    assert code == 5
    error = json.loads(out)["error"]
    hint = f"molt --home {molt.home} ps"
    assert error == {"code": 5, "message": "cannot drill 'nope': no such zone", "hint": hint}
    assert err == f"cannot drill 'nope': no such zone\nhint: {hint}\n"


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (("pss",), "did you mean 'ps'", "molt help"),
        (("status", "--chek"), "'--check'", "molt help status"),
        (("drill", "kill"), "missing argument 'zone'", "molt help drill"),
        (("drill", "kll", "stable"), "one of kill", "molt help drill"),
        (("step", "0"), "from 1 to 1000000 ticks", "molt help step"),
        (("step", "-5"), "from 1 to 1000000 ticks", "molt help step"),
        (("step", "many"), "whole number", "molt help step"),
        (("params", "friction", "wet"), "a number", "molt help params"),
        (("params", "--at-tick", "5"), "makes no sense without value", "molt help params"),
        (("wait", "--for", "colour=red"), "known are tick", "molt help wait"),
        (("wait", "--for", "tick=5", "--timeout", "1w"), "cannot read duration", "molt help wait"),
        (("world", "rnu"), "did you mean 'run'", "molt help world"),
        (("help", "zzz"), "no such command", "molt help"),
    ],
)
def test_wrong_usage_is_2(molt: Run, words: tuple[str, ...], said: str, hint: str) -> None:
    """Wrong words leave with 2, "cannot ...", what was meant, and the page that helps."""
    code, out, err = molt(*words)
    assert (code, out) == (2, "")
    assert err.startswith("cannot ") and said in err.lower()
    assert f"hint: {hint}\n" in err


@pytest.mark.parametrize("code", [1, 2, 5, 75, 78, 124])
def test_codes_of_the_kernel_are_passed_on(molt: Run, kernel: FakeKernel, code: int) -> None:
    """The exit code is the one in the kernel's error."""

    def refuse(request: Request) -> dict[str, object]:
        error = MoltError("cannot", "hint")
        error.exit_code = code
        raise error

    kernel.answers = refuse
    assert molt("status")[0] == code


def test_wait_runs_out_of_time_with_124(molt: Run) -> None:
    """A wait for what does not come ends by its own time limit."""
    code, _, err = molt("wait", "--for", "tick=999_999", "--timeout", "50ms")
    assert code == 124
    assert "cannot see tick=999_999" in err


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"degraded": []}, 0),
        ({}, 3),
        ({"degraded": [], "kernel": {"state": "degraded"}}, 3),
        ({"kernel": {"safe_mode": True}}, 4),
    ],
)
def test_status_check_says_health(
    molt: Run, kernel: FakeKernel, change: dict[str, object], code: int
) -> None:
    """Health is in the exit code of `status --check`, and only there."""
    kernel.answers = lambda _request: status() | change
    assert molt("status", "--check")[0] == code
    assert molt("status")[0] == 0


def test_arguments_reach_the_kernel_typed(molt: Run, kernel: FakeKernel) -> None:
    """What was typed arrives as the kernel's own types, defaults filled in there."""
    molt("params", "gravity", "-1.5", "--at-tick", "1\u2009000")
    molt("wait", "--for", "tick=5", "--timeout", "2m")
    molt("step")
    setting, waiting, stepping = kernel.asked
    assert dict(setting.args) == {"key": "gravity", "value": -1.5, "at_tick": 1000}
    assert waiting.number("timeout_s") == 120.0
    assert stepping.integer("steps") == 1


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.destructive], ids=lambda c: c.name)
def test_destructive_commands_demand_yes(molt: Run, kernel: FakeKernel, command: object) -> None:
    """Where nobody can be asked, nothing is destroyed without --yes, and the hint has it."""
    which = 1 if command.destroys_with else 0  # type: ignore[attr-defined]
    words = command.examples[which].split()[1:]  # type: ignore[attr-defined]
    code, out, err = molt(*words)
    assert (code, out) == (2, "")
    assert f"hint: molt --home {molt.home} {' '.join(words)} --yes" in err
    assert [request.command for request in kernel.asked] == ["ps"]


def test_a_zone_that_is_not_there_is_refused_before_the_question(
    molt: Run, kernel: FakeKernel
) -> None:
    """A drill of an unknown zone names those there are instead of asking for --yes."""
    code, out, err = molt("drill", "kill", "stabel")
    assert (code, out) == (5, "")
    assert "cannot drill zone stabel: zones are stable, archive" in err
    assert [request.command for request in kernel.asked] == ["ps"]


@pytest.mark.parametrize(("typed", "code", "asked"), [("y\n", 0, 1), ("n\n", 5, 0), ("\n", 5, 0)])
def test_destructive_commands_ask_on_a_terminal(
    kernel: FakeKernel, typed: str, code: int, asked: int
) -> None:
    """On a terminal the question is asked, and only "y" goes on."""
    main_fd, terminal = pty.openpty()
    words = [sys.executable, "-m", "Kernel.console.cli", "--home", str(kernel.home)]
    try:
        os.write(main_fd, typed.encode())
        done = subprocess.run(
            [*words, "drill", "kill", "stable", "--json"], cwd=CHECKOUT, stdin=terminal,
            capture_output=True, text=True, timeout=DEADLINE_S, check=False,
        )  # fmt: skip
    finally:
        os.close(main_fd)
        os.close(terminal)
    assert done.returncode == code, done.stderr
    assert "kill the zone 'stable'" in done.stderr
    assert [request.command for request in kernel.asked] == ["ps", "drill"][: 1 + asked]
    json.loads(done.stdout)


def test_no_kernel_is_69(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], trait_folder: Path
) -> None:
    """With no kernel every command that needs one leaves with 69 and says how to start one."""
    molt = Run(tmp_path, capsys)
    (tmp_path / "run").mkdir()
    for command in COMMANDS:
        if command.place is Place.KERNEL:
            words = command.examples[0].split()[1:]
            code, out, err = molt(*words)
            assert code == 69
            assert f"hint: python manifest.py --home {tmp_path}\n" in err
            assert not out or "--json" in words


def test_hints_keep_the_home(
    kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A hint names a home that was given, quoted; MOLT_HOME is found again without a word."""
    monkeypatch.chdir(kernel.home)
    (kernel.home / "a b").mkdir()
    cli.main(["status", "--home", "a b"])
    assert "hint: python manifest.py --home 'a b'\n" in capsys.readouterr().err
    monkeypatch.setenv("MOLT_HOME", str(kernel.home / "a b"))
    cli.main(["status"])
    assert f"hint: python manifest.py --home '{kernel.home}/a b'\n" in capsys.readouterr().err
    monkeypatch.setenv("MOLT_HOME", str(kernel.home))
    cli.main(["drill", "kill", "nope", "--yes"])
    assert "hint: molt ps\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("hint", "given", "used", "pasted"),
    [
        ("molt ps", "x y", "x y", "molt --home 'x y' ps"),
        ("molt ps", None, "env", "molt ps"),
        ("molt help drill", "x", "x", "molt help drill"),
        ("molten", "x", "x", "molten"),
        ("kill -9 12", "x", "x", "kill -9 12"),
        ("python manifest.py", None, None, "python manifest.py"),
        ("python manifest.py", None, "env", "python manifest.py --home env"),
        ("python manifest.py --home OTHER", "x", "x", "python manifest.py --home OTHER"),
    ],
)
def test_hints_are_command_lines(hint: str, given: str | None, used: str | None, pasted: str):
    """Only what is a command line about a home gets one."""
    assert at_home(hint, given, used) == pasted


def test_home_stands_before_or_after(
    kernel: FakeKernel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--home is understood after the command too, and the later word counts."""
    home = str(kernel.home)
    assert cli.main(["status", "--home", home]) == 0
    assert cli.main(["--home", str(tmp_path / "none"), "ps", "--home", home, "--json"]) == 0
    assert cli.main(["params", "gravity", "-1", "--home", home]) == 0
    capsys.readouterr()


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`molt --version` says the version of the banner and needs no kernel."""
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"molt {VERSION}\n"
    assert cli.main(["--version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"version": VERSION}


def test_the_default_home_needs_no_word(
    kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """MOLT_HOME says where the kernel is when --home does not."""
    monkeypatch.setenv("MOLT_HOME", str(kernel.home))
    assert cli.main(["status"]) == 0
    monkeypatch.setenv("MOLT_HOME", str(kernel.home / "elsewhere"))
    assert cli.main(["status"]) == 69
    assert cli.main(["--home", str(kernel.home), "status"]) == 0
    capsys.readouterr()


def test_a_dead_socket_is_69(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A socket nobody listens at any more reads as no kernel."""
    with FakeKernel(tmp_path) as kernel:
        kernel.server._name = "another"  # Leaves console.sock behind, as kill -9 does.
    assert (tmp_path / "run" / "console.sock").exists()
    code, _, err = Run(tmp_path, capsys)("status")
    assert code == 69 and "none runs at" in err


def test_a_silent_kernel_is_69(kernel: FakeKernel) -> None:
    """A kernel that does not answer in time is reported with its process, not waited for."""
    with pytest.raises(NoKernel, match=f"kernel {os.getpid()} said nothing in 0.05 s"):
        ask(kernel.home, "wait", {"for": "tick=999999"}, 0.05)


def test_shutdown_waits_until_the_kernel_is_gone(tmp_path: Path) -> None:
    """`molt shutdown` returns when the kernel's process has ended, so a new one may start."""
    words = [sys.executable, "-m", "tests.kernel.console.fake_kernel", str(tmp_path)]
    with subprocess.Popen(words, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as fake:
        try:
            assert fake.stdout is not None and fake.stdout.readline() == "ready\n"
            done = spawn(tmp_path, "shutdown", "--yes")
            assert done.returncode == 0, done.stderr
            assert "stopped at tick" in done.stdout
            assert fake.poll() == 0, "molt returned before the kernel was gone"
        finally:
            fake.kill()


def test_long_homes_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A home far beyond the 108 bytes of a Unix path is served and found."""
    home = tmp_path.joinpath(*(["a-rather-long-name-for-a-directory"] * 6))
    with FakeKernel(home):
        assert Run(home, capsys)("status")[0] == 0


Became = list[tuple[str, list[str], dict[str, str]]]


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> Became:
    """Return what `molt` became instead of becoming it: program, words and environment."""
    calls: Became = []
    monkeypatch.setattr(os, "execve", lambda *words: calls.append(words))
    monkeypatch.delenv("MOLT_HOME", raising=False)
    return calls


def test_world_run_becomes_the_tool(
    tmp_path: Path, became: Became, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`molt world run` becomes `python -m zones.world run` with every word as it was."""
    cli.main(["--json", "world", "run", "--seed", "7", "--help", "-x", "--inputs", "a b"])
    cli.main(["--home", str(tmp_path), "world", "run", "--ticks", "5"])
    (program, words, environment), (_, second, _) = became
    assert program == sys.executable
    assert words[1:] == [
        "-P", "-m", "zones.world", "run", "--json",
        "--seed", "7", "--help", "-x", "--inputs", "a b",
    ]  # fmt: skip
    assert environment["PYTHONPATH"].split(os.pathsep)[0] == str(CHECKOUT)
    assert second[-4:] == ["--home", str(tmp_path), "--ticks", "5"]
    monkeypatch.setenv("MOLT_HOME", str(tmp_path))
    cli.main(["world", "run", "--ticks", "5"])
    assert became[2][1][-3:] == ["run", "--ticks", "5"], "MOLT_HOME makes the tool write nowhere"


@pytest.mark.parametrize(
    ("words", "runs"),
    [(["top"], ["zones.client", "top"]), (["doctor", "world"], ["zones.world", "doctor"])],
)
def test_tools_about_a_home_are_always_told_it(
    words: list[str],
    runs: list[str],
    tmp_path: Path,
    became: Became,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`top` and `doctor world` get --home: given, else MOLT_HOME, else the checkout."""
    given, known, later = (str(tmp_path / name) for name in ("given", "known", "later"))
    cli.main(words)
    monkeypatch.setenv("MOLT_HOME", known)
    cli.main([*words, "--json", "-x"])
    cli.main(["--home", given, *words])
    cli.main([words[0], "--home", given, *words[1:]] if words[1:] else ["--home", given, *words])
    cli.main(["--home", given, *words, "--home", later])
    assert [call[1][3:] for call in became] == [
        [*runs, "--home", str(CHECKOUT)],
        [*runs, "--home", known, "--json", "-x"],
        [*runs, "--home", given],
        [*runs, "--home", given],
        [*runs, "--home", given, "--home", later],
    ]


def test_a_group_alone_shows_its_commands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`molt world` shows what there is of it, for people and for programs."""
    assert cli.main(["world"]) == 0
    assert "usage: molt world run" in capsys.readouterr().out
    assert cli.main(["world", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["commands"]
    assert (row["name"], row["place"]) == ("world run", "tool")
    assert cli.main(["doctor", "wrold"]) == 2
    assert "hint: molt help doctor\n" in capsys.readouterr().err


def test_without_a_command_help_is_shown(
    molt: Run, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`molt` with nothing to read, `molt help` and `molt --help` say the same and ask nobody."""
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    pages = {molt()[1], molt("help")[1], molt("--help")[1].removesuffix("\n") + "\n"}
    assert len({page.strip() for page in pages}) == 1
    assert molt("drill", "--help")[1].strip() == molt("help", "drill")[1].strip()
    assert molt("world")[1] == molt("help", "world", "run")[1]
    assert json.loads(molt("help", "drill", "--json")[1])["commands"][0]["name"] == "drill"
    assert "75" in molt("help", "exit-codes")[1]
    assert "More of it\n  doctor world" in molt("help", "doctor")[1]
    assert json.loads(molt("--json")[1])["exit_codes"][0]["code"] == 0
    assert kernel.asked == []


def test_a_closed_pipe_is_no_error(kernel: FakeKernel) -> None:
    """A reader that has seen enough ends the command without a traceback."""
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    molt = [sys.executable, "-m", "Kernel.console.cli", "--home", str(kernel.home)]
    for words, code in ((["ps"], 0), (["ps", "--json"], 0), (["help"], 0)):
        done = subprocess.run(
            [*molt, *words], cwd=CHECKOUT, stdout=write_fd, stderr=subprocess.PIPE, text=True,
            timeout=DEADLINE_S, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (code, "")
    os.close(write_fd)


def test_ctrl_c_ends_a_wait(kernel: FakeKernel) -> None:
    """Ctrl-C leaves a wait with 130 and no traceback, and the kernel lets the wait go."""
    molt = [sys.executable, "-m", "Kernel.console.cli", "--home", str(kernel.home)]
    words = [*molt, "wait", "--for", "tick=999999", "--timeout", "1h"]
    with subprocess.Popen(
        words,
        cwd=CHECKOUT,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts `make test &` with SIGINT ignored, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as waiting:
        try:
            until(lambda: bool(kernel.asked))
            waiting.send_signal(signal.SIGINT)
            _, err = waiting.communicate(timeout=DEADLINE_S)
        finally:
            waiting.kill()
    assert (waiting.returncode, err) == (130, "")
    until(lambda: kernel.server.counts.answers_dropped == 1)


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, at most DEADLINE_S."""
    due_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < due_s, "the deadline has passed"
        time.sleep(0.005)


def test_colour_only_when_asked_for(kernel: FakeKernel) -> None:
    """A pipe gets no colour, FORCE_COLOR brings it, NO_COLOR and an ASCII locale do no harm."""
    plain = {key: value for key, value in os.environ.items() if not key.endswith("_COLOR")}
    assert "\x1b[" not in spawn(kernel.home, "status", env=plain).stdout
    forced = spawn(kernel.home, "status", env=plain | {"FORCE_COLOR": "1"})
    assert "\x1b[32m● running" in forced.stdout
    ascii_only = plain | {"PYTHONIOENCODING": "ascii", "NO_COLOR": "1"}
    done = spawn(kernel.home, "status", env=ascii_only)
    assert done.returncode == 0 and "? running" in done.stdout


def test_the_kernel_sees_what_the_client_sends(kernel: FakeKernel) -> None:
    """The blocking client returns the result and the pid of who answered."""
    answer = ask(kernel.home, "pause", {"at_tick": 7}, 5.0)
    assert answer.result == {"tick": 7, "hash": HASH}
    assert answer.kernel_pid == os.getpid()
    assert TICK == 184_402


def test_a_no_is_no_error(kernel: FakeKernel) -> None:
    """Who is asked and says no is told that nothing was done, not in red; the exit code is 5."""
    ours, theirs = os.openpty()
    words = [sys.executable, "-m", "Kernel.console.cli", "--home", str(kernel.home), "shutdown"]
    plain = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    with (
        open(theirs, "r+b", buffering=0) as terminal,
        open(ours, "r+b", buffering=0) as person,
        subprocess.Popen(
            words, cwd=CHECKOUT, stdin=terminal, stdout=terminal, stderr=terminal, env=plain
        ) as asking,
    ):
        person.write(b"n\n")
        seen = b""
        while b"hint: " not in seen:
            seen += person.read(4096)
        assert asking.wait(DEADLINE_S) == 5
    assert b"not done: the answer was no" in seen and b"\x1b[31m" not in seen

"""Carry one command of the table out: ask the kernel, or become the tool that does it.

Owns: looking and asking before what destroys, how long to wait, health as an exit code, becoming
`python -m zones.<service>`. Does not own: reading the words (`tree.py`), the wire (`client.py`),
printing (`output.py`).
"""

import os
import shlex
import signal
import sys
import time
from collections.abc import Mapping, Sequence

import click

from Kernel.console.client import ask, ask_lines, wait_gone
from Kernel.console.command_types import Command, Kind
from Kernel.console.commands import BY_NAME
from Kernel.console.content import file_of, label_of
from Kernel.console.output import Declined, say, show_alone, show_line, show_lines, show_result
from Kernel.console.session import CHECKOUT, Session
from Kernel.console.trial_talk import WAITED_FOR, trial_watch, verdict_code
from Kernel.console.values import rows_of, word
from Kernel.contract.call_job import exit_code
from Kernel.contract.errors import NoKernel, Refused, UsageError, WaitTimeout

EXIT_DEGRADED = 3
EXIT_SAFE_MODE = 4
WATCH_S = 1.0
_RESTLESS = ("uptime_s", "memory_mb", "cpu_percent")
SHUTDOWN_S = 30.0
"""How long an answered `shutdown` may take until the kernel's process is gone."""


def ask_kernel(command: Command, args: dict[str, object], yes: bool, session: Session) -> int:
    """Ask the kernel, show what it says and return the exit code.

    Args:
        args: by the names of the table, without those left out; `check` is taken out.
        yes: do not ask before what destroys.

    Raises:
        MoltError: the kernel is not there or refuses, or the person does.
    """
    check = bool(args.pop("check", False))
    if args.pop("watch", False):
        return _watch(command, args, check, session)
    if command.lines:
        return _ask_lines(command, args, session)
    if args.get("dry_run"):
        _look(command, args, session)
        answer = ask(session.home, command.name, args, _patience_s(command, args))
        show_result(command.name, answer.result, session)
        return 0
    destroys = command.destructive and command.destroys_with in ("", *args)
    if destroys and not yes:
        _look(command, args, session)
        _confirm(command, args)
    if command.name == "drill" and not session.as_json and sys.stderr.isatty():
        _announce_drill(args, session)
    if command.name == "run":
        args.setdefault("name", label_of(args["source"]))
    talks = command.name in WAITED_FOR and not session.as_json and sys.stderr.isatty()
    watch = trial_watch(args, session) if talks else None
    answer = ask(session.home, command.name, args, _patience_s(command, args), meanwhile=watch)
    if command.name == "try":
        show_result(command.name, {"file": file_of(args["source"])} | answer.result, session)
        return verdict_code(answer.result)
    if command.name == "run":
        show_result(command.name, answer.result, session)
        return exit_code(str(answer.result.get("outcome")))
    if command.name == "shutdown" and not wait_gone(answer.kernel_pid, SHUTDOWN_S):
        raise WaitTimeout(
            f"cannot see kernel {answer.kernel_pid} end: it is still there after {SHUTDOWN_S} s",
            f"kill -9 {answer.kernel_pid}",
        )
    show_result(command.name, answer.result, session)
    if command.name == "reload" and not args.get("dry_run"):
        return reload_code(answer.result)
    return health_code(answer.result) if check else 0


def _ask_lines(command: Command, args: dict[str, object], session: Session) -> int:
    """Show an answer of many lines: as they come when following, else as one document."""
    raw = bool(args.pop("raw", False))
    lines = ask_lines(session.home, command.name, args, _patience_s(command, args))
    if session.as_json and not args.get("follow"):
        show_lines(command, list(lines), session)
        return 0
    for fields in lines:
        show_line(command, fields, session, raw)
    if args.get("follow"):
        say(f"{command.name} end here: the kernel was stopped")
    return 0


def _watch(command: Command, args: dict[str, object], check: bool, session: Session) -> int:
    """Ask again every WATCH_S and show what has changed, until Ctrl-C.

    A kernel that is gone is waited for: it may be back in a second, as safe mode or anew.
    """
    before: Mapping[str, object] | None = None
    seen = alone = False
    while True:
        try:
            result = ask(session.home, command.name, args, _patience_s(command, args)).result
        except NoKernel as gone:
            if check or not seen:
                raise
            if not alone:
                show_alone(gone, session)
            before, alone = None, True
        else:
            seen, alone = True, False
            if before is None or _steady(result) != _steady(before):
                show_result(command.name, result, session, again=True)
                before = result
            if check and (code := health_code(result)):
                return code
        time.sleep(WATCH_S)


def _steady(result: object) -> object:
    """Return an answer without what differs at every look although nothing has changed."""
    if isinstance(result, dict):
        return {key: _steady(value) for key, value in result.items() if key not in _RESTLESS}
    return [_steady(each) for each in result] if isinstance(result, list) else result


def become_tool(command: Command, words: Sequence[str], session: Session) -> int:
    """Become the tool of a command: signals, output and exit code are its own.

    At the prompt it runs beside us instead, and its exit code is returned.

    Args:
        words: what follows the command; goes last, so that of two homes the later word counts.
    """
    ours = ["--json"] if session.as_json and "--json" not in words else []
    # A tool that writes to a home does so only when asked: MOLT_HOME is no request for that.
    if command.about_home or session.given is not None:
        ours += ["--home", str(session.home)]
    # By path, and without the current directory, which may hold another "zones".
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(CHECKOUT), *([inherited] if inherited else [])])
    sys.stdout.flush()
    line = [sys.executable, "-P", "-m", *command.runs, *ours, *words]
    # One thread of linear algebra, as every zone has: more would take the cores of the world.
    environment = {"OPENBLAS_NUM_THREADS": "1", **os.environ, "PYTHONPATH": path}
    if session.stays:
        return _run_beside(line, environment)
    os.execve(sys.executable, line, environment)


def _run_beside(line: list[str], environment: Mapping[str, str]) -> int:
    """Run a tool as a child and return its exit code; Ctrl-C is for it alone."""
    # A handler, and not SIG_IGN, which it would inherit.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        # Not by subprocess, whose import would cost every other command 4 ms.
        _, status = os.waitpid(os.posix_spawn(line[0], line, environment), 0)
        code = os.waitstatus_to_exitcode(status)
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code


def health_code(status: Mapping[str, object]) -> int:
    """Return the exit code of `status --check`: 0 sound, 3 degraded, 4 safe mode."""
    kernel = status.get("kernel")
    kernel = kernel if isinstance(kernel, dict) else {}
    if kernel.get("safe_mode"):
        return EXIT_SAFE_MODE
    return EXIT_DEGRADED if status.get("degraded") or kernel.get("state") == "degraded" else 0


def reload_code(result: Mapping[str, object]) -> int:
    """Return the exit code of `reload`: 5 when a key was refused, whatever else counts now."""
    refused = any(change.get("why") for change in rows_of(result, "changes"))
    return Refused.exit_code if refused else 0


def _announce_drill(args: Mapping[str, object], session: Session) -> None:
    """Say at once what is done and who is waited for: a hang may take seconds to be found."""
    zones = rows_of(ask(session.home, "ps", {}, BY_NAME["ps"].patience_s).result, "zones")
    for zone in (each for each in zones if each.get("name") == args["zone"]):
        who = "its heir" if isinstance(zone.get("heir_pid"), int) else "a new process"
        say(f"{args['kind']} goes to pid {word(zone, 'pid')}, waiting for {who} ...")


def _patience_s(command: Command, args: Mapping[str, object]) -> float | None:
    if any(name in args for name in command.open_ended):
        return None
    patience_s = command.patience_s
    for argument in command.arguments:
        limit = args.get(argument.name, argument.default)
        if argument.kind is Kind.DURATION and isinstance(limit, int | float):
            patience_s += limit
    return patience_s


def _look(command: Command, args: Mapping[str, object], session: Session) -> None:
    """Find out what can be known before anything is asked: a kernel is there, and the zone is.

    Raises:
        NoKernel: it is not.
        Refused: the kernel has no such zone.
    """
    zones = rows_of(ask(session.home, "ps", {}, BY_NAME["ps"].patience_s).result, "zones")
    known = [word(zone, "name") for zone in zones]
    if "zone" in args and args["zone"] not in known:
        raise Refused(
            f"cannot {command.name} zone {args['zone']}: zones are {', '.join(known)}", "molt ps"
        )


def _typed(command: Command, args: Mapping[str, object]) -> list[str]:
    """Return arguments as they would be typed."""
    words: list[str] = []
    for argument in command.arguments:
        value = args.get(argument.name)
        if value is None or value is False:
            continue
        words += [argument.option] if argument.option else []
        words += [] if argument.kind is Kind.FLAG else [str(value)]
    return words


def _confirm(command: Command, args: Mapping[str, object]) -> None:
    words = ["molt", *command.name.split(), *_typed(command, args), "--yes"]
    if not sys.stdin.isatty():
        raise UsageError(
            f"cannot {command.name} without asking: nobody is at the terminal", shlex.join(words)
        )
    defaults = {each.name: each.default for each in command.arguments}
    if not click.confirm(
        command.question.format(**(defaults | dict(args))), default=False, err=True
    ):
        raise Declined("not done: the answer was no", shlex.join(words))

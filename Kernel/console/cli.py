"""`molt`: the command line, made from the table.

Owns: the click tree, asking before what destroys, output as JSON or for people, exit codes. Does
not own: the table (`commands.py`), the wire (`client.py`), looks (`render.py`, `help.py`).
stdout carries data, stderr carries talk. Model: redis `src/redis-cli.c`, one tool, two readers.
"""

import json
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click

from Kernel.console.client import ask, wait_gone
from Kernel.console.commands import BY_NAME, COMMANDS, Argument, Command, Kind, Place
from Kernel.console.help import command_text, help_fields, help_text
from Kernel.console.hints import at_home
from Kernel.console.request import check_value
from Kernel.console.values import clean, rows_of, word
from Kernel.console.wait_expression import parse_duration, parse_whole
from Kernel.contract.errors import MoltError, Refused, UsageError, WaitTimeout

CHECKOUT = Path(__file__).resolve().parents[2]
EXIT_DEGRADED = 3
EXIT_SAFE_MODE = 4
EXIT_INTERRUPTED = 130
SHUTDOWN_S = 30.0
"""How long an answered `shutdown` may take until the kernel's process is gone."""
MESSAGE_MAX = 2000
_NEGATIVE = re.compile(r"-[0-9.][0-9.e+-]*")


@dataclass(slots=True)
class _Session:
    """What holds for the whole call, whichever command it is.

    Args:
        given: the word after `--home`; None: there was none.
    """

    given: str | None = None
    as_json: bool = False

    @property
    def used(self) -> str | None:
        """What was said about where the world lives, on the command line or around it."""
        return self.given or os.environ.get("MOLT_HOME") or None

    @property
    def home(self) -> Path:
        """Where the world lives."""
        return Path(self.used or CHECKOUT).absolute()

    def pasteable(self, hint: str) -> str:
        """Return a hint as a command line about the same home."""
        return at_home(hint, self.given, self.used)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code.

    Args:
        argv: the words after "molt"; None: those of this process.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows "?" instead of ending the command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = _call(words)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader has seen enough; nothing is left to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _call(words: list[str]) -> int:
    root = _tree()
    session = _Session(as_json="--json" in words)
    try:
        # Not root.main(): that turns a closed pipe into exit code 1, which is for our bugs.
        with root.make_context("molt", words, obj=session) as ctx:
            code = root.invoke(ctx)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except MoltError as error:
        return _fail(error, session)
    except click.ClickException as error:
        return _fail(_usage_error(error), session)
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED


def _tree() -> click.Group:
    """Return the click tree of the table."""
    root = _Root(
        name="molt",
        callback=_start,
        invoke_without_command=True,
        params=[
            *_everywhere(),
            click.Option(["--version"], is_flag=True),
        ],
    )
    for command in COMMANDS:
        first, _, rest = command.name.partition(" ")
        if not rest:
            root.add_command(_TableCommand(command))
            continue
        group = root.commands.get(first)
        if not isinstance(group, click.Group):
            group = click.Group(first, invoke_without_command=True, callback=_group_help(first))
            root.add_command(group)
        group.add_command(_TableCommand(command, rest))
    return root


def _everywhere() -> list[click.Parameter]:
    """Return the options that may stand before and after any command."""
    return [
        click.Option(["--home"], type=str, metavar="DIR"),
        click.Option(["--json", "as_json"], is_flag=True),
    ]


class _Root(click.Group):
    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(help_text())


class _TableCommand(click.Command):
    """One row of the table as a click command."""

    def __init__(self, row: Command, name: str = "") -> None:
        self.row = row
        if row.place is Place.TOOL:
            super().__init__(
                name or row.name,
                params=[click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)],
                callback=lambda words: _exec_tool(row, words),
                context_settings={"ignore_unknown_options": True},
                add_help_option=False,
            )
            return
        params: list[click.Parameter] = [_parameter(row, argument) for argument in row.arguments]
        params += _everywhere()
        if row.destructive:
            params.append(click.Option(["--yes"], is_flag=True))
        super().__init__(name or row.name, params=params, callback=self._call)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(command_text(self.row))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let a negative number stand where a number goes by place: click sees an option there."""
        numbers = (Kind.NUMBER, Kind.INTEGER)
        takes_number = any(a.kind in numbers and not a.option for a in self.row.arguments)
        if takes_number and "--" not in args:
            valued = {"--home", *(a.option for a in self.row.arguments if a.option)}
            negative = {
                place
                for place, word in enumerate(args)
                if _NEGATIVE.fullmatch(word) and (not place or args[place - 1] not in valued)
            }
            kept = [word for place, word in enumerate(args) if place not in negative]
            args = [*kept, "--", *(args[place] for place in sorted(negative))]
        return super().parse_args(ctx, args)

    def _call(
        self,
        home: str | None,
        as_json: bool,
        yes: bool = False,
        words: tuple[str, ...] = (),
        **given: object,
    ) -> int:
        session = click.get_current_context().ensure_object(_Session)
        session.given = home or session.given
        session.as_json |= as_json
        if self.row.place is Place.LOCAL:
            return _show_help(" ".join(words), session)
        args = {name: value for name, value in given.items() if value is not None}
        return _run(self.row, args, yes, session)


class _TableType(click.ParamType[Any]):
    """The type of one argument: the same check as the kernel's, before anything is sent."""

    def __init__(self, command: Command, argument: Argument) -> None:
        self.name = argument.kind.value
        self._command = command
        self._argument = argument

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        raw = _read_word(self._argument.kind, str(value))
        checked = check_value(self._command, self._argument, raw)
        return raw if self._argument.kind is Kind.EXPRESSION else checked


def _parameter(command: Command, argument: Argument) -> click.Parameter:
    if argument.kind is Kind.FLAG:
        return click.Option([argument.option, argument.name], is_flag=True, default=None)
    if argument.kind is Kind.WORDS:
        return click.Argument([argument.name], nargs=-1, type=str)
    kind = _TableType(command, argument)
    if argument.option:
        return click.Option([argument.option, argument.name], type=kind, required=argument.required)
    return click.Argument(
        [argument.name], type=kind, required=argument.required, metavar=argument.metavar
    )


def _read_word(kind: Kind, word: str) -> object:
    """Return a command line word as the raw value of a request; one that does not fit stays."""
    try:
        match kind:
            case Kind.INTEGER:
                return parse_whole(word)
            case Kind.NUMBER:
                return float(word)
            case Kind.DURATION:
                return parse_duration(word)
            case _:
                return word
    except ValueError:
        return word


def _start(home: str | None, as_json: bool, version: bool) -> int:
    ctx = click.get_current_context()
    session = ctx.ensure_object(_Session)
    session.given = home or None
    session.as_json |= as_json
    if version:
        _show_version(session)
        ctx.exit()
    if ctx.invoked_subcommand is None:
        return _show_help("", session)
    return 0


def _group_help(first: str) -> Any:
    def show() -> None:
        if click.get_current_context().invoked_subcommand is None:
            click.echo(help_text(first), nl=False)

    return show


def _run(command: Command, args: dict[str, object], yes: bool, session: _Session) -> int:
    """Ask the kernel and show what it says."""
    check = bool(args.pop("check", False))
    if command.destructive and not yes:
        _look(command, args, session)
        _confirm(command, args)
    answer = ask(session.home, command.name, args, _patience_s(command, args))
    if command.name == "shutdown" and not wait_gone(answer.kernel_pid, SHUTDOWN_S):
        raise WaitTimeout(
            f"cannot see kernel {answer.kernel_pid} end: it is still there after {SHUTDOWN_S} s",
            f"kill -9 {answer.kernel_pid}",
        )
    if session.as_json:
        _print_json(answer.result)
    else:
        # rich takes as long to import as all the rest; programs that want JSON need not wait.
        from Kernel.console.render import show

        show(command.name, answer.result, sys.stdout, session.pasteable)
    return health_code(answer.result) if check else 0


def health_code(status: Mapping[str, object]) -> int:
    """Return the exit code of `status --check`: 0 sound, 3 degraded, 4 safe mode."""
    kernel = status.get("kernel")
    kernel = kernel if isinstance(kernel, dict) else {}
    if kernel.get("safe_mode"):
        return EXIT_SAFE_MODE
    return EXIT_DEGRADED if status.get("degraded") or kernel.get("state") == "degraded" else 0


def _patience_s(command: Command, args: Mapping[str, object]) -> float | None:
    if any(name in args for name in command.open_ended):
        return None
    patience_s = command.patience_s
    for argument in command.arguments:
        limit = args.get(argument.name, argument.default)
        if argument.kind is Kind.DURATION and isinstance(limit, int | float):
            patience_s += limit
    return patience_s


def _look(command: Command, args: Mapping[str, object], session: _Session) -> None:
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


def _confirm(command: Command, args: Mapping[str, object]) -> None:
    words = ["molt", command.name, *(str(value) for value in args.values()), "--yes"]
    if not sys.stdin.isatty():
        raise UsageError(
            f"cannot {command.name} without asking: nobody is at the terminal", shlex.join(words)
        )
    if not click.confirm(command.question.format(**args), default=False, err=True):
        raise Refused(f"cannot {command.name}: the answer was no", shlex.join(words))


def _exec_tool(command: Command, words: Sequence[str]) -> NoReturn:
    """Become `python -m zones.<service>`: signals, output and exit code are its own."""
    session = click.get_current_context().ensure_object(_Session)
    service, *rest = command.name.split()
    extra = ["--json"] if session.as_json else []
    # Only when asked for: the tool then writes there, and MOLT_HOME is no request for that.
    extra += ["--home", str(session.home)] if session.given is not None else []
    # By path, and without the current directory, which may hold another "zones".
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(CHECKOUT), *([inherited] if inherited else [])])
    sys.stdout.flush()
    os.execve(
        sys.executable,
        [sys.executable, "-P", "-m", f"zones.{service}", *rest, *words, *extra],
        {**os.environ, "PYTHONPATH": path},
    )


def _show_help(words: str, session: _Session) -> int:
    if session.as_json:
        _print_json(help_fields(words))
    else:
        click.echo(help_text(words), nl=False)
    return 0


def _show_version(session: _Session) -> None:
    # With the kernel's own parts behind it; every other call does without them.
    from Kernel.console.screen import VERSION

    if session.as_json:
        _print_json({"version": VERSION})
    else:
        click.echo(f"molt {VERSION}")


def _print_json(document: Mapping[str, object]) -> None:
    indent = 2 if sys.stdout.isatty() else None
    click.echo(json.dumps(document, ensure_ascii=False, indent=indent))


def _fail(error: MoltError, session: _Session) -> int:
    """Say what went wrong, for people on stderr and for programs on stdout; return the code."""
    hint = session.pasteable(error.hint)
    if session.as_json:
        fields = {"code": error.exit_code, "message": error.message, "hint": hint}
        _print_json({"error": fields})
    click.secho(
        clean(error.message, MESSAGE_MAX), err=True, fg="red" if _coloured(sys.stderr) else None
    )
    if hint:
        click.echo(f"hint: {clean(hint, MESSAGE_MAX)}", err=True)
    return error.exit_code


def _coloured(stream: Any) -> bool:
    return bool(stream.isatty()) and "NO_COLOR" not in os.environ


def _usage_error(error: click.ClickException) -> UsageError:
    """Return click's complaint in our words."""
    ctx = getattr(error, "ctx", None)
    page = "" if ctx is None else ctx.command_path.removeprefix("molt").strip()
    said = error.format_message()
    return UsageError(
        f"cannot read the command line: {said[:1].lower()}{said[1:].rstrip('.')}",
        f"molt help {page}".strip(),
    )


if __name__ == "__main__":
    sys.exit(main())

"""The table of commands as a click tree.

Owns: options, types, groups and help pages as click wants them, and reading a call's words into
arguments of the table. Does not own: the table (`commands.py`), checks of values (`request.py`),
carrying a command out (`errand.py`, `here.py`), what a word may be completed to (`completion.py`).
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from Kernel.console.command_types import Argument, Command, Kind, Place
from Kernel.console.commands import COMMANDS
from Kernel.console.completion import complete_argument, complete_tool
from Kernel.console.content import STDIN, read_content
from Kernel.console.errand import ask_kernel, become_tool
from Kernel.console.help import GLOBAL, YES, command_text, help_text
from Kernel.console.here import HERE
from Kernel.console.output import show_help, show_version
from Kernel.console.request import check_value
from Kernel.console.session import Session
from Kernel.contract.errors import UsageError
from Kernel.contract.quantities import parse_duration, parse_whole

_NEGATIVE = re.compile(r"-[0-9.][0-9.e+-]*")


def make_tree() -> click.Group:
    """Return the click tree of the table; its commands return exit codes."""
    root = _Root(
        name="molt",
        callback=_start,
        invoke_without_command=True,
        params=[
            *_everywhere(),
            click.Option(["--version"], is_flag=True, help="print the version"),
        ],
    )
    groups = {command.name.partition(" ")[0] for command in COMMANDS if " " in command.name}
    for command in COMMANDS:
        first, _, rest = command.name.partition(" ")
        if first in groups and first not in root.commands:
            row = next((each for each in COMMANDS if each.name == first), None)
            root.add_command(_group(first, row))
        if not rest and first not in groups:
            root.add_command(_TableCommand(command))
        elif rest:
            group = root.commands[first]
            assert isinstance(group, click.Group), "made above"
            group.add_command(_TableCommand(command, rest))
    return root


def _everywhere() -> list[click.Parameter]:
    """Return the options that may stand before and after any command."""
    (_, home_help), (_, json_help) = GLOBAL

    def folders(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[Any]:
        return [CompletionItem(typed, type="dir")]

    return [
        click.Option(["--home"], type=str, metavar="DIR", help=home_help, shell_complete=folders),
        click.Option(["--json", "as_json"], is_flag=True, help=json_help),
    ]


class _Root(click.Group):
    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(help_text())


class _TableGroup(click.Group):
    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(help_text(self.name))


class _TableCommand(click.Command):
    """One row of the table as a click command."""

    def __init__(self, row: Command, name: str = "") -> None:
        self.row = row
        if row.place is Place.TOOL:
            super().__init__(
                name or row.name,
                params=[
                    click.Argument(
                        ["words"],
                        nargs=-1,
                        type=click.UNPROCESSED,
                        shell_complete=lambda ctx, _param, typed: complete_tool(row, ctx, typed),
                    )
                ],
                callback=lambda words: become_tool(row, words, _session()),
                context_settings={"ignore_unknown_options": True},
                add_help_option=False,
                help=row.summary,
            )
            return
        super().__init__(
            name or row.name, params=_parameters(row), callback=_caller(row), help=row.summary
        )

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(command_text(self.row))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Return options; those of a tool are in the table."""
        if self.row.place is Place.TOOL:
            return complete_tool(self.row, ctx, incomplete)
        return super().shell_complete(ctx, incomplete)

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


def _parameters(row: Command) -> list[click.Parameter]:
    params: list[click.Parameter] = [_parameter(row, argument) for argument in row.takes]
    params += _everywhere()
    if row.destructive:
        params.append(click.Option(["--yes"], is_flag=True, help=YES[1]))
    return params


def _caller(row: Command) -> Callable[..., int]:
    """Return what carries a row out when click has read its words."""

    def call(home: str | None, as_json: bool, yes: bool = False, **given: object) -> int:
        session = _session()
        session.given = home or session.given
        session.as_json |= as_json
        args = {name: value for name, value in given.items() if value not in (None, [])}
        if row.place is Place.LOCAL:
            return show_help(args, session)
        if row.place is Place.HERE:
            return HERE[row.name](args, session)
        return ask_kernel(row, args, yes, session)

    return call


class _TableType(click.ParamType[Any]):
    """The type of one argument: the same check as the kernel's, before anything is sent."""

    def __init__(self, command: Command, argument: Argument) -> None:
        self.name = argument.kind.value
        self._command = command
        self._argument = argument

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        kind = self._argument.kind
        if kind is Kind.FILE:
            if str(value) == STDIN and _session().line:
                why = "its commands come from there"
                raise UsageError(f"cannot read {STDIN} in a script: {why}", "molt help")
            return read_content(self._command.name, Path(str(value)), self._argument.high)
        raw = _read_word(kind, str(value))
        checked = check_value(self._command, self._argument, raw)
        return raw if kind in (Kind.EXPRESSION, Kind.SINCE) else checked

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        return complete_argument(self._argument, ctx, incomplete)


def _parameter(command: Command, argument: Argument) -> click.Parameter:
    names = [word for word in (argument.short, argument.option, argument.name) if word]
    if argument.kind is Kind.FLAG:
        return click.Option(names, is_flag=True, default=None, help=argument.help)
    if argument.kind in (Kind.WORDS, Kind.FILTERS, Kind.STRINGS):

        def joined(ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> object:
            raw: object = " ".join(words) if argument.kind is Kind.WORDS else list(words)
            if ctx.resilient_parsing:
                return words  # for completion: they are not finished
            check_value(command, argument, raw)
            return raw

        return click.Argument(
            names,
            nargs=-1,
            type=str,
            callback=joined,
            shell_complete=lambda ctx, _param, typed: complete_argument(argument, ctx, typed),
        )
    kind = _TableType(command, argument)
    if argument.option:
        return click.Option(names, type=kind, required=argument.required, help=argument.help)
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
    session = _session()
    session.given = home or session.given
    session.as_json |= as_json
    if version:
        show_version(session)
        ctx.exit()
    session.commandless = ctx.invoked_subcommand is None
    return 0


def _group(first: str, row: Command | None) -> click.Group:
    """Return the group of all commands whose name begins with a word; alone it is its row's."""

    def start(home: str | None, as_json: bool, yes: bool = False, **given: object) -> int:
        if click.get_current_context().invoked_subcommand is None and row is not None:
            return _caller(row)(home, as_json, yes, **given)
        session = _session()
        session.given = home or session.given
        session.as_json |= as_json
        alone = click.get_current_context().invoked_subcommand is None
        return show_help({"words": first}, session) if alone else 0

    return _TableGroup(
        first,
        params=_everywhere() if row is None else _parameters(row),
        invoke_without_command=True,
        callback=start,
        help=f"commands that begin with {first}" if row is None else row.summary,
    )


def _session() -> Session:
    return click.get_current_context().ensure_object(Session)

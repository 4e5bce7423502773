"""The table of commands as a click tree.

Owns: options, types, groups and help pages as click wants them, and reading a call's words into
arguments of the table. Does not own: the table (`commands.py`), checks of values (`request.py`),
carrying a command out (`errand.py`).
"""

import re
from typing import Any

import click

from Kernel.console.commands import COMMANDS, Argument, Command, Kind, Place
from Kernel.console.errand import ask_kernel, become_tool
from Kernel.console.help import command_text, help_text
from Kernel.console.output import show_help, show_version
from Kernel.console.request import check_value
from Kernel.console.session import Session
from Kernel.console.wait_expression import parse_duration, parse_whole

_NEGATIVE = re.compile(r"-[0-9.][0-9.e+-]*")


def make_tree() -> click.Group:
    """Return the click tree of the table; its commands return exit codes."""
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
            group = _group(first)
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
                callback=lambda words: become_tool(row, words, _session()),
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
        session = _session()
        session.given = home or session.given
        session.as_json |= as_json
        if self.row.place is Place.LOCAL:
            return show_help(" ".join(words), session)
        args = {name: value for name, value in given.items() if value is not None}
        return ask_kernel(self.row, args, yes, session)


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
    session = _session()
    session.given = home or None
    session.as_json |= as_json
    if version:
        show_version(session)
        ctx.exit()
    if ctx.invoked_subcommand is None:
        return show_help("", session)
    return 0


def _group(first: str) -> click.Group:
    """Return the group of all commands whose name begins with a word; alone it shows them."""

    def start(home: str | None, as_json: bool) -> int:
        session = _session()
        session.given = home or session.given
        session.as_json |= as_json
        alone = click.get_current_context().invoked_subcommand is None
        return show_help(first, session) if alone else 0

    return click.Group(first, params=_everywhere(), invoke_without_command=True, callback=start)


def _session() -> Session:
    return click.get_current_context().ensure_object(Session)

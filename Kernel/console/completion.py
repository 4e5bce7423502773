"""What a half-written word may become: the same in every shell and at the prompt.

Owns: values that are known only while a kernel runs, or only in a home; the scripts for shells.
Does not own: commands and options (click reads them from the tree), the protocol between a shell's
script and us (click's). Whatever fails, and whoever does not answer within ASK_S, there are just no
suggestions.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

from Kernel.console.client import ask
from Kernel.console.command_types import Argument, Command, Kind, Suggest
from Kernel.console.commands import COMMANDS
from Kernel.console.help import EXIT_CODES_TOPIC
from Kernel.console.session import CHECKOUT, Session
from Kernel.console.values import rows_of, word
from Kernel.contract.errors import MoltError
from Kernel.contract.event_filter import FIELDS
from Kernel.contract.event_words import SENTENCES
from Kernel.contract.scenarios import list_scenarios

PROGRAM = "molt"
VARIABLE = "_MOLT_COMPLETE"
"""Set by the shell's script: "bash_complete" and the like."""
SHELLS = ("bash", "zsh", "fish")
ASK_S = 0.15
"""A person waits at the Tab key: who has not answered by then is not waited for."""

Item = CompletionItem[str]


def completion_script(shell: str) -> str:
    """Return the script that has a shell ask us, ending in a newline.

    Args:
        shell: one of SHELLS.
    """
    made = get_completion_class(shell)
    assert made is not None, f"click knows {shell}"
    script = made(click.Group(PROGRAM), {}, PROGRAM, VARIABLE)
    # Not source(): for bash that starts one to see whether it is new enough.
    return (script.source_template % script.source_vars()).rstrip() + "\n"


def answer_shell(root: click.Group, instruction: str) -> int:
    """Print what the shell's script asks for and return the exit code.

    Args:
        instruction: such as "bash_complete".
    """
    shell, _, what = instruction.partition("_")
    made = get_completion_class(shell)
    if shell not in SHELLS or made is None or what != "complete":
        return 1
    asked = made(root, {"obj": Session()}, PROGRAM, VARIABLE)
    try:
        args, typed = asked.get_completion_args()
    except (KeyError, ValueError, IndexError):  # not called by the script
        return 1
    found = suggest(root, Session(), args, typed)
    click.echo("\n".join(asked.format_completion(item) for item in found))
    return 0


def suggest(root: click.Group, session: Session, words: Sequence[str], typed: str) -> list[Item]:
    """Return what the word that is being typed may become.

    Args:
        session: whose home is meant where the words name none.
        words: those before it, without "molt".
    """
    asking = ShellComplete(root, {"obj": session}, PROGRAM, VARIABLE)
    try:
        return asking.get_completions(list(words), typed)
    except (MoltError, click.ClickException):
        return []


def complete_argument(argument: Argument, ctx: click.Context, typed: str) -> list[Item]:
    """Return the values an argument of the table may have."""
    if argument.kind is Kind.CHOICE:
        return _fitting(argument.choices, typed)
    if argument.kind is Kind.FILE:
        return [_a_file(typed)]
    if argument.suggest is None:
        return []
    if argument.suggest is Suggest.EVENT_FILTER:
        return _filters(argument.name, ctx, typed)
    return _fitting(_values(argument.suggest, ctx), typed)


def complete_tool(command: Command, ctx: click.Context, typed: str) -> list[Item]:
    """Return the options of a tool, or the values of the one before."""
    words = ctx.params.get("words") or ()
    known = dict(command.tool_options)
    before = words[-1] if words else ""
    if not typed.startswith("-") and before in known:
        source = known[before]
        for argument in (each for each in command.arguments if each.option == before):
            if argument.choices:
                return _fitting(argument.choices, typed)
        if source is Suggest.FILE:
            return [_a_file(typed)]
        return [] if source is None else _fitting(_values(source, ctx), typed)
    if command.tool_words is Suggest.FILE and not typed.startswith("-"):
        return [_a_file(typed)]
    options = _fitting((option for option in known if option not in words), typed)
    if command.tool_words is Suggest.EVENT_FILTER and not typed.startswith("-"):
        return _filters("words", ctx, typed) + options
    if command.tool_words is Suggest.TRAIT and not typed.startswith("-"):
        return _fitting(_values(Suggest.TRAIT, ctx), typed) + options
    return options


def _a_file(typed: str) -> Item:
    """Return the mark for whoever asks to look for files itself."""
    return CompletionItem(typed, type="file")


def _filters(name: str, ctx: click.Context, typed: str) -> list[Item]:
    """Return FIELD= or FIELD=VALUE.

    bash hands the three parts over as three words, and click takes a lone "=" for nothing typed.
    """
    words = list(ctx.params.get(name) or ())
    if not typed and words and words[-1] in FIELDS:
        return _fitting(_filter_values(words[-1], ctx), "")
    if words[-1:] == ["="] and len(words) > 1:
        return _fitting(_filter_values(words[-2], ctx), typed)
    field, equals, begun = typed.partition("=")
    if equals:
        values = [value for value in _filter_values(field, ctx) if value.startswith(begun)]
        return [CompletionItem(f"{field}={value}") for value in values]
    return [CompletionItem(f"{each}=") for each in FIELDS if each.startswith(typed)]


def _filter_values(field: str, ctx: click.Context) -> Iterable[str]:
    if field == "zone":
        return [*_values(Suggest.ZONE, ctx), "kernel"]
    if field == "kind":
        return SENTENCES
    return ("info", "warning", "error") if field == "level" else ()


def _values(source: Suggest, ctx: click.Context) -> list[str]:
    if source is Suggest.COMMAND:
        return [*(command.name for command in COMMANDS), EXIT_CODES_TOPIC]
    home = _home(ctx)
    if source is Suggest.SCENARIO:
        own = home / "config"
        return list_scenarios(own if own.is_dir() else CHECKOUT / "config")
    if source is Suggest.ZONE:
        return [word(row, "name") for row in rows_of(_ask(home, "ps"), "zones")]
    if source is Suggest.QUARANTINED:
        rows = rows_of(_ask(home, "quarantine"), "quarantine")
        return list(dict.fromkeys(word(row, "name") for row in rows))
    if source is Suggest.TRAIT:
        rows = rows_of(_ask(home, "trait list"), "traits")
        return list(dict.fromkeys(word(row, "name") for row in rows))  # of each version a row
    return [word(row, "key") for row in rows_of(_ask(home, "params"), "params")]


def _ask(home: Path, command: str) -> Mapping[str, object]:
    return ask(home, command, {}, ASK_S / 2, connect_s=ASK_S / 2).result


def _home(ctx: click.Context) -> Path:
    """Return the home the words are about, as far as they are typed."""
    session = ctx.find_object(Session) or Session()
    here: click.Context | None = ctx
    while here is not None:
        if here.params.get("home"):
            return Path(here.params["home"]).absolute()
        here = here.parent
    return session.home


def _fitting(values: Iterable[str], typed: str) -> list[Item]:
    return [CompletionItem(value) for value in values if value.startswith(typed)]


def shell_asks() -> str:
    """Return the instruction of a shell's script, "" when this is an ordinary call."""
    return os.environ.get(VARIABLE, "")

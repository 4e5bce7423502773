"""Help, made from the table: for the terminal, for `help --json` and for the socket.

Owns: the words and the layout of help. Does not own: the table (`commands.py`), documents made of
it (`manual.py`). Pure; no colour, so that it reads the same in a pager, a pipe and the emergency
client; lines fit a terminal of 80 columns.
"""

from textwrap import wrap

from Kernel.console.command_types import Argument, Command, Kind, Place
from Kernel.console.commands import BY_NAME, COMMANDS, GROUPS
from Kernel.console.exit_codes import EXIT_CODES, EXIT_CODES_NOTE
from Kernel.console.request import unknown_command
from Kernel.contract.errors import UsageError

TITLE = "molt: keep a self-rewriting world alive"
WIDTH = 79
EXIT_CODES_TOPIC = "exit-codes"
GLOBAL = (
    ("--home DIR", "where the world lives; default MOLT_HOME, else the checkout"),
    ("--json", "print one JSON document, or one line for each event when following"),
)
YES = ("--yes", "do not ask; needed where nobody can be asked")


def help_fields(words: str | None) -> dict[str, object]:
    """Return the table, or the part that `words` finds, as plain data.

    Raises:
        UsageError: nothing is found.
    """
    codes = [{"code": each.code, "meaning": each.meaning} for each in EXIT_CODES]
    if words == EXIT_CODES_TOPIC:
        return {"commands": [], "exit_codes": codes}
    fields: dict[str, object] = {
        "commands": [_command_fields(command) for command in find_commands(words)]
    }
    return fields if (words or "").strip() else fields | {"exit_codes": codes}


def find_commands(words: str | None) -> tuple[Command, ...]:
    """Return all commands, the one of that name, a group, or those that mention the words.

    Raises:
        UsageError: nothing is found.
    """
    wanted = " ".join((words or "").lower().split())
    if not wanted:
        return COMMANDS
    members = tuple(command for command in COMMANDS if f"{command.name} ".startswith(wanted + " "))
    if not members:
        members = tuple(command for command in COMMANDS if command.group.lower() == wanted)
    if members:
        return members
    found = tuple(command for command in COMMANDS if wanted in _searched(command))
    if not found:
        error = unknown_command(wanted)
        found_none = f"cannot find {error.message.removeprefix('cannot run ')}"
        raise UsageError(f"{found_none}, and none mentions it", error.hint)
    return found


def is_search(words: str | None) -> bool:
    """Tell whether words name neither command nor group: then those are found that mention them."""
    wanted = " ".join((words or "").lower().split())
    names = (*(command.name for command in COMMANDS), *(group.lower() for group in GROUPS))
    return bool(wanted) and not any(f"{name} ".startswith(f"{wanted} ") for name in names)


def help_text(words: str | None = None) -> str:
    """Return what `molt help [WORDS]` prints, ending in a newline.

    Raises:
        UsageError: nothing is found.
    """
    if words == EXIT_CODES_TOPIC:
        return exit_codes_text()
    found = find_commands(words)
    searched = f"commands that mention '{words}'" if is_search(words) else ""
    if len(found) == 1:
        return (f"{searched}: only this one\n\n" if searched else "") + command_text(found[0])
    exact = BY_NAME.get(" ".join((words or "").lower().split()))
    if exact is not None:  # a command that others begin with, such as doctor
        below = [(command.name, command.summary) for command in found if command is not exact]
        return command_text(exact) + "\n".join(["", "More of it", *_columns(below)]) + "\n"
    lines = [searched or TITLE, "", "usage: molt [--home DIR] [--json] COMMAND ...", ""]
    if not words:
        lines += ["Without a command, molt opens a prompt on a terminal, and in a pipe reads one"]
        lines += ["command a line.", ""]
    for group in GROUPS:
        members = [command for command in found if command.group == group]
        if members:
            lines.append(group)
            lines += _columns([(command.name, command.summary) for command in members])
            lines.append("")
    lines += [
        "Everywhere, before or after the command",
        *_columns(list(GLOBAL)),
        "",
        "more: molt help COMMAND or WORD      exit codes: molt help exit-codes",
        "version: molt --version              manual: molt help --man | man -l -",
    ]
    return "\n".join(lines) + "\n"


def exit_codes_text() -> str:
    """Return the table of exit codes, ending in a newline."""
    rows = [(f"{each.code:>3}", each.meaning) for each in EXIT_CODES]
    return (
        "\n".join(
            [
                "Exit codes of molt and of python manifest.py",
                "",
                *_columns(rows),
                "",
                *wrap(EXIT_CODES_NOTE, WIDTH),
            ]
        )
        + "\n"
    )


def command_text(command: Command) -> str:
    """Return the help page of one command, ending in a newline; examples come first."""
    lines = [f"{command.summary}.", ""]
    lines += wrap(f"usage: {usage(command)}", WIDTH, subsequent_indent="         ")
    lines += ["", "Examples", *(f"  {example}" for example in command.examples)]
    rows = argument_rows(command)
    if rows:
        lines += ["", "Arguments", *_columns(rows)]
    if command.details:
        lines += ["", *wrap(command.details, WIDTH, break_on_hyphens=False)]
    return "\n".join(lines) + "\n"


def argument_rows(command: Command) -> list[tuple[str, str]]:
    """Return each argument as it is written, and what it does."""
    rows = [(_word(argument), _explained(argument)) for argument in command.takes]
    return [*rows, YES] if command.destructive else rows


def usage(command: Command) -> str:
    """Return the usage line of a command."""
    words = [command.name]
    for argument in command.takes:
        word = _word(argument, with_short=False)
        word += " ..." if argument.kind in (Kind.FILTERS, Kind.STRINGS) else ""
        words.append(word if argument.required else f"[{word}]")
    if command.place is Place.TOOL and not command.arguments:
        words.append("...")
    return " ".join(["molt", *words, *(["[--yes]"] if command.destructive else []), "[--json]"])


def _command_fields(command: Command) -> dict[str, object]:
    return {
        "name": command.name,
        "group": command.group,
        "summary": command.summary,
        "usage": usage(command),
        "arguments": [
            {
                "name": argument.name,
                "kind": argument.kind.value,
                "help": argument.help,
                "option": argument.option,
                "short": argument.short,
                "required": argument.required,
                "unit": argument.unit,
                "choices": list(argument.choices),
                "default": argument.default,
            }
            for argument in command.takes
        ],
        "examples": list(command.examples),
        "details": " ".join(command.details.split()),
        "destructive": command.destructive,
        "place": command.place.value,
    }


def _searched(command: Command) -> str:
    parts = [command.name, command.summary, command.details, *command.examples]
    parts += [f"{argument.name} {argument.help}" for argument in command.takes]
    return "\n".join(parts).lower()


def _word(argument: Argument, with_short: bool = True) -> str:
    option = argument.option
    if argument.short and with_short:
        option = f"{argument.short}, {option}"
    return option if argument.kind is Kind.FLAG else f"{option} {argument.metavar}".strip()


def _explained(argument: Argument) -> str:
    words = argument.help
    if argument.choices:
        words += "" if "(" in words else f": {', '.join(argument.choices)}"
    if argument.default is None:
        return words
    unit = f" {argument.unit}" if argument.kind is Kind.DURATION else ""
    return f"{words} (default {argument.default}{unit})"


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(left) for left, _ in rows)
    lines = []
    for left, right in rows:
        first, *more = wrap(right, WIDTH - width - 4, break_on_hyphens=False)
        lines.append(f"  {left:<{width}}  {first}")
        lines += [f"  {'':<{width}}  {line}" for line in more]
    return lines

"""Help, made from the table: for the terminal, for `help --json` and for the socket.

Owns: the words and the layout of help. Does not own: the table (`commands.py`). Pure; no colour,
so that it reads the same in a pager, a pipe and the emergency client.
"""

from Kernel.console.commands import BY_NAME, COMMANDS, GROUPS, Argument, Command, Kind, Place
from Kernel.console.request import unknown_command
from Kernel.contract.errors import UsageError

TITLE = "molt: keep a self-rewriting world alive"
_GLOBAL = (
    ("--home DIR", "where the world lives; default MOLT_HOME, else the checkout"),
    ("--json", "print one JSON document"),
)


def help_fields(words: str | None) -> dict[str, object]:
    """Return the table, or the part that `words` finds, as plain data.

    Raises:
        UsageError: nothing is found.
    """
    return {"commands": [_command_fields(command) for command in find_commands(words)]}


def find_commands(words: str | None) -> tuple[Command, ...]:
    """Return all commands, the one of that name, or those that mention the words.

    Raises:
        UsageError: nothing is found.
    """
    wanted = " ".join((words or "").lower().split())
    if not wanted:
        return COMMANDS
    if wanted in BY_NAME:
        return (BY_NAME[wanted],)
    members = tuple(command for command in COMMANDS if command.name.startswith(wanted + " "))
    if members:
        return members
    found = tuple(command for command in COMMANDS if wanted in _searched(command))
    if not found:
        error = unknown_command(wanted)
        found_none = f"cannot find {error.message.removeprefix('cannot run ')}"
        raise UsageError(f"{found_none}, and none mentions it", error.hint)
    return found


def is_search(words: str | None) -> bool:
    """Tell whether words name no command, so that those are found which mention them."""
    wanted = " ".join((words or "").lower().split())
    names = (command.name for command in COMMANDS)
    return bool(wanted) and not any(f"{name} ".startswith(f"{wanted} ") for name in names)


def help_text(words: str | None = None) -> str:
    """Return what `molt help [WORDS]` prints, ending in a newline.

    Raises:
        UsageError: nothing is found.
    """
    found = find_commands(words)
    searched = f"commands that mention '{words}'" if is_search(words) else ""
    if len(found) == 1:
        return (f"{searched}: only this one\n\n" if searched else "") + command_text(found[0])
    lines = [searched or TITLE, "", "usage: molt [--home DIR] [--json] COMMAND ...", ""]
    for group in GROUPS:
        members = [command for command in found if command.group == group]
        if members:
            lines.append(group)
            lines += _columns(
                [(usage(command, short=True), command.summary) for command in members]
            )
            lines.append("")
    lines += [
        "Everywhere, before or after the command",
        *_columns(list(_GLOBAL)),
        "",
        "more: molt help COMMAND      version: molt --version",
    ]
    return "\n".join(lines) + "\n"


def command_text(command: Command) -> str:
    """Return the help page of one command, ending in a newline; examples come first."""
    lines = [f"{command.summary}.", "", f"usage: {usage(command)}", "", "Examples"]
    lines += [f"  {example}" for example in command.examples]
    rows = [(_word(argument), _explained(argument)) for argument in command.arguments]
    if command.destructive:
        rows.append(("--yes", "do not ask; needed where nobody can be asked"))
    if rows:
        lines += ["", "Arguments", *_columns(rows)]
    if command.details:
        lines += ["", command.details]
    return "\n".join(lines) + "\n"


def usage(command: Command, short: bool = False) -> str:
    """Return the usage line of a command; `short` leaves out "molt" and --json."""
    words = [command.name]
    for argument in command.arguments:
        word = _word(argument)
        words.append(word if argument.required else f"[{word}]")
    if command.place is Place.TOOL:
        words.append("...")
    if short:
        return " ".join(words)
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
                "required": argument.required,
                "unit": argument.unit,
                "choices": list(argument.choices),
                "default": argument.default,
            }
            for argument in command.arguments
        ],
        "examples": list(command.examples),
        "details": command.details,
        "destructive": command.destructive,
        "place": command.place.value,
    }


def _searched(command: Command) -> str:
    parts = [command.name, command.summary, command.details, *command.examples]
    parts += [f"{argument.name} {argument.help}" for argument in command.arguments]
    return "\n".join(parts).lower()


def _word(argument: Argument) -> str:
    if argument.kind is Kind.FLAG:
        return argument.option
    return f"{argument.option} {argument.metavar}".strip()


def _explained(argument: Argument) -> str:
    if argument.default is None:
        return argument.help
    unit = f" {argument.unit}" if argument.kind is Kind.DURATION else ""
    return f"{argument.help} (default {argument.default}{unit})"


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(left) for left, _ in rows)
    return [f"  {left:<{width}}  {right}" for left, right in rows]

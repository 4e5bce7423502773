"""Documents made from the table: docs/commands.md, the manual page, the shells' scripts.

Owns: their layout, and writing all of them anew: `python -m Kernel.console.manual` (`make
commands`). Does not own: the words (`commands.py`, `help.py`). A test holds the files to the table.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from Kernel.console.command_types import Command
from Kernel.console.commands import COMMANDS, GROUPS
from Kernel.console.completion import SHELLS, completion_script
from Kernel.console.exit_codes import EXIT_CODES, EXIT_CODES_NOTE
from Kernel.console.help import GLOBAL, TITLE, argument_rows, usage
from Kernel.console.session import CHECKOUT

SCRIPTS = {"bash": "molt.bash", "zsh": "_molt", "fish": "molt.fish"}
"""What each shell wants its script to be called."""
INTRODUCTION = (
    "Without a command, molt opens a prompt on a terminal: the same commands, with history and "
    "Tab. In a pipe it reads one command a line; a line that begins with # is left out, and the "
    "exit code is that of the first command that failed.",
    "stdout carries data and stderr carries talk. With --json each command prints one document, "
    "or one line for each event when following; an error is a document, too: "
    '{"error": {"code", "message", "hint"}}.',
    "A command that destroys asks on a terminal and demands --yes elsewhere; --dry-run says what "
    "would happen and does nothing.",
)


def documents() -> dict[str, str]:
    """Return every document by its path in the checkout."""
    return {
        "docs/commands.md": markdown(),
        "packaging/man/molt.1": man_page(),
        **{f"packaging/completions/{SCRIPTS[name]}": completion_script(name) for name in SHELLS},
    }


def write_documents(root: Path) -> list[Path]:
    """Write every document below `root` and return where they are."""
    written = []
    for name, text in documents().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def markdown() -> str:
    """Return all commands as one document for reading, ending in a newline."""
    lines = [
        "# Commands of molt",
        "",
        "Made from the command table by `make commands`; do not edit.",
        "",
    ]
    for paragraph in INTRODUCTION:
        lines += [paragraph, ""]
    lines += _markdown_table("everywhere", list(GLOBAL))
    for group in GROUPS:
        lines += ["", f"## {group}"]
        for command in _members(group):
            lines += _markdown_command(command)
    codes = [(str(each.code), each.meaning) for each in EXIT_CODES]
    lines += ["", "## Exit codes", "", *_markdown_table("code", codes, code=False)]
    lines += ["", EXIT_CODES_NOTE]
    return "\n".join(lines) + "\n"


def _markdown_command(command: Command) -> list[str]:
    lines = ["", f"### molt {command.name}", "", f"{command.summary}.", ""]
    lines += ["```", usage(command), "```"]
    rows = argument_rows(command)
    if rows:
        lines += ["", *_markdown_table("argument", rows)]
    if command.details:
        lines += ["", " ".join(command.details.split())]
    return [*lines, "", "```sh", *command.examples, "```"]


def _markdown_table(head: str, rows: list[tuple[str, str]], code: bool = True) -> list[str]:
    mark = "`" if code else ""
    body = [f"| {mark}{left}{mark} | {right.replace('|', chr(92) + '|')} |" for left, right in rows]
    return [f"| {head} | means |", "| --- | --- |", *body]


def man_page() -> str:
    """Return the manual page in troff's man macros, ending in a newline."""
    return "\n".join(_man_lines()) + "\n"


def _man_lines() -> Iterator[str]:
    yield '.TH MOLT 1 "" "molt" "Commands of molt"'
    yield from (".SH NAME", _troff(TITLE.replace(":", " \\-", 1), escaped=True))
    yield from (".SH SYNOPSIS", ".B molt", _troff("[--home DIR] [--json] [COMMAND ...]"))
    yield ".SH DESCRIPTION"
    for paragraph in INTRODUCTION:
        yield from (".PP", _troff(paragraph))
    yield ".SH OPTIONS"
    yield from _man_rows(list(GLOBAL))
    for group in GROUPS:
        yield f".SH {group.upper()} COMMANDS"
        for command in _members(group):
            yield from _man_command(command)
    yield '.SH "EXIT STATUS"'
    yield from _man_rows([(str(each.code), each.meaning) for each in EXIT_CODES])
    yield from (".PP", _troff(EXIT_CODES_NOTE))
    yield from (".SH ENVIRONMENT", *_man_rows([("MOLT_HOME", "the home where --home names none")]))
    yield from _man_rows([("NO_COLOR", "if it is set, no colour")])
    yield from (".SH FILES", *_man_rows([("HOME/run/console.sock", "where the kernel is asked")]))
    yield from _man_rows([("HOME/run/molt_history", "what was typed at the prompt")])


def _man_command(command: Command) -> Iterator[str]:
    yield f'.SS "{_troff(usage(command))}"'
    yield _troff(f"{command.summary}.")
    yield from _man_rows(argument_rows(command))
    if command.details:
        yield from (".PP", _troff(" ".join(command.details.split())))
    yield from (".PP", "Examples:", ".PP", ".nf")
    yield from (f"    {_troff(example)}" for example in command.examples)
    yield ".fi"


def _man_rows(rows: list[tuple[str, str]]) -> Iterator[str]:
    for left, right in rows:
        yield from (".TP", f".B {_troff(left)}", _troff(right))


def _troff(text: str, escaped: bool = False) -> str:
    """Return text as troff takes it literally: no control line, no escape, no ligature of signs."""
    if not escaped:
        text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
        text = text.replace("'", "\\(aq")
    return f"\\&{text}" if text.startswith((".", "'")) else text


def _members(group: str) -> list[Command]:
    return [command for command in COMMANDS if command.group == group]


if __name__ == "__main__":
    for made in write_documents(CHECKOUT):
        sys.stdout.write(f"{made}\n")

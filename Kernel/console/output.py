"""What a call of `molt` prints: an answer, a page of help, the version, an error.

Owns: JSON for programs or words for people, stdout for data and stderr for talk. Does not own:
looks (`render.py`, `help.py`), exit codes (`cli.py`). What only people need is imported when one
is there: rich takes as long to import as all the rest, and the version has the kernel behind it.
"""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import click

from Kernel.console.command_types import Command
from Kernel.console.folding import columns_of, fold
from Kernel.console.help import help_fields, help_text
from Kernel.console.session import Session
from Kernel.console.values import clean
from Kernel.contract.errors import MoltError, NoKernel, Refused, error_fields

MESSAGE_MAX = 2000
LINE_MAX = 4096


class Declined(Refused):
    """Somebody was asked and said no: nothing is wrong, and nothing was done."""


def show_result(
    command: str, result: Mapping[str, object], session: Session, again: bool = False
) -> None:
    """Print the kernel's answer to a command of the table.

    Args:
        again: it takes the place of an answer before it: a terminal is cleared first, programs
            get one line.
    """
    if session.as_json:
        _print_json(result, one_line=again)
        return
    from Kernel.console.render import show

    if again:
        _clear()
    show(command, result, sys.stdout, session.pasteable)
    if again:
        sys.stdout.flush()


def show_alone(gone: NoKernel, session: Session) -> None:
    """Say, in place of an answer that is watched, that there is no kernel to ask just now."""
    if session.as_json:
        _print_json({"error": _error_fields(gone, session)}, one_line=True)
    else:
        _clear()
        click.echo(f"○ no kernel at {session.home}, waiting for one; Ctrl-C leaves")
        click.echo(f"hint: {clean(session.pasteable(gone.hint))}")
    sys.stdout.flush()


def say(text: str) -> None:
    """Tell a person something beside the data."""
    click.echo(clean(text, MESSAGE_MAX), err=True)


def show_line(
    command: Command, fields: Mapping[str, object], session: Session, raw: bool = False
) -> None:
    """Print one line of an answer that has many, at once.

    Args:
        raw: only what was written, without time and name.
    """
    if session.as_json:
        _print_json(fields, one_line=True)
    elif raw:
        text = fields.get("line")
        click.echo(clean(text, LINE_MAX) if isinstance(text, str) else "")
    else:
        from Kernel.console.render_lines import show_line as show

        show(command.lines, fields, sys.stdout)
    sys.stdout.flush()


def show_lines(command: Command, lines: list[dict[str, object]], session: Session) -> None:
    """Print all lines of an answer as one document."""
    assert session.as_json, "people see them one by one"
    _print_json({command.lines: lines})


def show_help(asked: Mapping[str, object], session: Session) -> int:
    """Print what `molt help` says and return the exit code.

    Args:
        asked: arguments of `help`: words, or man, or markdown.

    Raises:
        UsageError: nothing is found.
    """
    words = str(asked.get("words", ""))
    if asked.get("man") or asked.get("markdown"):
        from Kernel.console.manual import man_page, markdown

        text = man_page() if asked.get("man") else markdown()
        if session.as_json:
            _print_json({"text": text})
        else:
            click.echo(text, nl=False)
    elif session.as_json:
        _print_json(help_fields(words))
    else:
        click.echo(help_text(words), nl=False)
    return 0


def show_version(session: Session) -> None:
    """Print the version."""
    from Kernel.console.screen import VERSION

    if session.as_json:
        _print_json({"version": VERSION})
    else:
        click.echo(f"molt {VERSION}")


def show_error(error: MoltError, session: Session) -> None:
    """Say what went wrong: for people on stderr, and for programs on stdout as well."""
    hint = session.pasteable(error.hint)
    if session.as_json:
        _print_json({"error": _error_fields(error, session)})
    alarming = _coloured(sys.stderr) and not isinstance(error, Declined)
    place = f"line {session.line}: " if session.line else ""
    for line in error.message[:MESSAGE_MAX].splitlines():  # each fault of a file has its own
        text = fold(place + clean(line, MESSAGE_MAX), columns_of(sys.stderr), indent=2)
        click.secho(text, err=True, fg="red" if alarming else None)
    if hint:
        click.echo(f"hint: {clean(hint, MESSAGE_MAX)}", err=True)


def _error_fields(error: MoltError, session: Session) -> dict[str, object]:
    fields = error_fields(error, session.pasteable(error.hint))
    return fields | ({"line": session.line} if session.line else {})


def _clear() -> None:
    """Clear a terminal that can be cleared."""
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        sys.stdout.write("\x1b[H\x1b[J")


def show_document(document: Mapping[str, object]) -> None:
    """Print a document for programs."""
    _print_json(document)


def _print_json(document: Mapping[str, object], one_line: bool = False) -> None:
    indent = 2 if sys.stdout.isatty() and not one_line else None
    click.echo(json.dumps(document, ensure_ascii=False, indent=indent))


def _coloured(stream: Any) -> bool:
    return bool(stream.isatty()) and "NO_COLOR" not in os.environ

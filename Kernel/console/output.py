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

from Kernel.console.help import help_fields, help_text
from Kernel.console.session import Session
from Kernel.console.values import clean
from Kernel.contract.errors import MoltError, Refused

MESSAGE_MAX = 2000


class Declined(Refused):
    """Somebody was asked and said no: nothing is wrong, and nothing was done."""


def show_result(command: str, result: Mapping[str, object], session: Session) -> None:
    """Print the kernel's answer to a command of the table."""
    if session.as_json:
        _print_json(result)
        return
    from Kernel.console.render import show

    show(command, result, sys.stdout, session.pasteable)


def show_help(words: str, session: Session) -> int:
    """Print what `molt help WORDS` says and return the exit code.

    Raises:
        UsageError: nothing is found.
    """
    if session.as_json:
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
        fields = {"code": error.exit_code, "message": error.message, "hint": hint}
        _print_json({"error": fields})
    alarming = _coloured(sys.stderr) and not isinstance(error, Declined)
    for line in error.message[:MESSAGE_MAX].splitlines():  # each fault of a file has its own
        click.secho(clean(line, MESSAGE_MAX), err=True, fg="red" if alarming else None)
    if hint:
        click.echo(f"hint: {clean(hint, MESSAGE_MAX)}", err=True)


def _print_json(document: Mapping[str, object]) -> None:
    indent = 2 if sys.stdout.isatty() else None
    click.echo(json.dumps(document, ensure_ascii=False, indent=indent))


def _coloured(stream: Any) -> bool:
    return bool(stream.isatty()) and "NO_COLOR" not in os.environ

"""Commands one a line: from a file or a pipe, and how a typed line becomes words.

Owns: reading lines, comments, the exit code of many commands. Does not own: one command (`cli.py`),
the prompt (`repl.py`).
"""

import shlex
from collections.abc import Callable, Iterable
from dataclasses import replace

import click

from Kernel.console.output import show_error
from Kernel.console.session import Session
from Kernel.contract.errors import UsageError

LINE_MAX = 8192
"""The longest line that is read as a command, characters."""

Runner = Callable[[click.Group, list[str], Session], int]


def run_lines(root: click.Group, session: Session, run: Runner, lines: Iterable[str]) -> int | None:
    """Run each line and return the exit code of the first that failed, 0 when none did.

    A command that failed does not keep those after it from being run: one that pauses the world
    may be followed by one that must let it go on. Returns None when there was no command at all.

    Args:
        session: home and form that hold for lines which say none; not changed.
        run: runs one command.
    """
    first: int | None = None
    for number, line in enumerate(lines, start=1):
        code = run_line(root, session, run, line, number)
        if code is not None and not first:
            first = code
    return first


def run_line(
    root: click.Group, session: Session, run: Runner, line: str, number: int = 0
) -> int | None:
    """Run one line; None when there is nothing in it.

    Args:
        number: of the line in a script, from 1, for errors; 0: it was typed.
    """
    own = replace(session, commandless=False, stays=True, line=number)
    try:
        words = split(line)
    except UsageError as error:
        show_error(error, own)
        return error.exit_code
    if not words:
        return None
    code = run(root, words, own)
    if own.commandless and code == 0:
        nothing = UsageError("cannot run this line: it names no command", "molt help")
        show_error(nothing, own)
        return nothing.exit_code
    return code


def split(line: str) -> list[str]:
    """Return the words of a line as a shell would; a line that begins with # has none.

    A "molt" at its beginning is left out, too, so that examples may be pasted.

    Raises:
        UsageError: it is too long, or a quote is not closed.
    """
    if len(line) > LINE_MAX:
        raise UsageError(f"cannot read a line of {len(line)} characters, limit {LINE_MAX}")
    try:
        # Only at the beginning: `--since #17` is a position, and no comment.
        words = [] if line.lstrip().startswith("#") else shlex.split(line)
    except ValueError as error:
        said = str(error).rstrip(".").lower()
        raise UsageError(f"cannot read {line.strip()[:48]!r}: {said}", "molt help") from error
    return words[1:] if words[:1] == ["molt"] and len(words) > 1 else words

"""`molt`: the command line, made from the table.

Owns: one call from its words to its exit code. Does not own: the table (`commands.py`), the click
tree (`tree.py`), carrying a command out (`errand.py`), what is printed (`output.py`), many calls
after another (`batch.py`, `repl.py`).
stdout carries data, stderr carries talk. Model: redis `src/redis-cli.c`, one tool, two readers.
"""

import os
import sys
from collections.abc import Sequence

import click

from Kernel.console.completion import answer_shell, shell_asks
from Kernel.console.output import show_error, show_help
from Kernel.console.session import Session
from Kernel.console.tree import make_tree
from Kernel.contract.errors import MoltError, UsageError

EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, or those that are typed or piped in, and return the exit code.

    Args:
        argv: the words after "molt"; None: those of this process.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows "?" instead of ending the command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        instruction = shell_asks()
        if instruction:
            return answer_shell(make_tree(), instruction)
        session = Session()
        code = run(make_tree(), words, session)
        if code == 0 and session.commandless:
            code = _converse(session)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader has seen enough; nothing is left to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def run(root: click.Group, words: list[str], session: Session) -> int:
    """Run one command and return its exit code; whatever goes wrong is said.

    Args:
        session: changed by what the words say of home and form.

    Raises:
        BrokenPipeError: nobody reads stdout any more.
    """
    session.as_json |= "--json" in words
    try:
        # Not root.main(): that turns a closed pipe into exit code 1, which is for our bugs.
        with root.make_context("molt", words, obj=session) as ctx:
            code = root.invoke(ctx)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as leave:
        session.commandless = False
        return leave.exit_code
    except MoltError as error:
        return _fail(error, session)
    except click.ClickException as error:
        return _fail(_usage_error(error), session)
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED


def _converse(session: Session) -> int:
    """Serve whoever gave no command: a prompt on a terminal, else one command a line."""
    if session.as_json or (sys.stdin.isatty() and not sys.stdout.isatty()):
        return show_help({}, session)
    root = make_tree()
    if sys.stdin.isatty():
        # prompt_toolkit takes longer to import than all the rest together.
        from Kernel.console.repl import converse

        return converse(root, session, run)
    from Kernel.console.batch import run_lines

    code = run_lines(root, session, run, sys.stdin)
    return show_help({}, session) if code is None else code


def _fail(error: MoltError, session: Session) -> int:
    show_error(error, session)
    return error.exit_code


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

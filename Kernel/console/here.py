"""The commands that the command line carries out itself, without a kernel.

Owns: which function does which. Does not own: what is examined (`doctor.py`), the
scripts (`completion.py`).
"""

from collections.abc import Callable, Mapping

import click

from Kernel.console.completion import completion_script
from Kernel.console.output import show_document
from Kernel.console.session import Session

Args = Mapping[str, object]


def doctor(args: Args, session: Session) -> int:
    """Examine the machine and the home; return 1 when something failed."""
    from Kernel.console.doctor import doctor as examine  # reads YAML and hashes: not for a status

    return examine(args, session)


def completion(args: Args, session: Session) -> int:
    """Print the script of a shell."""
    shell = str(args["shell"])
    script = completion_script(shell)
    if session.as_json:
        show_document({"shell": shell, "script": script})
    else:
        click.echo(script, nl=False)
    return 0


HERE: dict[str, Callable[[Args, Session], int]] = {
    "doctor": doctor,
    "completion": completion,
}

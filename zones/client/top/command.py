"""`molt top` as a command: full screen on a terminal, text in a pipe, one document with --json.

Owns: its options and which of the three it is. Does not own: what they show.
"""

import argparse
import io
import json
import os
import sys
from pathlib import Path
from typing import Final

from Kernel.contract.errors import MoltError, UsageError
from zones.client.top.app import TopApp
from zones.client.top.pace import FPS_STEPS
from zones.client.top.snapshot import picture_fields, picture_text
from zones.client.top.source import HomeEyes
from zones.client.top.view import Picture, build_picture
from zones.client.top.watch import Eyes

FPS: Final = 10.0
PIPE_COLS: Final = 120
PIPE_ROWS: Final = 40
DULL: Final = (None, "", "dumb")
"""Of TERM: such a terminal cannot move its cursor."""
NICE: Final = 10
"""The world and its kernel go first whenever a core is short."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `molt top` to a parser."""
    parser.add_argument(
        "--home", type=Path, metavar="DIR", help="whose world; default MOLT_HOME or the checkout"
    )
    parser.add_argument("--json", action="store_true", help="print one picture as one document")
    parser.add_argument(
        "--fps",
        type=float,
        default=FPS,
        metavar="N",
        help=f"frames a second at most, {FPS_STEPS[0]:g} to {FPS_STEPS[-1]:g} (default {FPS:g}); "
        "fewer where they would take more than 9 %% of a core",
    )


def run(options: argparse.Namespace) -> int:
    """Show the world until told to stop, or once where nobody sits; return the exit code.

    Raises:
        UsageError: an option is out of its limits.
        NoArena: there is no world to look at.
        ArenaError: it cannot be read or drawn.
        MoltError: what is seen cannot be written.
    """
    if not FPS_STEPS[0] <= options.fps <= FPS_STEPS[-1]:
        raise UsageError(
            f"cannot take --fps {options.fps:g}: it is {FPS_STEPS[0]:g} to {FPS_STEPS[-1]:g}",
            "molt top --help",
        )
    eyes = HomeEyes(options.home)
    if options.json:
        _say(json.dumps(picture_fields(see_once(eyes)), allow_nan=False) + "\n")
        return 0
    if not _is_screen():
        _say(picture_text(see_once(eyes), PIPE_COLS, PIPE_ROWS))
        return 0
    os.nice(NICE)
    app = TopApp(eyes, options.fps)
    app.run()
    return app.return_code or 0


def _is_screen() -> bool:
    """Return whether somebody sits at a terminal that can be drawn on."""
    return sys.stdout.isatty() and sys.stdin.isatty() and os.environ.get("TERM") not in DULL


def _say(text: str) -> None:
    """Write to stdout; a reader that has gone has seen enough.

    Raises:
        MoltError: it cannot be written.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # "?" where a character is not known there
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer would fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise MoltError(f"cannot write what is seen: {error.strerror}", "df -h") from error


def see_once(eyes: Eyes) -> Picture:
    """Return the picture of this moment."""
    past = eyes.remember()
    report = eyes.ask()
    sight = eyes.look()
    past.add(sight.sample())
    return build_picture(sight, report, past, None)

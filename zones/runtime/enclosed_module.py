"""Run a module of another copy of our code, enclosed before any line of that copy is imported.

Owns: the order: this copy's cage, then the other one's code. Does not own: the layers (`cage.py`),
what the module does. `python -m zones.runtime.enclosed_module PARENT ROOT [--read P] [--write P]
MODULE WORDS`, started in the copy that is trusted.

No exec lies between: under Landlock there is none, and a filter of calls would have to allow it. So
the modules of this copy are forgotten, and those of the other are found first on the path. The
filter of calls is not set here, for importing and compiling need what it refuses; what ticks seals
itself, as in a heir.
"""

import argparse
import os
import runpy
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from Kernel.contract.errors import MoltError
from zones.runtime import cage
from zones.runtime.cage import Layer, Plan
from zones.runtime.enclosing import reach_of_code
from zones.runtime.kinship import die_with, refuse_core_dumps

PROFILE = "compile"
"""No network, files below the paths of the plan, no privileges."""
PACKAGES = ("zones", "Kernel", "fallback")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be run.

    Args:
        root: the folder of the other copy.
        read, write: paths it reaches besides those that all code does.
    """

    parent: int
    root: Path
    read: tuple[str, ...]
    write: tuple[str, ...]
    module: str
    words: tuple[str, ...]


def main(arguments: Sequence[str]) -> None:
    """Become that module; only an error of the cage comes back."""
    wish = _parse(arguments)
    die_with(wish.parent)
    refuse_core_dumps()
    os.chdir(wish.root)
    _enclose(wish)
    forget(PACKAGES)
    sys.path = [str(wish.root), *(each for each in sys.path if not _has_ours(each))]
    sys.argv = [wish.module, *wish.words]
    runpy.run_module(wish.module, run_name="__main__", alter_sys=True)


def forget(packages: Sequence[str]) -> None:
    """Have every module of some packages imported anew when it is next asked for."""
    for name in list(sys.modules):
        if name.partition(".")[0] in packages:
            del sys.modules[name]


def _enclose(wish: Wish) -> None:
    reach = reach_of_code()
    missing = cage.machine_report().missing
    plan = Plan(
        PROFILE,
        read=_there((*reach.read, str(wish.root), *wish.read)),
        write=_there((*reach.write, *wish.write)),
        keep=frozenset((0, 1, 2)),
        # The environment is a clean one already, and the code needs what is in it.
        without=missing | {Layer.ENVIRONMENT},
    )
    cage.enclose(plan)


def _there(paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(path for path in dict.fromkeys(paths) if os.path.exists(path))


def _has_ours(folder: str) -> bool:
    """Tell whether a folder of the path holds a copy of our code: only the one asked for may."""
    return os.path.isdir(os.path.join(folder or os.curdir, PACKAGES[0]))


def _parse(arguments: Sequence[str]) -> Wish:
    parser = argparse.ArgumentParser(prog="enclosed_module", description=__doc__)
    parser.add_argument("parent", type=int)
    parser.add_argument("root", type=Path)
    parser.add_argument("--read", action="append", default=[])
    parser.add_argument("--write", action="append", default=[])
    parser.add_argument("module")
    parser.add_argument("words", nargs=argparse.REMAINDER)
    said = parser.parse_args(arguments)
    read, write, words = tuple(said.read), tuple(said.write), tuple(said.words)
    return Wish(said.parent, said.root.resolve(), read, write, said.module, words)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except MoltError as error:
        sys.stderr.write(f"{error.message}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        sys.exit(error.exit_code)

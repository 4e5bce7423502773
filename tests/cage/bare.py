"""The sources of `tests/corpus/caged` without a cage: they must reach what they are after.

Owns: the plain child, its sacrificed parent and kernel. Does not own: what is there to be reached
(`stage.py`), the sources. What never succeeds would prove nothing when it is caged.

Run as `python -m tests.cage.bare`: prints the names of those that do, as JSON.
"""

import ctypes
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from tests.cage.campaign import CAGED, REACHED_CODE, Source, fill_in, sources
from tests.cage.stage import SECRET_VARIABLE, Stage
from tests.cage.watching import MODULE
from tests.structure.sources import ROOT
from tests.support.leash import die_with_us

HARMLESS: Final = frozenset({"greed", "lies", "ends"})
"""Categories whose sources have no aim that could be reached."""
_LIMIT_S: Final = 5.0
_CALLS: Final = 16
_PR_SET_CHILD_SUBREAPER: Final = 36


class _Entity:
    """As much of a Molbot as these sources ask for."""

    def __init__(self, number: int) -> None:
        self.id = f"mol_{number:x}"


def with_an_aim() -> list[Source]:
    """Return the sources that want something."""
    return [
        each for each in sources(False) if each.folder == CAGED and each.category not in HARMLESS
    ]


def reaches(source: Source, stage: Stage) -> bool:
    """Run a source as it is, and tell whether it says that it has reached its aim."""
    stage.lay()
    (stage.victim_folder / MODULE).write_text("import os\nos._exit(77)\n")
    stage.renew_victim()
    reader, writer = os.pipe()
    parent = os.fork()
    if not parent:
        _sacrifice(source, stage, writer)
    os.close(writer)
    until_s, late = time.monotonic() + _LIMIT_S, False
    while not os.waitid(os.P_PID, parent, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        if time.monotonic() > until_s:
            late = True
            os.kill(parent, signal.SIGKILL)
        time.sleep(0.005)
    status = os.waitpid(parent, 0)[1]
    _end_the_rest(stage.victim.pid)
    os.set_blocking(reader, False)
    try:
        told = os.read(reader, 64)
    except BlockingIOError:
        told = b""
    os.close(reader)
    stage.has_mount()
    # Of who has ended its own parent nobody tells: that is its success.
    return b"reached" in told or (os.WIFSIGNALED(status) and not late)


def _sacrifice(source: Source, stage: Stage, writer: int) -> None:
    """Be the parent of a hostile process, and of a process that it takes for a kernel."""
    kernel = os.fork()
    if not kernel:
        time.sleep(_LIMIT_S)
        os._exit(0)
    os.open(stage.home, os.O_RDONLY | os.O_DIRECTORY)  # as it could be inherited
    child = os.fork()
    if not child:
        os.setsid()
        _run(fill_in(source.text, stage, kernel))
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == REACHED_CODE:
        os.write(writer, b"reached")
    os.kill(kernel, signal.SIGKILL)
    os._exit(0)


def _run(text: bytes) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (1, 2):
        os.dup2(nothing, standard)
    names: dict[str, Any] = {"__name__": "trait", "Trait": type("Trait", (), {})}
    exec(compile(text, "<trait>", "exec", dont_inherit=True), names)
    kinds = [each for each in names.values() if isinstance(each, type) and hasattr(each, "execute")]
    instance = kinds[-1]()
    for number in range(_CALLS):
        try:
            instance.execute(_Entity(number)).send(None)
        except Exception:  # of a foreign source it may be anything
            continue
    os._exit(0)


def _end_the_rest(victim: int) -> None:
    for _ in range(200):
        path = Path(f"/proc/self/task/{os.getpid()}/children")
        left = [int(word) for word in path.read_text().split() if int(word) != victim]
        if not left:
            return
        for pid in left:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def reached_apart() -> list[str]:
    """Return the names of the sources that reach their aim, found in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.cage.bare"], cwd=ROOT, check=True,
        env={**os.environ, SECRET_VARIABLE: secrets.token_hex(16)}, stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL, preexec_fn=die_with_us(), start_new_session=True,
    )  # fmt: skip
    names: list[str] = json.loads(done.stdout)
    return names


def main() -> int:
    """Run them all; print the names of those that reach their aim."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    stage = Stage(Path("/nonexistent"), Path("/nonexistent"))
    try:
        names = [each.name for each in with_an_aim() if reaches(each, stage)]
    finally:
        stage.close()
    json.dump(names, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())

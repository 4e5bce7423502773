"""Every act in every cage, whole and with layers left out: the records that tables are made of.

Owns: which cages are tried, for which user, in which order; the process in which an ordinary user
tries. Does not own: one try (`runner.py`), how records are shown (`table.py`).

A primitive that is not reached without a cage proves nothing there: it is tried once and no more.
"""

import codecs
import contextlib
import ctypes
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from tests.cage.plans import GRADES, LAYERS, PROFILES, SEALED, plan_for
from tests.cage.primitive import Primitive
from tests.cage.primitives import BY_NAME, PRIMITIVES
from tests.cage.refusing import refuse
from tests.cage.runner import CannotTry, PlanFor, try_once
from tests.cage.stage import SECRET_VARIABLE, Stage, become
from tests.structure.sources import ROOT
from tests.support.leash import die_with_us
from zones.runtime.cage import Layer, probe

ROOT_USER: Final = "root"
ORDINARY: Final = "ordinary"
ORDINARY_UID: Final = 65534
BARE: Final = "none"
"""The profile of no cage at all."""
_PR_SET_CHILD_SUBREAPER: Final = 36
_CODECS: Final = ("ascii", "latin-1", "utf-8", "idna")
_NOT_TRIED: Final = "not tried"
_GROUP: Final = Path("/sys/fs/cgroup/pids")


@dataclass(frozen=True, slots=True)
class Record:
    """What came of one act in one cage.

    Args:
        user: ROOT_USER or ORDINARY.
        profile: BARE or a profile.
        without: the layers left out, in their order.
        reached: None: it could not be tried.
    """

    user: str
    profile: str
    without: tuple[str, ...]
    primitive: str
    reached: bool | None
    how: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What one user has found.

    Args:
        report: what the probe of the cage says, as plain data.
    """

    user: str
    report: dict[str, Any]
    records: tuple[Record, ...]


def users() -> tuple[str, ...]:
    """Return the users that can be tried here: root becomes an ordinary one, not the other way."""
    return (ROOT_USER, ORDINARY) if os.getuid() == 0 else (ORDINARY,)


def variants(layers: bool, grades: bool, alone: bool) -> tuple[frozenset[Layer], ...]:
    """Return the sets of layers to leave out: none, and what is asked for.

    Args:
        layers: each by itself.
        grades: those that a machine of each grade has not got.
        alone: all but one.
    """
    found: dict[frozenset[Layer], None] = {frozenset(): None}
    if layers:
        found |= dict.fromkeys(frozenset({layer}) for layer in LAYERS)
    if grades:
        found |= dict.fromkeys(GRADES.values())
    if alone:
        found |= dict.fromkeys(frozenset(LAYERS) - {layer} for layer in LAYERS)
    return tuple(found)


def find(user: str, words: Iterable[str] = ()) -> Findings:
    """Try everything as a user, in a process of its own that starts with a secret to keep.

    Args:
        words: further options of `python -m tests.cage.ablation`.

    Raises:
        CannotTry: that process failed.
    """
    environment = {
        "PATH": os.defpath,
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        SECRET_VARIABLE: secrets.token_hex(16),
    }
    with _setuid_program() as program:
        done = subprocess.run(
            [sys.executable, "-m", "tests.cage.ablation", user, str(program), *words],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=False,
            stdin=subprocess.DEVNULL, preexec_fn=die_with_us(), start_new_session=True,
        )  # fmt: skip
    if done.returncode:
        raise CannotTry(f"cannot try as {user}: it left with {done.returncode}")
    told = json.loads(done.stdout)
    records = tuple(
        Record(**{**record, "without": tuple(record["without"])}) for record in told["records"]
    )
    return Findings(user, told["report"], records)


@contextlib.contextmanager
def _setuid_program() -> Iterator[Path]:
    """Give a program of root that says whose rights it has; nothing else can be done with it."""
    with tempfile.TemporaryDirectory(prefix="molt-cage-id-") as folder:
        os.chmod(folder, 0o755)
        program = Path(folder) / "whoami"
        shutil.copy(shutil.which("id") or "/usr/bin/id", program)
        program.chmod(0o4755)
        yield program


@contextlib.contextmanager
def _control_group() -> Iterator[Path]:
    """Give another control group, if this user can make one."""
    group = _GROUP / f"molt-cage-{os.getpid()}"
    with contextlib.suppress(OSError):
        group.mkdir()
    try:
        yield group
    finally:
        with contextlib.suppress(OSError):
            group.rmdir()


def main(arguments: list[str]) -> int:
    """Be the process that tries; print the findings as JSON."""
    user, program, *words = arguments
    options = dict((word + "=").split("=", 2)[:2] for word in words)
    for name in _CODECS:  # an ordinary user may not read the library of a root's Python
        codecs.lookup(name)
    with _control_group() as group:
        if user == ORDINARY and os.getuid() == 0:
            become(ORDINARY_UID)
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        if "refuse" in options:
            refuse(frozenset(Layer(name) for name in options["refuse"].split(",")))
        report = probe()
        stage = Stage(Path(program), group)
        try:
            records = tuple(_try_all(user, stage, report.missing, options))
        finally:
            stage.close()
    told = {"report": report.fields(), "records": [asdict(record) for record in records]}
    json.dump(told, sys.stdout)
    return 0


def _try_all(
    user: str, stage: Stage, missing: frozenset[Layer], options: dict[str, str]
) -> Iterator[Record]:
    only = [name for name in options.get("only", "").split(",") if name]
    chosen = [BY_NAME[name] for name in only] or list(PRIMITIVES)
    bare = [_try(user, stage, each, BARE, frozenset(), missing) for each in chosen]
    yield from bare
    reachable = [each for each, record in zip(chosen, bare, strict=True) if record.reached]
    profiles = [name for name in options.get("profiles", "").split(",") if name] or PROFILES
    for profile in profiles:
        # What a layer holds by itself is asked where the layers overlap most.
        alone = "alone" in options and profile == SEALED
        for without in variants("layers" in options, "grades" in options, alone):
            began = sum(os.times()[:4])
            for primitive in reachable:
                yield _try(user, stage, primitive, profile, without, missing)
            spent_s = sum(os.times()[:4]) - began
            label = ", ".join(sorted(without)) or "nothing"
            print(f"{user}: {profile} without {label}: {spent_s:.1f} s", file=sys.stderr)


def _try(
    user: str,
    stage: Stage,
    primitive: Primitive,
    profile: str,
    without: frozenset[Layer],
    missing: frozenset[Layer],
) -> Record:
    plan: PlanFor | None = None
    if profile != BARE:

        def plan(keep: frozenset[int]) -> Any:
            return replace(plan_for(profile, stage, keep), without=without | missing)

    names = tuple(layer.value for layer in LAYERS if layer in without)
    try:
        outcome = try_once(primitive, stage, plan)
    except CannotTry as error:
        return Record(user, profile, names, primitive.name, None, f"{_NOT_TRIED}: {error}")
    return Record(user, profile, names, primitive.name, outcome.reached, outcome.how)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

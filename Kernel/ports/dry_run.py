"""The dry run of a module version: it must import, run its self-test and tick a copy of the world.

Owns: the children in which that is done, holding what they say against what the bundle claims. Does
not own: what a child does (`zones/world/dry_run.py`, `zones/world/self_test.py`), the cage it is in
before any line of the version is imported (`zones/runtime/enclosed_module.py`, of the copy that
serves).

The copy that serves is the control: it takes the copy of the world, and both tick it. Where the
bundle claims to change no behaviour both must come to the same hash.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fallback.births import newborn
from fallback.last_words import last_words
from fallback.zone_environment import zone_environment
from Kernel.contract.compiled_files import cache_name, hash_sources
from Kernel.contract.errors import ConfigError, MoltError, what_helps
from Kernel.core.bundle import BundleRefused

PLACE: Final = Path("data", "dry-run")
SELF_TEST_TICKS: Final = 300
TICKS: Final = 600
CHILD_S: Final = 900.0
"""A version that must compile its kernels takes half a minute to some minutes; it runs niced."""
NICE: Final = 15
ANSWER_BYTES_MAX: Final = 64 * 1024
"""Of what a child says its end is kept."""
HEARD_BYTES_MAX: Final = 8 << 20
WORLD_CLI: Final = "zones.world"


@dataclass(frozen=True, slots=True)
class DryRun:
    """Where one is done.

    Args:
        checkout: whose cage is trusted.
        control: the root of the version that serves now.
        cache_dir: where numba keeps the compiled kernels of the version that serves.
        zone: whose world is copied.
    """

    home: Path
    checkout: Path
    control: Path
    cache_dir: Path
    zone: str = "stable"

    def prove(
        self, root: Path, changes_behaviour: bool, ticks: int, keep: Callable[[Path], object]
    ) -> str:
        """Return what the dry run of the version in a folder has shown, in a sentence.

        Args:
            changes_behaviour: what its bundle claims.
            keep: is given the folder of its compiled kernels when it has proved itself.

        Raises:
            BundleRefused: it does not do what it must.
            MoltError: the control does not, or the machine gives no room: nothing is known.
        """
        with self._folder() as folder:
            # A cache of its own: what it compiles is in nobody's way before it is committed.
            cache = folder / "cache"
            cache.mkdir(mode=0o700)
            self._judged(root, cache, "self-test", "--ticks", str(SELF_TEST_TICKS))
            words = ("--home", str(self.home), "--zone", self.zone, "--ticks", str(ticks))
            control = self._tick(self.control, "dry-run", *words, "--keep", str(folder))
            image = str(control.get("image"))
            found = self._judged(root, cache, "dry-run", *words, "--image", image)
            said = judge(control, found, changes_behaviour)
            compiled = _compiled(cache, root)
            if compiled is not None:
                keep(compiled)
            return said

    def _judged(self, root: Path, cache: Path, command: str, *words: str) -> dict[str, Any]:
        """Return what the version says; whatever keeps it from that is its own fault."""
        try:
            return self._ask(root, cache, command, *words)
        except NotDone as error:
            raise BundleRefused("probe", f"its {command} {error.why}", error.hint) from error

    def _tick(self, root: Path, *words: str) -> dict[str, Any]:
        try:
            return self._ask(root, self.cache_dir, *words)
        except NotDone as error:
            raise MoltError(
                f"cannot tell what the version would do: that which serves {error.why}",
                error.hint or "molt doctor",
            ) from error

    def _ask(self, root: Path, cache: Path, *words: str) -> dict[str, Any]:
        place = str(self.home / PLACE)
        line = [sys.executable, "-m", "zones.runtime.enclosed_module", str(os.getpid()), str(root)]
        line += ["--read", str(self.home / "data"), "--write", place, WORLD_CLI, *words]
        try:
            child = subprocess.Popen(
                line,
                cwd=self.checkout,
                env=zone_environment(cache, in_slot=True),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                preexec_fn=newborn(NICE),  # noqa: PLW1509 - system calls, and one thread
            )
        except OSError as error:
            raise MoltError(f"cannot start a process: {error.strerror}", "ulimit -u") from error
        with child:
            try:
                said, complained = _listen(child)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)  # what it has started, too
        if child.returncode:
            why, hint = last_words(complained)
            code = child.returncode
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise NotDone(f"failed: {why or how}", hint)
        return _answer(said)

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        folder = self.home / PLACE
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise ConfigError(
                f"cannot make {folder}: {error.strerror}", what_helps(error, self.home)
            ) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class NotDone(Exception):
    """A child did not do what was asked of it.

    Args:
        why: as it follows the name of what was asked.
    """

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.hint = hint


def _compiled(cache: Path, root: Path) -> Path | None:
    """Return the folder of a version's kernels, under the name by which its zygote looks for it.

    None where there is none, or where it is made of other sources than we know of: it compiles.
    """
    try:
        folder = cache / cache_name(hash_sources(root))
    except OSError:
        return None
    return folder if folder.is_dir() and not folder.is_symlink() else None


def _listen(child: "subprocess.Popen[bytes]") -> tuple[str, str]:
    """Return the end of what a child prints on its two streams, when both are closed.

    Raises:
        NotDone: it takes too long, or says too much.
    """
    assert child.stdout is not None and child.stderr is not None, "both are pipes"
    ends = {child.stdout.fileno(): bytearray(), child.stderr.fileno(): bytearray()}
    said, complained = ends.values()
    poller, heard, until_s = select.poll(), 0, time.monotonic() + CHILD_S
    for descriptor in ends:
        poller.register(descriptor, select.POLLIN)
    while ends:
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            raise NotDone(f"took above {CHILD_S:g} s")
        for descriptor, _event in poller.poll(left_s * 1000):
            piece = os.read(descriptor, ANSWER_BYTES_MAX)
            if not piece:
                poller.unregister(descriptor)
                del ends[descriptor]
                continue
            heard += len(piece)
            ends[descriptor] += piece
            del ends[descriptor][:-ANSWER_BYTES_MAX]
            if heard > HEARD_BYTES_MAX:
                raise NotDone(f"said more than {HEARD_BYTES_MAX >> 20} MiB")
    _await_end(child.pid, until_s)
    return said.decode(errors="replace"), complained.decode(errors="replace")


def _await_end(pid: int, until_s: float) -> None:
    """Wait for the end of a child without reaping it: its group is still to be ended by its id."""
    ended = os.pidfd_open(pid)
    try:
        poller = select.poll()
        poller.register(ended, select.POLLIN)
        if not poller.poll(max(0.0, until_s - time.monotonic()) * 1000):
            raise NotDone(f"took above {CHILD_S:g} s")
    finally:
        os.close(ended)


def judge(control: dict[str, Any], found: dict[str, Any], changes_behaviour: bool) -> str:
    """Return in a sentence what a dry run has shown.

    Args:
        control, found: what the version that serves, and the new one, came to.

    Raises:
        BundleRefused: it may not be committed.
    """
    checks, population = _whole(found, "checks_failed"), _whole(found, "population")
    ticks, digest = _whole(found, "ticks"), str(found.get("hash", ""))[:64]
    if (_whole(found, "from_tick"), ticks) != (
        _whole(control, "from_tick"),
        _whole(control, "ticks"),
    ):
        raise BundleRefused("probe", "it did not tick the copy that it was given")
    if checks > _whole(control, "checks_failed"):
        raise BundleRefused("probe", f"{checks} checks of its world failed within {ticks} ticks")
    if not population and _whole(control, "population"):
        raise BundleRefused("probe", f"nobody of its world lives after {ticks} ticks")
    said = f"{ticks} ticks from tick {_whole(found, 'from_tick')}"
    why = str(control.get("why", ""))[:200]
    said += " of a small world" if why else " of a copy of the world"
    same = bool(digest) and digest == control.get("hash")
    if not changes_behaviour and not same:
        other = str(control.get("hash", ""))[:12]
        raise BundleRefused(
            "probe",
            f"it claims to change no behaviour, and after {said} it has hash {digest[:12]} where "
            f"the version that serves has {other}",
            "molt update pack --changes-behaviour",
        )
    return f"{said}: " + ("the same hash" if same else f"hash {digest[:12]}, another one")


def _answer(text: str) -> dict[str, Any]:
    """Return the document that a child has printed last; it may be anything."""
    try:
        told = json.loads(text.splitlines()[-1])
    except (IndexError, ValueError, RecursionError) as error:
        raise NotDone("said nothing that can be read") from error
    if not isinstance(told, dict):
        raise NotDone("said nothing that can be read")
    return told


def _whole(told: dict[str, Any], name: str) -> int:
    value = told.get(name)
    if type(value) is not int or value < 0:
        raise BundleRefused("probe", f"its dry run does not tell {name}")
    return value

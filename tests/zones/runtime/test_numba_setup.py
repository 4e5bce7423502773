"""What is fixed before numba is imported, and compiled phases in forked processes."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from Kernel.contract.compiled_files import COMPILED_FILES, COMPILED_FOLDERS
from Kernel.contract.errors import ConfigError
from tests.zones.world.worlds import make_world, run
from zones.runtime import numba_setup
from zones.world.behaviour import behave
from zones.world.feeding import feed, settle
from zones.world.grid import index_food
from zones.world.lifecycle import decide_fates, give_birth, reseed
from zones.world.warm_up import prepare

ROOT = Path(__file__).resolve().parents[3]
numba = numba_setup.numba  # imported after its environment is fixed, whichever test comes first

FORKED = """
import mmap, os
from Kernel.contract.arena import ArenaWords
from tests.zones.world.worlds import make_engine, make_world
from zones.world.warm_up import prepare
from zones.world.world_hash import world_hash

prepare(2)
source = make_world(seed=3, max_entities=20_000)
words = ArenaWords(memoryview(mmap.mmap(-1, len(source.memory), flags=mmap.MAP_PRIVATE)))
words.memory[:] = source.memory
before_fork = make_engine(words, 2)

def show(engine):
    assert engine._parallel
    for _ in range(10):
        engine.tick()
    os.write(1, world_hash(words).hex().encode() + b"\\n")

for first in (True, False):
    if os.fork() == 0:
        if os.fork() == 0:
            tasks = len(os.listdir("/proc/self/task"))
            (before_fork if first else make_engine(words, 2)).start_threads()
            assert len(os.listdir("/proc/self/task")) > tasks
            show(before_fork if first else make_engine(words, 2))
            os._exit(0)
        os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
show(before_fork)
"""


@pytest.mark.slow
def test_heir_of_a_warmed_process() -> None:
    """Forked twice from a warmed process, with an engine made before or after, the bits agree."""
    done = subprocess.run(
        [sys.executable, "-c", FORKED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    hashes = done.stdout.split()
    assert len(hashes) == 3
    assert len(set(hashes)) == 1


def test_one_form_of_each_kernel() -> None:
    """What `prepare` loads is what any world calls: nothing is compiled once a world runs."""
    prepare(2)
    for memory in (make_world(max_entities=20_000), make_world(min_population=490)):
        run(memory, 3, threads=2)
    for kernel in (index_food, behave, settle, feed, decide_fates, give_birth, reseed):
        assert len(kernel.signatures) == 1, kernel.__name__


def test_only_workqueue() -> None:
    """Another threading layer is refused: it would kill a forked heir."""
    with pytest.raises(ConfigError, match="cannot use NUMBA_THREADING_LAYER=omp"):
        numba_setup.fix_environment({"NUMBA_THREADING_LAYER": "omp"})


def test_environment() -> None:
    """Layer and number of threads are fixed; a cache folder that is given is kept."""
    environ = {"NUMBA_CACHE_DIR": "somewhere"}
    numba_setup.fix_environment(environ)
    assert environ["NUMBA_THREADING_LAYER"] == "workqueue"
    assert 2 <= int(environ["NUMBA_NUM_THREADS"]) <= numba_setup.THREADS_MAX
    assert environ["NUMBA_CACHE_DIR"] == "somewhere"
    assert numba.threading_layer() == "workqueue"


@pytest.mark.parametrize("threads", [0, 99])
def test_threads_refused(threads: int) -> None:
    """More threads than this process can have, or none, are refused."""
    with pytest.raises(ConfigError, match=f"cannot use {threads} threads"):
        numba_setup.use_threads(threads)


def test_cache_is_named_by_sources() -> None:
    """The cache folder carries the stamp of the sources, so no stale machine code is loaded."""
    assert numba_setup.CACHE_FOLDER.name == f"world-{numba_setup.SOURCES[:16]}"
    assert behave._cache.cache_path == str(numba_setup.CACHE_FOLDER / "zones_world")


def test_all_that_is_compiled_is_named() -> None:
    """Every source that kernels or their helpers stand in counts for the name of the cache."""
    compiling = re.compile(
        r"from zones\.runtime\.numba_setup import [^#]*\b(njit|kernel)", re.DOTALL
    )
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "zones").rglob("*.py")
        if compiling.search(path.read_text(encoding="utf-8").split("\n\n\n")[0])
    }
    assert "zones/world/engine.py" not in found and "zones/world/behaviour.py" in found
    named = {
        *COMPILED_FILES,
        *(name for name in found if name.rpartition("/")[0] in COMPILED_FOLDERS),
    }
    assert found <= named


def test_cache_does_not_know_where_the_checkout_lies(tmp_path: Path) -> None:
    """A copy of the sources elsewhere uses the machine code that is there; foreign files do not."""
    here = Path(numba_setup.__file__).parents[1] / "world" / "behaviour.py"
    assert numba_setup.KernelLocator.get_suitable_cache_subpath(str(here)) == "zones_world"
    elsewhere = numba_setup.KernelLocator.get_suitable_cache_subpath(str(tmp_path / "behaviour.py"))
    assert elsewhere != "zones_world"


def test_prune(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Caches of older sources go, but for the newest few; the own one always stays."""
    for name in "abcdefgh":
        (tmp_path / f"world-{name}").mkdir()
    monkeypatch.setattr(numba_setup, "CACHE_FOLDER", tmp_path / "world-a")
    # numba does this each time it compiles: the older caches then were not found.
    monkeypatch.setattr(numba_setup._config, "CACHE_DIR", str(tmp_path))
    assert numba_setup.prune_cache() == 7 - numba_setup.CACHES_KEPT
    assert (tmp_path / "world-a").is_dir()
    assert len(list(tmp_path.iterdir())) == 1 + numba_setup.CACHES_KEPT


def test_kernels_make_no_arrays() -> None:
    """A kernel that makes an array is refused: arrays would bring back their reference counts."""

    @numba_setup.njit
    def careless(count: int) -> float:
        return np.empty(count, np.float32)[0]

    with pytest.raises(numba.TypingError, match="empty"):
        careless(3)

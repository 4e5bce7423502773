"""The one place that imports numba, after fixing what must be fixed before that import.

Owns: threading layer, number of threads, cache folder and the places in it, the compile options of
every kernel.
Does not own: kernels. Every module with compiled code imports `njit` and `prange` from here.

Only the workqueue layer is accepted: numba's default (OpenMP) kills a child forked from a process
that has used it, and heirs are forked. This module works at import because numba reads
its environment at import.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from Kernel.contract.compiled_files import cache_name, hash_sources
from Kernel.contract.errors import ConfigError

LAYER = "workqueue"
THREADS_MAX = 8
_ROOT = Path(__file__).resolve().parents[2]
CACHES_KEPT = 4
"""Caches of other sources that stay, for the generations before: they may be taken up again."""


def fix_environment(environ: dict[str, str] | os._Environ[str]) -> None:
    """Set what numba reads at import. Changes `environ`; what is set already is kept.

    Raises:
        ConfigError: another threading layer is asked for.
    """
    layer = environ.setdefault("NUMBA_THREADING_LAYER", LAYER)
    if layer != LAYER:
        raise ConfigError(
            f"cannot use NUMBA_THREADING_LAYER={layer}: forked heirs need {LAYER}",
            "unset NUMBA_THREADING_LAYER",
        )
    # At least two, so that a machine with one core can check that threads decide nothing.
    threads = min(max(2, os.cpu_count() or 1), THREADS_MAX)
    environ.setdefault("NUMBA_NUM_THREADS", str(threads))
    if "NUMBA_CACHE_DIR" not in environ:
        cache = _ROOT / ".cache" / "numba"
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        environ["NUMBA_CACHE_DIR"] = str(cache)


fix_environment(os.environ)

import llvmlite  # noqa: E402 - the lines above must come first
import numba  # noqa: E402
import numpy  # noqa: E402
from numba.core.caching import UserProvidedCacheLocator  # noqa: E402

prange = numba.prange
_config: Any = numba.config  # it makes its attributes at run time


SOURCES = hash_sources(_ROOT)
"""numba looks only at the file a kernel stands in; constants and inlined helpers come from others,
and a change there would leave stale machine code in the cache (it did)."""
COMPILER = f"numba {numba.__version__} llvmlite {llvmlite.__version__} numpy {numpy.__version__}"


CACHE_FOLDER = Path(os.environ["NUMBA_CACHE_DIR"]) / cache_name(SOURCES)
"""The folder with the compiled kernels of these sources."""
# Not in the environment: children inherit that, and would append once more. Each kernel's place is
# settled when it is decorated; numba forgets this whenever it compiles and reads its environment
# again.
_config.CACHE_DIR = str(CACHE_FOLDER)


class KernelLocator(UserProvidedCacheLocator):
    """Where numba keeps the code of a kernel: by its package, wherever the checkout lies.

    numba names that folder by the path of the source file, so that a copy of the very same
    sources (a slot, a second checkout) would compile for a minute what is there. What must tell
    caches apart is in the name of the folder above: all sources that machine code is made from.
    numba itself still compares the source file of each kernel (`numba/core/caching.py`, its stamp
    is a hash of the content).
    """

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        """Return the folder for the kernels of one source file, relative to the cache."""
        folder = Path(py_file).resolve().parent
        if folder.is_relative_to(_ROOT):
            return "_".join(folder.relative_to(_ROOT).parts)
        by_path: Callable[[str], str] = super().get_suitable_cache_subpath
        return by_path(py_file)


_config.CACHE_LOCATOR_CLASSES = f"{__name__}.{KernelLocator.__name__}"


_OPTIONS: dict[str, Any] = {"error_model": "numpy", "_nrt": False}
"""No fastmath: it changes results. No reference counting (`_nrt`): a kernel makes no arrays, and
counting those it is given took atomic writes by all threads to the same lines. numba refuses a
kernel that makes an array."""


def njit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a helper that other kernels call; it is inlined into them and not cached alone."""
    compiled: Callable[..., Any] = numba.njit(forceinline=True, **_OPTIONS)(function)
    return compiled


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile one phase: cached on disk, with `prange` loops."""
    compiled: Callable[..., Any] = numba.njit(cache=True, parallel=True, **_OPTIONS)(function)
    return compiled


def serial_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile one phase without threads: cached on disk."""
    compiled: Callable[..., Any] = numba.njit(cache=True, **_OPTIONS)(function)
    return compiled


def c_function(name: str) -> Any:
    """Return a function of the C library for kernels: takes an address, returns an int.

    Found by its name when a kernel is loaded, so a kernel that calls it can be cached.
    """
    of_an_address = numba.types.int32(numba.types.int64)
    return numba.types.ExternalFunction(name, of_an_address)


def use_threads(threads: int) -> None:
    """Let kernels of this thread use `threads` threads.

    Raises:
        ConfigError: more than this process can have (fixed when numba was imported).
    """
    limit = threads_there_are()
    if not 1 <= threads <= limit:
        raise ConfigError(f"cannot use {threads} threads: this machine allows 1 to {limit}")
    numba.set_num_threads(threads)


def threads_there_are() -> int:
    """Return how many worker threads a process that runs threaded kernels has."""
    return int(_config.NUMBA_NUM_THREADS)


@contextmanager
def every_thread() -> Iterator[None]:
    """Let kernels use every worker, whatever `use_threads` says."""
    before = numba.get_num_threads()
    numba.set_num_threads(threads_there_are())
    try:
        yield
    finally:
        numba.set_num_threads(before)


def prune_cache() -> int:
    """Remove the caches of older sources but the newest CACHES_KEPT, and return how many went."""
    others = [path for path in CACHE_FOLDER.parent.glob("world-*") if path != CACHE_FOLDER]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[CACHES_KEPT:]:
        shutil.rmtree(path)
    return len(others[CACHES_KEPT:])

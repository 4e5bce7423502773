"""A source that nobody has checked, run as plain Python in a sealed run: what the cage is for.

Owns: the modules it finds loaded, its names, the plain entity it is called with. Does not own: the
seal, and everything else of a run (`living.py`). Nothing here holds anything back: whatever a
source tries must come as far as the OS. Only for trials that are asked for as `unchecked`.

The modules are loaded before the seal, since behind it nothing can be imported. The body of the
source runs behind it, and so does `execute`, for some Molbots after every tick. What it writes to
an entity is lost; what it does to the arena is not.
"""

import builtins
import contextlib
import importlib
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from Kernel.contract.arena import Header
from zones.traits.contract import OK, OTHER
from zones.world.columns import ALIVE, Buffer
from zones.world.engine import PHASES, Engine
from zones.world.trait_phase import SLOT_SHIFT
from zones.world.trial.copying import found_copy
from zones.world.trial.living import STATUSES, Life, run_ticks

LOADED: Final = """
    abc array ast asyncio atexit base64 binascii bz2 calendar cmath code codecs collections
    concurrent.futures contextlib contextvars copy csv ctypes ctypes.util dataclasses datetime
    decimal difflib dis enum errno faulthandler fcntl fileinput fnmatch ftplib functools gc getpass
    glob grp gzip hashlib heapq hmac http.client http.server importlib importlib.util inspect io
    ipaddress itertools json keyword linecache locale logging lzma marshal math mimetypes mmap
    multiprocessing multiprocessing.pool multiprocessing.shared_memory numbers numpy operator os
    os.path pathlib pickle pkgutil platform posix pprint pty pwd queue random re readline resource
    runpy secrets select selectors shelve shlex shutil signal site smtplib socket socketserver
    sqlite3 ssl stat statistics string struct subprocess sys syslog tarfile tempfile termios
    textwrap threading time timeit traceback tracemalloc tty types typing unicodedata unittest
    urllib.parse urllib.request uuid venv warnings weakref webbrowser xml.etree.ElementTree zipfile
    zlib
"""
SAMPLE: Final = 8
"""Molbots that it is called for after each tick."""
STEPS_MAX: Final = 100
"""How often one call may suspend itself."""
NEARBY: Final = 5
SLOT: Final = 63
"""The trait slot that the flight word names while it runs: the last one, nobody else's."""


class Trait:
    """What a source derives its class from."""


class PlainEntity:
    """One Molbot as plain attributes. Everything can be set; nothing of it comes back."""

    def __init__(self, buffer: Buffer, slot: int, others: list[int]) -> None:
        for name in ("x", "y", "vx", "vy", "energy", "max_energy", "radius"):
            setattr(self, name, float(getattr(buffer, name)[slot]))
        for name in ("age", "generation"):
            setattr(self, name, int(getattr(buffer, name)[slot]))
        self.id = f"mol_{int(buffer.id[slot]):x}"
        self.color = f"#{int(buffer.colour[slot]) & 0xFFFFFF:06x}"
        self.state, self.traits = "alive", list[str]()
        self._near = (buffer, others)

    def move(self, _dx: float, _dy: float) -> None:
        """Take a move, and go nowhere."""

    def eat(self, _amount: float) -> float:
        """Take a wish to eat; there is nothing."""
        return 0.0

    def nearby_resources(self, _radius: float) -> list[Any]:
        """Return no food."""
        return []

    def nearby_entities(self, _radius: float) -> list["PlainEntity"]:
        """Return some others, near or not."""
        buffer, others = self._near
        return [PlainEntity(buffer, slot, []) for slot in others[:NEARBY]]


def live_unguarded(
    life: Life, source: bytes, memory: memoryview, acked: Callable[[], int],
    seal: Callable[[], None],
) -> bytes:  # fmt: skip
    """Live one run with such a source, as `living.live` does."""
    words = found_copy(memory, life.image)
    for name in LOADED.split():
        with contextlib.suppress(Exception):  # what this machine has not got
            importlib.import_module(name)
    sys.stdout, sys.stderr = (os.fdopen(fd, "w", closefd=False) for fd in (1, 2))
    seal()
    engine = Engine(words, 1, acked, library=life.loaded.library())
    stranger = Stranger(source)
    stranger.enter(engine)
    return run_ticks(engine, life.ticks, stranger)


class Stranger:
    """The source in the process that runs it."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._kind: Any = None
        self._instances: dict[int, Any] = {}
        self._statuses = np.zeros(STATUSES, np.int64)

    def enter(self, engine: Engine) -> None:
        """Run the body of its module."""
        names: dict[str, Any] = {"__name__": "trait", "__builtins__": builtins, "Trait": Trait}
        with _flying(engine):
            try:
                exec(compile(self._source, "<trait>", "exec", dont_inherit=True), names)
            except BaseException:  # of a foreign source it may be anything
                self._statuses[OTHER] += 1
        kinds = [each for each in names.values() if isinstance(each, type)]
        kinds = [each for each in kinds if each is not Trait and hasattr(each, "execute")]
        self._kind = kinds[-1] if kinds else None

    def act(self, engine: Engine) -> None:
        """Call it for some who live."""
        if self._kind is None:
            return
        buffer = engine.world.committed
        living = np.flatnonzero(buffer.state == ALIVE).tolist()
        sample = living[:: max(1, len(living) // SAMPLE)][:SAMPLE]
        with _flying(engine):
            for slot in sample:
                status = OK
                try:
                    self._call(int(buffer.id[slot]), PlainEntity(buffer, slot, living))
                except BaseException:
                    status = OTHER
                self._statuses[status] += 1

    def report(self) -> dict[str, Any]:
        """Return how its calls ended."""
        return {"statuses": self._statuses.tolist(), "fuel_max": 0}

    def _call(self, number: int, entity: PlainEntity) -> None:
        if number not in self._instances:
            self._instances[number] = self._kind()
        came = self._instances[number].execute(entity)
        if inspect.isawaitable(came):
            steps = came.__await__()
            for _ in range(STEPS_MAX):
                if next(steps, self) is self:
                    return
            raise TimeoutError(f"it suspends itself more than {STEPS_MAX} times")


@contextlib.contextmanager
def _flying(engine: Engine) -> Any:
    """Say in the flight word that foreign code runs."""
    words = engine.world.words
    words.put(Header.FLIGHT, PHASES.index("traits") | SLOT << SLOT_SHIFT)
    yield
    words.put(Header.FLIGHT, 0)

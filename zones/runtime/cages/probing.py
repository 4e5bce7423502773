"""Which layers this machine gives, tried and not guessed.

Owns: a throw-away child for each layer, in which it is really applied and then tested; the grade.
Does not own: what follows from a grade (the kernel), applying (`layers.py`).

The children run side by side. Whoever calls should have no threads that matter to a fork.
"""

import contextlib
import mmap
import os
import resource
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from zones.runtime.cages import landlock, layers, namespaces, privileges, surroundings
from zones.runtime.cages.limits import CageLimits
from zones.runtime.cages.plans import Layer, Plan
from zones.runtime.cages.profiles import PROFILES

WALL_S: Final = 2.0
"""A layer whose child is not done by then does not hold."""
_TOLD_BYTES_MAX: Final = 512
_ROOM_BYTES: Final = 64 << 20
_HELD: Final = b"held:"
_WORST: Final = {
    Layer.SECCOMP: "D",
    Layer.PRIVILEGES: "D",
    Layer.LANDLOCK: "C",
}
"""The grade at best without a layer; B without any other."""
GRADES: Final = {
    "A": "all layers hold",
    "B": "no namespaces, or a lesser layer is missing: calls, files and ports are held",
    "C": "no Landlock: files are held by refused calls and an empty root only",
    "D": "calls are not held: code nobody vouches for must not run here",
}


class NotHeld(Exception):
    """A layer could be applied, and yet does not hold."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of trying one layer.

    Args:
        why: why it does not hold, "" where it does.
        detail: which part or version of it there is.
    """

    layer: Layer
    held: bool
    why: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What this machine gives.

    Args:
        abi: of Landlock, 0: none.
        seconds: how long it took to find out.
    """

    machine: str
    kernel: str
    abi: int
    layers: tuple[Tried, ...]
    seconds: float

    @property
    def grade(self) -> str:
        """A: everything holds; B: no namespaces; C: no Landlock; D: no filter of calls."""
        return max((_WORST.get(layer, "B") for layer in self.missing), default="A")

    @property
    def missing(self) -> frozenset[Layer]:
        """The layers that do not hold here: what a plan leaves out."""
        return frozenset(each.layer for each in self.layers if not each.held)

    def fields(self) -> dict[str, Any]:
        """Return it as plain data."""
        abi = 0 if Layer.LANDLOCK in self.missing else self.abi
        return {
            "grade": self.grade,
            "means": GRADES[self.grade],
            "machine": self.machine,
            "kernel": self.kernel,
            "landlock_abi": self.abi,
            "probe_ms": round(self.seconds * 1000, 1),
            "layers": [
                {
                    "layer": each.layer.value,
                    "held": each.held,
                    "why": each.why,
                    "detail": each.detail,
                }
                for each in self.layers
            ],
            "not_held": {name: list(row.gaps(abi)) for name, row in PROFILES.items()},
            "applied": {name: _layers_of(name) for name in PROFILES},
        }


def _layers_of(profile: str) -> list[str]:
    """Return the layers that hold something of a profile, by name, in their order."""
    row = PROFILES[profile]
    without = {Layer.NAMESPACES: not row.namespaces, Layer.LANDLOCK: not row.files}
    return [layer.value for layer in Layer if not without.get(layer, False)]


def missing_in(fields: Mapping[str, Any]) -> frozenset[Layer]:
    """Return the layers that a report, as plain data, says do not hold."""
    return frozenset(Layer(each["layer"]) for each in fields["layers"] if not each["held"])


def tell(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield a report as lines for people."""
    yield f"cage: grade {fields['grade']}: {fields['means']}"
    yield f"  {fields['machine']}, Linux {fields['kernel']}, found out in {fields['probe_ms']:g} ms"
    for each in fields["layers"]:
        held = "held" if each["held"] else "NOT HELD"
        about = each["detail"] or each["why"]
        yield f"  {each['layer']:<12} {held}{': ' if about else ''}{about}"
    yield "what a profile does not hold on this machine:"
    for profile, gaps in fields["not_held"].items():
        yield f"  {profile}: {'; '.join(gaps) or 'nothing is left'}"


def probe() -> Report:
    """Try each layer in a child of its own."""
    began_s = time.monotonic()
    # Found out here, these cost no later child anything; what fails will fail in its trial, too.
    with contextlib.suppress(OSError):
        surroundings.initial_block()
        layers.filter_for(_SEALED.profile)
    children = [(layer, *_start(_TRIALS[layer])) for layer in Layer]
    until_s = began_s + WALL_S
    tried = tuple(_finish(layer, pid, reader, until_s) for layer, pid, reader in children)
    system = os.uname()
    try:
        abi = landlock.ask_abi()
    except OSError:
        abi = 0
    return Report(system.machine, system.release, abi, tried, time.monotonic() - began_s)


@cache
def machine_report() -> Report:
    """Return what `probe` finds, asked once in a process and what is forked from it."""
    return probe()


def _start(trial: Callable[[int], str]) -> tuple[int, int]:
    """Return the pid of a child that tries, and where it tells."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if not pid:
        _be_tried(trial, writer)
    os.close(writer)
    return pid, reader


def _be_tried(trial: Callable[[int], str], writer: int) -> None:
    """The child: it never returns."""
    try:
        os.write(writer, _HELD + trial(writer).encode())
    except NotHeld as error:
        os.write(writer, str(error).encode())
    except OSError as error:
        os.write(writer, f"{error.strerror or error}".encode())
    except BaseException as error:
        os.write(writer, f"{type(error).__name__}: {error}".encode()[:_TOLD_BYTES_MAX])
    finally:
        os._exit(0)


def _finish(layer: Layer, pid: int, reader: int, until_s: float) -> Tried:
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    told = b""
    while piece := _read(poller, reader, until_s):
        told += piece
    if piece is None:
        os.kill(pid, signal.SIGKILL)
    os.close(reader)
    status = os.waitpid(pid, 0)[1]
    return _judge(layer, told, status)


def _read(poller: select.poll, reader: int, until_s: float) -> bytes | None:
    if not poller.poll(max(until_s - time.monotonic(), 0.0) * 1000):
        return None
    return os.read(reader, _TOLD_BYTES_MAX)


def _judge(layer: Layer, told: bytes, status: int) -> Tried:
    text = told.decode(errors="replace")
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    # The trial of the filter ends with a call that is to be its death.
    if ended_by != (signal.SIGSYS if layer is Layer.SECCOMP and told.startswith(_HELD) else 0):
        return Tried(layer, False, f"its trial ended with signal {ended_by}: {text}")
    if not told.startswith(_HELD):
        return Tried(layer, False, text or "its trial said nothing")
    return Tried(layer, True, "", text.removeprefix(_HELD.decode()))


def _require(holds: bool, why: str) -> None:
    if not holds:
        raise NotHeld(why)


def _refused(act: Callable[[], object], error: type[OSError] = OSError) -> bool:
    try:
        act()
    except error:
        return True
    return False


_SEALED: Final = Plan("sealed")


def _try_environment(writer: int) -> str:
    layers.forget_environment(_SEALED)
    _require(not os.environ, "the environment is not empty")
    _require(not surroundings.read_initial_environment().strip(b"\0"), "its memory is still there")
    return "overwritten"


def _try_descriptors(writer: int) -> str:
    other = os.dup(writer)
    layers.keep_descriptors(Plan("sealed", keep=frozenset({writer})))
    _require(_refused(lambda: os.fstat(other)), "a descriptor is still open")
    os.fstat(writer)
    return ""


def _try_privileges(writer: int) -> str:
    layers.renounce(_SEALED)
    layers.drop_capabilities(_SEALED)
    _require(privileges.has_renounced(), "no_new_privs or undumpable is not set")
    _require(not privileges.read_capabilities(), "capabilities are left")
    return "" if privileges.bounding_set_is_empty() else "the bounding set stays: no CAP_SETPCAP"


def _try_limits(writer: int) -> str:
    layers.set_limits(Plan("sealed", limits=CageLimits(memory_bytes=_ROOM_BYTES, descriptors=16)))
    _require(_refused(lambda: mmap.mmap(-1, 4 * _ROOM_BYTES)), "memory is not limited")
    _require(resource.getrlimit(resource.RLIMIT_CORE) == (0, 0), "core dumps are not off")
    return ""


def _try_namespaces(writer: int) -> str:
    names = _SEALED.row().namespaces
    before = _inodes()
    namespaces.separate(names)
    after = _inodes()
    same = [name for name in names if before[name] == after[name]]
    _require(set(same) <= {"user"}, f"still shared: {', '.join(same)}")
    namespaces.empty_root()
    _require(os.listdir("/") == [], "the root is not empty")
    _require(_refused(lambda: os.stat("/proc/self")), "the old root can be reached")
    return "without a user namespace, as an administrator" if same else ", ".join(names)


def _inodes() -> dict[str, int]:
    names = _SEALED.row().namespaces
    return {name: os.stat(f"/proc/self/ns/{name}").st_ino for name in names}


def _try_landlock(writer: int) -> str:
    layers.restrict_files(_SEALED)
    abi = landlock.ask_abi()
    _require(_refused(lambda: os.listdir("/"), PermissionError), "a folder can be read")
    _require(_refused(lambda: os.open("/", os.O_TMPFILE | os.O_RDWR)), "a file can be made")
    if abi >= 4:
        with socket.socket() as made:
            _require(
                _refused(lambda: made.bind(("127.0.0.1", 0)), PermissionError),
                "TCP ports can be taken",
            )
    if abi >= 6:
        _require(_refused(lambda: os.kill(os.getppid(), 0)), "signals reach others")
    gaps = landlock.not_held_by(abi)
    return f"ABI {abi}" + (f"; not held: {'; '.join(gaps)}" if gaps else "")


def _try_seccomp(writer: int) -> str:
    """Seal with a thread besides, and have that thread make a call which is to kill us all."""
    go = threading.Event()

    def make_a_socket() -> None:
        go.wait(WALL_S)
        socket.socket()

    thread = threading.Thread(target=make_a_socket, daemon=True)
    thread.start()
    layers.filter_calls(_SEALED)
    _require(_refused(lambda: os.open("/", os.O_RDONLY), PermissionError), "files can be opened")
    os.write(writer, _HELD)
    go.set()
    thread.join(WALL_S)
    raise NotHeld("; a thread started before is not held")


_TRIALS: Final[dict[Layer, Callable[[int], str]]] = {
    Layer.ENVIRONMENT: _try_environment,
    Layer.DESCRIPTORS: _try_descriptors,
    Layer.PRIVILEGES: _try_privileges,
    Layer.RLIMITS: _try_limits,
    Layer.NAMESPACES: _try_namespaces,
    Layer.LANDLOCK: _try_landlock,
    Layer.SECCOMP: _try_seccomp,
}

"""A zygote: imports and warms one generation of a service, then forks its processes on request.

Owns: the order enclose -> prepare -> seal -> freeze -> serve, and going on as another zygote that
was forked from this one: load -> freeze -> serve. Does not own: what a forked process does
(`host.py`).
Runs no generated code, opens no ZeroMQ context and starts no thread that a fork would lose.
Started by the kernel: `python -m zones.runtime.zygote SERVICE ROAD_FD KERNEL_PID`.
Model: Android's Zygote (one warm process, forked per application).
"""

import gc
import importlib
import os
import signal
import socket
import sys
import traceback
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from Kernel.contract import zygote_protocol as protocol
from Kernel.contract.errors import ConfigError, MoltError
from Kernel.contract.zygote_protocol import (
    ZYGOTE,
    Configure,
    Fork,
    Forked,
    Prepared,
    Unforked,
    Unprepared,
    receive,
    send,
)
from zones.runtime.arena_memory import release_text
from zones.runtime.cage import CageError, Layer, Plan, Report, enclose, probe, seal
from zones.runtime.cages.layers import filter_for
from zones.runtime.called import load_modules
from zones.runtime.enclosing import SEALED, Ground, open_descriptors
from zones.runtime.generation import ArenaGeneration, BusGeneration, Progress
from zones.runtime.host import run_process
from zones.runtime.kinship import CannotFork, die_with, fork_apart, fork_for, set_process_name

WHY_CHARS_MAX = 1000

Made = ArenaGeneration | BusGeneration


@dataclass(slots=True)
class Warm:
    """All that a zygote has made ready, and one that is forked from it has with it."""

    service_name: str
    kernel_pid: int
    generation: Made
    configure: Configure
    report: Report
    ground: Ground


def main(arguments: list[str]) -> int:
    """Serve until the kernel hangs up; return the exit code."""
    service_name, road_fd, kernel_pid = arguments[0], int(arguments[1]), int(arguments[2])
    die_with(kernel_pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    inherited = open_descriptors() - {road_fd}
    road = socket.socket(fileno=road_fd)
    configure = _receive_configure(road)
    if configure is None:
        return 1
    set_process_name(f"molt z {configure.zone}")
    plan = _enclose()
    report = probe()  # now, while there is one thread: what those it forks can be given
    ground = Ground(report.missing, inherited)
    if Layer.SECCOMP not in report.missing:
        filter_for(SEALED)  # written once, for all heirs
    generation = _prepare(service_name, configure, road, report)
    if generation is None:
        return 78
    seal(replace(plan, without=plan.without | report.missing))
    warm = Warm(service_name, kernel_pid, generation, configure, report, ground)
    outcome = _serve(warm, road)
    while not isinstance(outcome, int):  # we are another zygote now, and this is our road
        road.close()
        road = outcome
        outcome = _serve(warm, road) if _go_on_with(warm, road) else 1
    return outcome


def _receive_configure(road: socket.socket) -> Configure | None:
    """Return the first message of the kernel, None where it has none for us."""
    configure = receive(road)
    if configure is None or not isinstance(configure[0], Configure):
        return None
    return configure[0]


def _serve(warm: Warm, road: socket.socket) -> int | socket.socket:
    """Fork what is asked for until the kernel hangs up.

    Returns:
        The exit code; in a zygote that was forked meanwhile, its own road.
    """
    gc.collect()
    gc.freeze()
    release_text()
    while True:
        request = receive(road)
        if request is None:
            return 0
        message, descriptors = request
        assert isinstance(message, Fork), f"the kernel sends only Fork, not {message}"
        named = dict(zip(message.descriptors, descriptors, strict=True))
        try:
            if message.role != ZYGOTE:
                _fork(warm, message, named, road)
            elif fork_apart(warm.kernel_pid, partial(_announce, road, message)):
                return _begin_anew(named)
        except CannotFork as error:  # all that is warm stays warm
            send(road, Unforked(message.serial, error.message))
        except MoltError as error:
            sys.stderr.write(f"{error.message}\n")
            return 1
        for descriptor in descriptors:
            os.close(descriptor)


def _announce(road: socket.socket, request: Fork, pid: int) -> None:
    send(road, Forked(request.serial, pid))


def _begin_anew(named: dict[str, int]) -> socket.socket:
    """Be as a zygote is that has just been started: its own session and streams; return its road.

    What else it is started with it has from the one it was forked from: the locks of the home,
    environment, folder, cage, group, and signals that are ignored. Nothing of it runs at the end of
    that one, for nobody leaves by Python's own end.
    """
    os.setsid()
    for standard in (1, 2):
        os.dup2(named["stderr"], standard)
    os.close(named["stderr"])
    return socket.socket(fileno=named["road"])


def _go_on_with(warm: Warm, road: socket.socket) -> bool:
    """Load what the kernel asks for in place of what is loaded; False: it cannot be done."""
    configure = _receive_configure(road)
    if configure is None:
        return False
    before, warm.configure = warm.configure, configure
    if replace(configure, traits=before.traits) != before:
        sys.stderr.write("cannot go on as another zygote: the settings are not the same\n")
        return False
    return _prepare(warm.service_name, configure, road, warm.report, warm.generation) is not None


def _enclose() -> Plan:
    """Enclose this process, which imports, compiles and forks, and makes no use of anything else.

    Its environment is what numba reads, and clean; its descriptors and namespaces are for those it
    forks to give up. What this machine refuses is said, and the report that follows tells of it.
    """
    plan = Plan("zygote", without=frozenset((Layer.ENVIRONMENT, Layer.NAMESPACES)))
    try:
        enclose(plan)
    except CageError as error:
        sys.stderr.write(f"{error.message}\n")
    return plan


def _prepare(
    service_name: str,
    configure: Configure,
    road: socket.socket,
    report: Report,
    warm: Made | None = None,
) -> Made | None:
    """Import and warm the service; answer the kernel; None when the service cannot be used.

    Args:
        warm: is this already, but for its traits.
    """

    def progress(done: int, total: int, what: str) -> None:
        send(road, protocol.Progress(done, total, what))

    try:
        made = warm or _make(service_name, configure, progress)
        if configure.traits or (warm is not None and hasattr(made, "load_traits")):
            cast(ArenaGeneration, made).load_traits(
                Path(configure.home), configure.traits, progress
            )
    except MoltError as error:
        faults = error.faults if isinstance(error, ConfigError) else ()
        told = [{"key": fault.key, "why": fault.why} for fault in faults]
        send(road, Unprepared(error.exit_code, error.message, error.hint, told))
        return None
    except (OSError, MemoryError):
        raise  # the machine's limits: the kernel tries again later
    except Exception as error:  # code that fails at its import fails again: say where, once
        _tell_frames(error)
        # Of a text that is no Python, str() names the file and line, which follow anyway.
        said = error.msg if isinstance(error, SyntaxError) else error
        why = f"cannot load {service_name}: {type(error).__name__}: {said} ({_place(error)})"
        hint = "make setup" if isinstance(error, ModuleNotFoundError) else f"edit {_place(error)}"
        send(road, Unprepared(1, why[:WHY_CHARS_MAX], hint))
        return None
    send(road, Prepared(os.getpid(), {**_facts(made), "cage": report.fields()}))
    return made


def _make(service_name: str, configure: Configure, progress: Progress) -> Made:
    service = importlib.import_module(f"{service_name}.service")
    generation: Made = service.Generation(configure.settings, progress)
    return generation


def _facts(generation: Made) -> dict[str, Any]:
    """Return what a generation says of itself, and what may be forked besides its processes."""
    facts = generation.facts | {ZYGOTE: True}
    if not hasattr(generation, "found"):
        return facts
    return facts | {"cells": [*facts.get("cells", ()), "call"]}


def _tell_frames(error: Exception) -> None:
    """Print the frames of our own files, once for people; a text that is no Python has none.

    Those of importlib, and of packages that import ours, say nothing about what is to be mended.
    """
    if isinstance(error, SyntaxError):
        return
    frames = _own_frames(error)
    if frames:
        sys.stderr.write("".join(traceback.format_list(frames)))
        sys.stderr.write("".join(traceback.format_exception_only(error)))


def _own_frames(error: BaseException) -> list[traceback.FrameSummary]:
    """Return the frames of this checkout below the zygote's own, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    return [each for each in frames if _is_own(each.filename)]


def _is_own(file: str) -> bool:
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    packages = f"{os.sep}site-packages{os.sep}"
    return file.startswith(root + os.sep) and packages not in file and file != __file__


def _place(error: BaseException) -> str:
    """Return where an error lies: the text that is no Python, or the innermost frame."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "no frame"


def _fork(warm: Warm, request: Fork, named: dict[str, int], road: socket.socket) -> None:
    if request.role == "call":
        _load_for_calls()

    def child() -> None:
        road.close()
        run_process(warm.generation, warm.configure, request, named, warm.ground)

    fork_for(warm.kernel_pid, child, partial(_announce, road, request))


def _load_for_calls() -> None:
    """Import what a call may use, here and once: a sealed process can load nothing.

    Raises:
        CannotFork: a package is missing.
    """
    try:
        load_modules()
    except ImportError as error:
        raise CannotFork(f"cannot fork a call: {error}", "make setup") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

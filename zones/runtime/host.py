"""What happens in a freshly forked zone process, up to its service and out again.

Owns: standard streams, signals, mapping what was handed over, the order in which a process is
enclosed, loaded and sealed, the last line of defence for errors. Does not own: kinship
(`kinship.py`), the cage (`cage.py`, `enclosing.py`), the loops (`arena_zone.py`, services).
What a service must offer is in `generation.py`.
"""

import faulthandler
import logging
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import NoReturn, cast

import structlog

from Kernel.contract.errors import MoltError
from Kernel.contract.parameters import parse_parameter
from Kernel.contract.robust_mutex import RobustMutex
from Kernel.contract.zygote_protocol import Configure, Fork
from zones.runtime.arena_memory import map_arena, map_side
from zones.runtime.arena_zone import ArenaSeat, rehearse, run_heir
from zones.runtime.bus_client import BusClient
from zones.runtime.cage import enclose, seal
from zones.runtime.called import run_call
from zones.runtime.dropping_stream import drop_what_finds_no_room
from zones.runtime.enclosing import (
    NO_CAGE,
    SEALED,
    Ground,
    join_groups,
    plan_for,
    reach_of_home,
    runs_generated_code,
)
from zones.runtime.generation import ArenaGeneration, BusGeneration
from zones.runtime.kinship import (
    ask_short_slices,
    open_threads,
    refuse_core_dumps,
    set_process_name,
)
from zones.runtime.seat import BusSeat

SLICE_NS = 100_000
"""The shortest slice the scheduler grants."""


def run_process(
    generation: ArenaGeneration | BusGeneration,
    configure: Configure,
    request: Fork,
    descriptors: dict[str, int],
    ground: Ground,
) -> None:
    """Be the process that was asked for; never returns (os._exit)."""
    code = 1
    try:
        _settle(configure, request, descriptors)
        if request.role == "process":
            _run_bus_process(
                cast(BusGeneration, generation), configure, request, descriptors, ground
            )
        elif request.role == "heir":
            _run_heir(cast(ArenaGeneration, generation), request, descriptors, ground)
        elif request.role == "call":
            run_call(request.facts, descriptors, ground.missing)
        elif request.role == "trial":
            arena_generation = cast(ArenaGeneration, generation)
            arena_generation.try_trait(request.facts, descriptors, ground.missing)
        else:
            missing = [layer.value for layer in ground.missing]
            cast(ArenaGeneration, generation).found({**request.facts, "missing": missing})
        code = 0
    except MoltError as error:
        sys.stderr.write(f"{error.message}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        _end(error.exit_code)
    except BaseException:  # the top of a process: say it, then die; the kernel restarts
        traceback.print_exc()
        _end(1)
    finally:
        _end(code)


def _end(code: int) -> NoReturn:
    """Leave at once, and while an exception is still there: what its frames hold must live on.

    The mutex of an arena among them: unmapped, Linux could not tell the heir that its owner died,
    and the heir would wait for ever.
    """
    sys.stderr.flush()
    os._exit(code)


def _settle(configure: Configure, request: Fork, descriptors: dict[str, int]) -> None:
    """Standard output and error are the zygote's: the kernel reads them at the other end.

    The kernel's watchdog asks for the stacks of all threads by SIGUSR1; a handler in C writes them,
    whatever the interpreter is doing.
    """
    join_groups(descriptors)
    if "stack" in descriptors:
        faulthandler.register(signal.SIGUSR1, file=descriptors["stack"], all_threads=True)
    set_process_name(f"molt {configure.zone}")
    refuse_core_dumps()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    nice = int(request.facts.get("nice", 0))
    if nice:
        os.nice(nice)


def _run_heir(
    generation: ArenaGeneration, request: Fork, descriptors: dict[str, int], ground: Ground
) -> None:
    """Be an heir; an urgent one is waited for by the world, and does not rehearse.

    It is sealed before it says that it stands by, so a takeover takes no longer for it; and before
    any code runs that was generated, the bodies of interpreted traits included.
    """
    facts = request.facts
    urgent = bool(facts.get("urgent"))
    words = map_arena(descriptors["arena"], writable=True, urgent=urgent)
    seat = ArenaSeat(
        words=words,
        side=map_side(descriptors["side"]),
        mutex=RobustMutex(descriptors["mutex"]),
        door_fd=descriptors["door"],
        ring_fd=descriptors["ring"],
        beat_at=facts.get("beat_at"),
    )
    threads = open_threads()
    stack = [descriptors["stack"]] if "stack" in descriptors else []
    kept = (seat.door_fd, seat.ring_fd, threads, *stack)
    plan = plan_for(facts, SEALED, ground, kept)
    if plan is not None:
        drop_what_finds_no_room()
        enclose(plan)  # first: an engine may start threads when it is opened
    engine = generation.open_engine(words, seat.side)
    seat.threads = engine.start_threads()
    if not urgent:
        rehearse(*generation.scratch())
    ask_short_slices(SLICE_NS, threads)  # now: getting ready must not press upon the one who ticks
    os.close(threads)
    if plan is not None:
        seal(plan)
    if runs_generated_code(plan, facts):
        engine.start_traits()
    run_heir(seat, engine)


def _run_bus_process(
    generation: BusGeneration,
    configure: Configure,
    request: Fork,
    descriptors: dict[str, int],
    ground: Ground,
) -> None:
    home = Path(configure.home)
    theirs = generation.reach()
    reach = reach_of_home(home, theirs.home).joined(theirs)
    plan = plan_for(request.facts, NO_CAGE, ground, descriptors.values(), reach)
    if plan is not None:
        enclose(plan)  # first: the bus starts a thread
        os.environ["TMPDIR"] = os.environ["SQLITE_TMPDIR"] = str(home / "data")
    log = structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[structlog.processors.KeyValueRenderer(key_order=["event"])],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    client = BusClient(descriptors["bus"], request.facts["endpoint"], configure.zone, os.getpid())
    arenas = {
        name.removeprefix("arena."): map_arena(fd, writable=False)
        for name, fd in descriptors.items()
        if name.startswith("arena.")
    }
    sides = {
        name.removeprefix("side."): map_side(fd)
        for name, fd in descriptors.items()
        if name.startswith("side.")
    }
    if plan is not None:
        seal(plan)
    try:
        generation.run(
            BusSeat(
                zone=configure.zone,
                home=home,
                bus=client,
                arenas=arenas,
                sides=sides,
                log=log,
                bus_dir_fd=descriptors["bus"],
                listeners={
                    name.removeprefix("listen."): fd
                    for name, fd in descriptors.items()
                    if name.startswith("listen.")
                },
                parameters={
                    zone: tuple(map(parse_parameter, rows))
                    for zone, rows in request.facts.get("parameters", {}).items()
                },
                kernel_pid=os.getppid(),
            )
        )
    finally:
        client.close()

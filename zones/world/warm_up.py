"""Making a process ready to tick: every kernel loaded, each called once.

Owns: what is done once, in the zygote, before any tick counts. Does not own: the kernels.
"""

import mmap
from collections.abc import Callable
from typing import Final

import numpy as np

from Kernel.contract.arena import ArenaWords
from zones.runtime.writing_threads import load_threads
from zones.traits import linked
from zones.traits.contract import SLOTS
from zones.traits.native.driver import load_driver
from zones.world import founding
from zones.world.engine import PHASES, Engine, silent
from zones.world.recorded import Recorded, send
from zones.world.settings import parse_settings
from zones.world.survey import new_tally, survey
from zones.world.trait_library import idle_input, idle_library
from zones.world.trait_survey import survey_traits

STEPS: Final = 2 * (len(PHASES) - 1)
"""How often `prepare` calls back: each phase without threads and with; 0 is between ticks."""


def prepare(threads: int, progress: Callable[[str], None] = silent) -> None:
    """Load every kernel and call each on a scratch world, without threads and with.

    Args:
        progress: called with the name of each phase before it is loaded; compiling takes seconds.

    Raises:
        ConfigError: this process cannot use so many threads.
    """
    linked.link()
    load_driver()
    load_threads()
    settings = parse_settings({"entities": 30, "max_entities": 64, "min_population": 40})
    # Mapped, not a bytearray: pages of the rings that are never touched cost a heir nothing.
    words = ArenaWords(memoryview(mmap.mmap(-1, founding.plan(settings).file_bytes)))
    founding.found(words, settings)
    send(words, Recorded(1, idle_input()), 1)
    engine = Engine(words, threads, lambda: 0, library=idle_library())
    for parallel in (False, True):
        engine.use_parallel(parallel)
        engine.run_phases(progress)
        survey(parallel, engine.world.committed, new_tally(64, 64))
    engine.start_traits()
    survey_traits(engine.world.committed, np.zeros((2, SLOTS), np.int64))
    engine.publish_hash()

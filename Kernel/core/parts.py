"""What every keeper of a zone shares: the machine, the loop, the log.

Owns: the record. Does not own: any of it (`Kernel/boot.py` makes them once).
"""

from dataclasses import dataclass, field
from pathlib import Path

from Kernel.contract.refusals import Refusals
from Kernel.core.budgets import Pool
from Kernel.core.events import EventLog
from Kernel.loop import Loop
from Kernel.memory.context_memory import ContextMemory
from Kernel.memory.contexts import new_memory
from Kernel.ports.arena_file import ArenaFiles, SystemArenaFiles
from Kernel.ports.cell_notes import CellNotes, MemoryCellNotes
from Kernel.ports.cgroups import Cgroups, NoCgroups
from Kernel.ports.clock import Clock
from Kernel.ports.cores import AnyCores, Cores
from Kernel.ports.doors import Doors, SystemDoors
from Kernel.ports.machine_load import MachineMeters, NoMachineMeters
from Kernel.ports.meters import Loads
from Kernel.ports.process import Processes
from Kernel.ports.trait_sets import MemoryTraitSets, TraitSets
from Kernel.ports.update_files import MemoryUpdates, UpdateFiles
from Kernel.ports.versions import Versions


@dataclass(frozen=True, slots=True)
class Parts:
    """What every keeper shares.

    Args:
        stacks: the folder that stack dumps are kept in, None: they are only logged.
        guard_notes: of mutations under guard; written as those of cells are.
        secret: 32 bytes of this boot that nobody else knows.
        memory: what outlives this kernel.
        refusals: what was asked for on any road by somebody who may not.
        machine: how the whole of it is.
        pool: what there is for all zones together, as it was at the boot.
    """

    clock: Clock
    processes: Processes
    loop: Loop
    log: EventLog
    home: str
    loads: Loads
    versions: Versions
    stacks: Path | None = field(default=None)
    doors: Doors = field(default_factory=SystemDoors)
    arenas: ArenaFiles = field(default_factory=SystemArenaFiles)
    trait_sets: TraitSets = field(default_factory=MemoryTraitSets)
    cgroups: Cgroups = field(default_factory=NoCgroups)
    cell_notes: CellNotes = field(default_factory=MemoryCellNotes)
    guard_notes: CellNotes = field(default_factory=MemoryCellNotes)
    secret: bytes = field(default=bytes(32), repr=False)
    memory: ContextMemory = field(default_factory=new_memory)
    refusals: Refusals = field(default_factory=Refusals)
    machine: MachineMeters = field(default_factory=NoMachineMeters)
    pool: Pool = field(default_factory=Pool)
    cores: Cores = field(default_factory=AnyCores)
    updates: UpdateFiles = field(default_factory=MemoryUpdates)

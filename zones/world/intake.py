"""The phase `inputs`: what came from outside, then what the process has to tell the world itself.

Owns: their order, and the inputs a world gives itself. Does not own: the inbox (`inbox.py`), what
an input does (`trait_inputs.py`), the code of traits (`trait_library.py`).

A process may lack the code of a trait that is active, and has lost what volatile traits remembered
in the one before it. Both decide later ticks, so it says so by inputs of its own, behind those of
the inbox: in its first tick, and whenever inputs have changed the registry. They are told as
applied inputs, with `own`: whoever computes the ticks again applies them at the same tick.
"""

from Kernel.contract.inputs import RESET_TRAITS, SUSPEND_TRAIT, WHY_CHARS_MAX, Input
from zones.traits.contract import VOLATILE
from zones.world.columns import Buffer
from zones.world.inbox import Inbox
from zones.world.outbox import Outbox
from zones.world.registry import ACTIVE, read_entries
from zones.world.trait_inputs import TRAIT_KINDS
from zones.world.trait_phase import TraitPhase


class Intake:
    """Takes the inputs of one arena in one process.

    Args:
        is_heir: it may have to say that state is lost. Where recorded ticks are computed again
            that is among their inputs.

    Attributes:
        is_fresh: no tick of this process is committed yet.
    """

    def __init__(self, inbox: Inbox, outbox: Outbox, traits: TraitPhase, is_heir: bool) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._traits = traits
        self._is_heir = is_heir
        self.is_fresh = True

    def take(self, tick: int, new: Buffer) -> bool:
        """Apply all that is due; changes `new`. Return whether it was about traits."""
        done = self._inbox.apply(tick, new, lambda arrived: self._outbox.tell_input(tick, arrived))
        if not (done or self.is_fresh):
            return False
        for given in done:
            if given.kind == RESET_TRAITS:
                self._traits.reset(new, given.slots)
        changed = any(given.kind in TRAIT_KINDS for given in done)
        if self.is_fresh or changed:
            self._suspend_lacking(tick, new)
        if self.is_fresh and self._is_heir:
            self._reset_volatile(tick, new)
        return True

    def _suspend_lacking(self, tick: int, new: Buffer) -> None:
        """Suspend each active trait whose code is not here."""
        for entry in self._traits.lacking(new):
            why = self._traits.why_missing(entry)[:WHY_CHARS_MAX]
            given = Input(SUSPEND_TRAIT, slot=entry.slot, why=why)
            self._outbox.tell_own(tick, given, new)
            self._inbox.carry_out(given, tick, new)

    def _reset_volatile(self, tick: int, new: Buffer) -> None:
        """Reset the traits whose state was in another process."""
        slots = tuple(
            entry.slot
            for entry in read_entries(new)
            if (entry.status, entry.state) == (ACTIVE, VOLATILE)
        )
        if slots:
            self._outbox.tell_own(tick, Input(RESET_TRAITS, slots=slots), new)
            self._traits.reset(new, slots)

"""What is said of a slot that could not be filled."""

import shlex
from pathlib import Path

from Kernel.ports.process import Exit
from Kernel.slot_filler import AFTER_S, SlotFiller
from tests.support.fakes import RecordingLog


class Errands:
    """Starts nothing and says that it did."""

    def start_errand(self, *_words: str) -> int:
        """Return a process id."""
        return 4711


def test_the_hint_can_be_pasted_whatever_the_home_is_called(tmp_path: Path):
    """A home with a space and a quote is one word of the command that helps."""
    home, log = tmp_path / "it's a home", RecordingLog()
    filler = SlotFiller(home, Errands(), log)
    filler.begin(0.0)
    filler.look(AFTER_S, [])
    filler.look(AFTER_S, [Exit(4711, 1, 0)])
    (told,) = log.of("slot.not_filled")
    assert shlex.split(told["hint"])[-2:] == ["--home", str(home)]

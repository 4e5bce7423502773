"""The memory over a restart: written when it has changed, read once, refused where it is torn."""

from Kernel.memory.contexts import BUDGETS, DEGRADED, memory_fields
from Kernel.memory.remembering import EXPIRE_S, SAVE_AGAIN_S, SAVE_S, Remembering, recall
from Kernel.ports.memory_file import MemoryFile, PaperMemoryFile
from tests.support.fakes import RecordingLog


def begin(file: MemoryFile, log: RecordingLog, now_s: float = 0.0) -> Remembering:
    """Boot."""
    return Remembering(recall(file, log, now_s), file, log)


def test_what_was_remembered_is_there_again() -> None:
    """Over a kernel that was killed: nobody has closed anything."""
    file, log = PaperMemoryFile(), RecordingLog(strict=True)
    first = begin(file, log)
    first.memory.put(BUDGETS, "stable", {"failures": 3}, 5.0)
    first.memory.put(DEGRADED, "archive", {"why": "x"}, 5.0)
    first.look(5.0)
    second = begin(file, log, 1000.0)
    assert second.memory.get(BUDGETS, "stable", 1000.0) == {"failures": 3}
    assert log.of("memory.recalled") == [{"entries": {"budgets": 1, "degraded": 1}}]


def test_it_is_written_when_something_has_changed() -> None:
    """And not more often than a disk likes."""
    file, log = PaperMemoryFile(), RecordingLog(strict=True)
    kept = begin(file, log)
    kept.look(0.0)
    assert file.saves == 0
    for number in range(10):
        kept.memory.put(BUDGETS, f"{number}", {}, 0.0)
        kept.look(0.0)
    assert file.saves == 1
    kept.look(SAVE_S)
    kept.look(10 * SAVE_S)
    assert file.saves == 2 and len(begin(file, log).memory) == 10


def test_what_ends_is_written_as_ended() -> None:
    """Nobody has to ask for it."""
    file, log = PaperMemoryFile(), RecordingLog(strict=True)
    kept = begin(file, log)
    kept.memory.put(BUDGETS, "stable", {}, 0.0)
    kept.look(0.0)
    kept.look(600.0 + EXPIRE_S)
    assert file.saves == 2 and len(begin(file, log).memory) == 0


def test_an_orderly_stop_forgives_what_was_spent() -> None:
    """Who stops a kernel and starts it again means a new try; the rest stays."""
    file, log = PaperMemoryFile(), RecordingLog(strict=True)
    kept = begin(file, log)
    kept.memory.put(BUDGETS, "stable", {}, 0.0)
    kept.memory.put(DEGRADED, "archive", {}, 0.0)
    kept.look(0.0)
    kept.close(0.01)
    again = begin(file, log)
    assert again.memory.get(BUDGETS, "stable", 0.0) is None
    assert again.memory.get(DEGRADED, "archive", 0.0) == {}


def test_a_torn_one_is_refused_and_told() -> None:
    """It is set aside, and the kernel begins with an empty memory."""
    file, log = PaperMemoryFile(b"molt memory 1\nnot quite"), RecordingLog(strict=True)
    kept = begin(file, log)
    assert len(kept.memory) == 0 and file.refused is not None and file.data is None
    (told,) = log.of("memory.refused")
    assert "torn" in told["why"] and told["bytes"] == 23 and told["path"] == "memory.refused"
    assert not log.of("memory.recalled")


def test_a_disk_that_takes_none_costs_the_memory_alone() -> None:
    """Told once, tried again, and shown for as long as it lasts."""

    class Full(PaperMemoryFile):
        """A full disk."""

        is_full = True

        def save(self, data: bytes) -> None:
            """Refuse."""
            if self.is_full:
                raise OSError(28, "No space left on device")
            super().save(data)

    file, log = Full(), RecordingLog(strict=True)
    kept = begin(file, log)
    kept.memory.put(BUDGETS, "stable", {}, 0.0)
    for number in range(5):
        kept.look(number * SAVE_AGAIN_S)
    assert len(log.of("note.not_written")) == 1
    assert kept.memory.unsaved_why == "No space left on device"
    file.is_full = False
    kept.look(6 * SAVE_AGAIN_S)
    assert file.saves == 1 and kept.memory.unsaved_why == ""


def test_fields_tell_all_there_is() -> None:
    """Contexts with their limits, entries with their age and what is left."""
    kept = begin(PaperMemoryFile(), RecordingLog(strict=True))
    kept.memory.put(BUDGETS, "stable", {"failures": 3}, 0.0)
    fields = memory_fields(kept.memory, 60.0)
    assert fields["entries"] == [
        {
            "context": "budgets", "key": "stable", "value": {"failures": 3}, "priority": "usual",
            "age_s": 60.0, "left_s": 540.0,
        }
    ]  # fmt: skip
    assert {each["name"]: each["entries"] for each in fields["contexts"]} == {
        "budgets": 1, "degraded": 0, "quarantine": 0, "suspects": 0,
    }  # fmt: skip

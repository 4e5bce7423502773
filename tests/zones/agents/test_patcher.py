"""The Patcher: the files of mutations/ follow the log, and what people drop there is taken up."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.envelope import Envelope
from tests.zones.agents.mutation_history import (
    FORAGER_1,
    FORAGER_2,
    FORAGER_3,
    HISTORY,
    applied,
    failed,
    hash_of,
    id_of,
    proposed,
    ready,
)
from tests.zones.ledger.paper_ledger import make
from zones.agents.header import without_header
from zones.agents.mutations import Mutations
from zones.agents.patcher import AGAIN_S, SETTLE_S, Dropped, Patcher
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.trait_store import TraitStore
from zones.traits.contract import SOURCE_BYTES_MAX

MINE = "class Mine(Trait):\n    async def execute(self, entity):\n        entity.eat(0.5)\n"


class Stage:
    """A home with its log, a Patcher over it, and a clock."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.place = home / "mutations"
        self.now_s = 100.0
        self.told: list[tuple[str, str, dict[str, Any]]] = []
        self.events: list[Envelope] = []
        self.begin()

    def begin(self) -> None:
        """Begin anew, as after a kill: all that is known is the log."""
        self.mutations = Mutations()
        self.patcher = Patcher(self.home, self.mutations, lambda *told: self.told.append(told))
        for position, event in enumerate(self.events, 1):
            self.patcher.note(self.mutations.take(LedgerEvent(position, event)))

    def hear(self, *events: Envelope) -> None:
        for event in events:
            self.events.append(event)
            self.patcher.note(self.mutations.take(LedgerEvent(len(self.events), event)))

    def accept(self, source: str, version: int) -> None:
        """Have the kernel take a source up."""
        TraitStore(self.home).begin(source.encode())
        self.hear(ready(1, source, version), applied(2, source, version))

    def step(self, after_s: float = 0.0, *, changed: bool = True) -> Dropped | None:
        self.now_s += after_s
        return self.patcher.step(self.now_s, changed=changed)

    def drop(self, name: str, source: str | bytes = MINE) -> Path:
        self.place.mkdir(exist_ok=True)
        path = self.place / name
        path.write_bytes(source.encode() if isinstance(source, str) else source)
        return path

    def find(self) -> Dropped | None:
        """Look, and look again when everything has settled."""
        return self.step() or self.step(SETTLE_S, changed=False)

    def propose(self, dropped: Dropped) -> None:
        self.hear(make(1, "mutation.proposed", payload=dropped.proposal()))

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.place.iterdir())


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_file_with_its_origin(stage: Stage) -> None:
    """What the kernel has taken up is written, with a comment; without it, it is the source."""
    for source in (FORAGER_1, FORAGER_2, FORAGER_3):
        TraitStore(stage.home).begin(source.encode())
    stage.hear(*HISTORY)
    stage.step()
    assert stage.files == [f"trait_forager_v{version}.py" for version in (1, 2, 3)]
    first, second, third = ((stage.place / name).read_bytes() for name in stage.files)
    assert without_header(first) == FORAGER_1.encode()
    assert b"# status: kept\n" in first and b"plan_1 eat what is near\n" in first
    assert b"# status: rolled back: nothing carries it" in second
    assert b"# status: quarantined: nothing carries it" in third


def test_the_comment_follows_what_becomes_of_it(stage: Stage) -> None:
    """It is written again when its status changes, and only then."""
    stage.accept(FORAGER_1, 1)
    stage.step()
    path = stage.place / "trait_forager_v1.py"
    before = path.stat().st_ino
    assert b"# status: applied\n" in path.read_bytes()
    stage.patcher.note(stage.mutations.get(id_of(FORAGER_1)))
    stage.step()
    assert path.stat().st_ino == before
    stage.hear(failed(3, FORAGER_1, "guard", "none"))
    stage.step()
    assert b"# status: rolled back" in path.read_bytes()


def test_three_versions_are_kept(stage: Stage) -> None:
    """Older files go, unless somebody has something of his own in them."""
    sources = [FORAGER_1 + f"# {number}\n" for number in range(5)]
    for version, source in enumerate(sources, 1):
        stage.accept(source, version)
        stage.step()
        if version == 1:
            stage.drop("trait_forager_v1.py", "mine\n")
    assert stage.files == [f"trait_forager_v{version}.py" for version in (1, 3, 4, 5)]


def test_it_catches_up(stage: Stage) -> None:
    """What happened while nobody was here is in the log: it writes what is missing at its start."""
    stage.accept(FORAGER_1, 1)
    stage.begin()
    stage.step()
    assert stage.files == ["trait_forager_v1.py"]


def test_our_own_files_are_nothing_new(stage: Stage) -> None:
    """Neither as they are written nor after a restart; nothing is told of them."""
    stage.accept(FORAGER_1, 1)
    stage.step()
    assert stage.find() is None
    stage.begin()
    assert stage.find() is None and stage.told == []


def test_a_dropped_file_is_proposed(stage: Stage) -> None:
    """By hand, under the id of its code; the ask has the source alone."""
    stage.drop("mine.py")
    found = stage.find()
    assert found == Dropped("mine.py", MINE, hash_of(MINE))
    told = found.proposal()
    assert (told["author"], told["trait_name"], told["mutation_id"]) == (
        "hand", "Mine", id_of(MINE),
    )  # fmt: skip
    assert found.wish("all") == {
        "source": MINE, "mutation_id": id_of(MINE), "carriers": "all",
    }  # fmt: skip
    json.dumps(told)


def test_a_file_that_is_still_being_written_is_let_be(stage: Stage) -> None:
    """It is read when it has not changed for a while."""
    path = stage.drop("mine.py", MINE[:20])
    assert stage.step() is None
    path.write_text(MINE)
    assert stage.step(SETTLE_S) is None
    assert stage.step(SETTLE_S, changed=False) is not None


def test_accepted(stage: Stage) -> None:
    """Our file takes its place."""
    stage.drop("mine.py")
    found = stage.find()
    assert found is not None
    stage.propose(found)
    stage.accept(MINE, 1)
    stage.patcher.settle(found.code_hash, stage.now_s)
    assert stage.find() is None
    assert stage.files == ["trait_mine_v1.py"]
    assert b"# author: hand\n" in (stage.place / "trait_mine_v1.py").read_bytes()


def test_refused(stage: Stage) -> None:
    """It stays as it is, is told of once, and is not tried again until it changes."""
    stage.drop("mine.py")
    found = stage.find()
    assert found is not None
    stage.propose(found)
    stage.hear(failed(3, MINE, "validation"))
    stage.patcher.settle(found.code_hash, stage.now_s)
    for _ in range(3):
        assert stage.find() is None
    assert [action for action, _, _ in stage.told] == ["refused"]
    assert "it went wrong" in stage.told[0][1] and stage.files == ["mine.py"]
    stage.begin()
    assert stage.find() is None
    stage.drop("mine.py", MINE + "# better\n")
    again = stage.find()
    assert again is not None and again.attempt == 1


def test_what_only_its_author_refused_is_tried(stage: Stage) -> None:
    """The kernel has not judged it: a file of it goes the way of every other."""
    stage.hear(proposed(1, MINE, aside=True), failed(2, MINE, "trial", aside=True))
    stage.drop("mine.py")
    found = stage.find()
    assert found is not None and found.file == "mine.py"


def test_released(stage: Stage) -> None:
    """A copy of what was taken back is left alone until it is released, our own file for good."""
    stage.accept(FORAGER_1, 1)
    stage.hear(failed(3, FORAGER_1, "execution", "none"))
    stage.step()
    stage.drop("copy.py", FORAGER_1)
    assert stage.find() is None and stage.told[0][0] == "refused"
    told = {"name": "Forager", "version": 1, "code_hash": hash_of(FORAGER_1)}
    stage.hear(make(4, "trait.released", zone="kernel", payload=told))
    found = stage.find()
    assert found is not None and found.file == "copy.py"
    stage.propose(found)
    (stage.place / "copy.py").unlink()
    stage.hear(failed(5, FORAGER_1, "trial"))
    stage.patcher.settle(found.code_hash, stage.now_s)
    assert stage.find() is None


def test_the_answer_may_come_before_its_events(stage: Stage) -> None:
    """The log is behind the answer: it is not proposed twice because of that."""
    stage.drop("mine.py")
    found = stage.find()
    assert found is not None
    stage.patcher.settle(found.code_hash, stage.now_s)
    assert stage.find() is None
    stage.propose(found)
    assert stage.find() is None
    stage.hear(failed(3, MINE, "trial"))
    assert stage.find() is None


def test_killed_before_the_answer(stage: Stage) -> None:
    """What was proposed by hand and came to nothing yet is asked for again after a restart."""
    stage.drop("mine.py")
    found = stage.find()
    assert found is not None
    stage.propose(found)
    stage.begin()
    again = stage.find()
    assert again is not None and again.attempt == 2
    stage.propose(again)
    stage.hear(ready(3, MINE, 1))
    stage.begin()
    again = stage.find()
    assert again is not None and again.attempt == 3, "its kernel was stopped before it came in"


def test_not_now(stage: Stage) -> None:
    """Where the kernel cannot take it up just now, it is tried again after a while."""
    stage.drop("mine.py")
    found = stage.find()
    assert found is not None
    stage.patcher.settle(found.code_hash, stage.now_s, later=True)
    assert stage.find() is None
    assert stage.step(AGAIN_S, changed=False) is not None


def test_one_after_the_other(stage: Stage) -> None:
    """Two of one trait: the second waits for the first, and both are proposed."""
    stage.drop("a.py", MINE)
    stage.drop("b.py", MINE + "# other\n")
    first = stage.find()
    assert first is not None and first.file == "a.py"
    assert stage.find() is None and stage.step(60, changed=False) is None
    stage.propose(first)
    stage.accept(MINE, 1)
    stage.patcher.settle(first.code_hash, stage.now_s)
    second = stage.find()
    assert second is not None and second.file == "b.py"


def test_two_files_of_the_same_code(stage: Stage) -> None:
    """They are one mutation: proposed once, and one file stands for both."""
    stage.drop("a.py")
    stage.drop("b.py")
    found = stage.find()
    assert found is not None
    stage.propose(found)
    stage.accept(MINE, 1)
    stage.patcher.settle(found.code_hash, stage.now_s)
    assert stage.find() is None
    assert stage.files == ["trait_mine_v1.py"]


def edit(stage: Stage) -> Path:
    stage.accept(FORAGER_1, 1)
    stage.step()
    stage.find()
    path = stage.place / "trait_forager_v1.py"
    path.write_bytes(path.read_bytes().replace(b"1.0", b"2.5"))
    return path


def test_a_file_of_ours_that_was_edited(stage: Stage) -> None:
    """It is proposed without the comment; taken up, it is the next version, and ours is back."""
    path = edit(stage)
    found = stage.find()
    assert found is not None and found.source == FORAGER_1.replace("1.0", "2.5")
    stage.propose(found)
    stage.accept(found.source, 2)
    stage.patcher.settle(found.code_hash, stage.now_s)
    assert stage.find() is None
    stage.step()
    assert stage.files == ["trait_forager_v1.py", "trait_forager_v2.py"]
    assert without_header(path.read_bytes()).decode() == FORAGER_1


def test_an_edit_is_never_written_over(stage: Stage) -> None:
    """As long as it is not taken up, whatever becomes of the version it stands in."""
    path = edit(stage)
    mine = path.read_bytes()
    stage.hear(failed(3, FORAGER_1, "guard", "none"))
    stage.step()
    assert path.read_bytes() == mine
    found = stage.find()
    assert found is not None
    stage.propose(found)
    stage.hear(failed(4, found.source, "trial"))
    stage.patcher.settle(found.code_hash, stage.now_s)
    stage.hear(failed(5, FORAGER_1, "guard", "none"))
    stage.find()
    assert path.read_bytes() == mine


def test_another_class_in_a_file_of_ours(stage: Stage) -> None:
    """The new trait gets its own file, and what was in this one comes back."""
    stage.accept(FORAGER_1, 1)
    stage.step()
    stage.drop("trait_forager_v1.py", MINE)
    found = stage.find()
    assert found is not None
    stage.propose(found)
    stage.accept(MINE, 1)
    stage.patcher.settle(found.code_hash, stage.now_s)
    stage.find()
    stage.step()
    assert stage.files == ["trait_forager_v1.py", "trait_mine_v1.py"]
    assert (stage.place / "trait_forager_v1.py").read_text().endswith(FORAGER_1)


def test_deleting_takes_nothing_back(stage: Stage) -> None:
    """It is told, and the file comes back when something becomes of its version."""
    stage.accept(FORAGER_1, 1)
    stage.step()
    stage.find()
    (stage.place / "trait_forager_v1.py").unlink()
    assert stage.find() is None and stage.files == []
    assert [action for action, _, _ in stage.told] == ["deleted"]
    stage.hear(failed(3, FORAGER_1, "guard", "none"))
    stage.step()
    assert stage.files == ["trait_forager_v1.py"]


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b"\xff\xfe"),
        lambda path: path.write_bytes(b"#" * (SOURCE_BYTES_MAX + 1)),
        lambda path: path.symlink_to("/etc/hostname"),
        lambda path: path.mkdir(),
    ],
    ids=["no text", "long", "link", "folder"],
)
def test_what_is_no_source(stage: Stage, make: Callable[[Path], None]) -> None:
    """It is passed over, told of once, and stands in nobody's way."""
    stage.place.mkdir()
    make(stage.place / "a.py")
    stage.drop("b.py")
    found = stage.find()
    assert found is not None and found.file == "b.py"
    for _ in range(3):
        stage.find()
    assert [action for action, _, _ in stage.told] == ["passed over"]


@pytest.mark.parametrize(
    "name", [b"\xff\xfe.py", b"\x1b[2Jmine.py", b"a\nb.py", b"\xe2\x80\xae.py"]
)
@pytest.mark.parametrize("source", [MINE.encode(), b"\xff\xfe"])
def test_a_name_may_be_any_bytes(stage: Stage, name: bytes, source: bytes) -> None:
    """What is told of it can be stored and steers no terminal; the file is tried all the same."""
    stage.drop(os.fsdecode(name), source)
    found = stage.find()
    assert (found is not None) == (source == MINE.encode())
    if found is not None:
        make(1, "mutation.proposed", payload=found.proposal())
        stage.propose(found)
        stage.hear(failed(2, MINE, "validation"))
        stage.patcher.settle(found.code_hash, stage.now_s)
        assert stage.find() is None
    (told,) = stage.told
    for text in (told[1], told[2]["file"], found.file if found else "x"):
        assert text.isprintable() and text.encode()


def test_more_files_than_are_looked_at(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state says that others are left alone, until there are fewer."""
    monkeypatch.setattr("zones.agents.folder.FILES_MAX", 2)
    paths = [stage.drop(f"{number}.py", "no") for number in range(3)]
    stage.step()
    assert "left alone" in stage.patcher.degraded
    paths[0].unlink()
    stage.step()
    assert not stage.patcher.degraded


def test_what_cannot_be_written_is_seen(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is full or away: degraded until it works again; the zone goes on."""
    stage.accept(FORAGER_1, 1)
    folder = stage.patcher._folder
    write = folder.write

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "write", full)
    stage.step()
    assert stage.patcher.degraded == "cannot write mutations/: No space left on device"
    monkeypatch.setattr(folder, "write", write)
    stage.step(AGAIN_S)
    assert stage.patcher.degraded == "" and stage.files == ["trait_forager_v1.py"]


def test_it_looks_only_when_there_is_reason(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Called in every round of a loop, it reads the folder when it changed or when it waits."""
    stage.drop("mine.py", b"\xff")
    stage.find()
    looks = []
    look = stage.patcher._folder.look
    monkeypatch.setattr(stage.patcher._folder, "look", lambda: looks.append(1) or look())
    for _ in range(50):
        stage.step(0.05, changed=False)
    assert not looks

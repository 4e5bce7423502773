"""The archive: one elite for each behaviour, bounded, and the same after a way to disk."""

import random
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.codec import pack
from tests.zones.agents.authors.genetic.landscape import PaperLab, flat
from zones.agents.authors.genetic.archive import PLACES_MAX, SEEN_MAX, WRITTEN_MAX, Archive
from zones.agents.authors.genetic.archive_file import BYTES_MAX, load, save
from zones.agents.authors.genetic.grammar import Tree, grow_trait
from zones.agents.authors.genetic.trees import canonical
from zones.agents.thoughts import Outcome

DULL = Outcome(True, effects={}, calls=10, fuel_per_call=1.0)
EAT: Tree = (
    "trait", ("num.length", 0.0), ("num.length", 0.0), ("do", ("eat", ("num.energy", 5.0))),
)  # fmt: skip
EAT_MORE: Tree = (*EAT[:3], ("do", ("eat", ("num.energy", 9.0))))
STOP: Tree = (*EAT[:3], ("do", ("stop",)))


def filled(many: int) -> Archive:
    """Return an archive of many random traits."""
    archive, chance, lab = Archive(), random.Random(1), PaperLab(flat)
    for number in range(many):
        tree = canonical(grow_trait(chance, {}))
        if tree is not None:
            outcome = lab.try_sources([str(tree)], 100, 3)[0]
            archive.add(chance.choice(("fed", "fewer")), tree, outcome, chance.uniform(0.1, 9.0))
            archive.remember(f"{number:064x}", tree)
    return archive


def test_each_behaviour_has_one_place() -> None:
    """Of two traits that do the same the better one stays; one that does other things stays too."""
    archive = Archive()
    assert archive.add("fed", EAT, DULL, 2.0)
    assert not archive.add("fed", EAT_MORE, DULL, 1.0)
    assert archive.add("fed", STOP, DULL, 0.5)
    assert {each.tree for each in archive.elites.values()} == {EAT, STOP}
    assert archive.add("fed", EAT_MORE, DULL, 3.0)
    assert {each.tree for each in archive.elites.values()} == {EAT_MORE, STOP}


@pytest.mark.parametrize("score", [0.0, -1.0, float("-inf"), float("nan")])
def test_what_helps_nobody_gets_no_place(score: float) -> None:
    """A trait that is no better than nothing wins no place, nor does a refused one."""
    archive = Archive()
    assert not archive.add("fed", EAT, DULL, score)
    assert not archive.add("fed", EAT, Outcome(False), 5.0)
    assert archive.elites == {}


def test_draws_only_from_its_theme() -> None:
    """A mission begins from elites of its own theme; without any there is nothing to draw."""
    archive = Archive()
    archive.add("fed", EAT, DULL, 2.0)
    chance = random.Random(1)
    assert archive.draw("fed", chance) == EAT
    assert archive.draw("fewer", chance) is None


@pytest.mark.slow
def test_archive_is_bounded() -> None:
    """However much is found, places, sources and hashes stay within their limits."""
    archive = filled(1500)
    assert len(archive.elites) <= PLACES_MAX
    assert len(archive.written) <= WRITTEN_MAX
    assert len(archive.seen) <= SEEN_MAX
    assert len(pack(archive.fields(), BYTES_MAX)) < BYTES_MAX


def test_comes_back_from_disk(tmp_path: Path) -> None:
    """What was saved is loaded again, to the last place and in its order."""
    archive, path = filled(200), tmp_path / "archive.msgpack"
    save(archive, path)
    back, why = load(path)
    assert why == ""
    assert back.fields() == archive.fields()
    assert list(tmp_path.iterdir()) == [path]


def test_missing_file_is_a_fresh_archive(tmp_path: Path) -> None:
    """Without a file the author begins afresh, and nobody need be told."""
    back, why = load(tmp_path / "archive.msgpack")
    assert (back.elites, why) == ({}, "")


def damaged(fields: dict[str, Any]) -> list[bytes]:
    whole = pack(fields, BYTES_MAX)
    tree = fields["elites"][0]
    return [
        b"",
        b"\xff" * 50,
        whole[: len(whole) // 2],
        pack({**fields, "version": 99}, BYTES_MAX),
        pack({"version": 1}),
        pack({**fields, "elites": 5}, BYTES_MAX),
        pack({**fields, "elites": [[1, 2]]}, BYTES_MAX),
        pack({**fields, "elites": [[*tree[:5], "much", tree[6]]]}, BYTES_MAX),
        pack({**fields, "elites": [[*tree[:6], ["trait", ["fly"]]]]}, BYTES_MAX),
        pack({**fields, "seen": [["a", 1]] * (SEEN_MAX + 1)}, BYTES_MAX),
    ]


def test_damaged_file_is_told_and_left_behind(tmp_path: Path) -> None:
    """A file that cannot be read is no archive and no crash: why is told, the author goes on."""
    path = tmp_path / "archive.msgpack"
    for data in damaged(filled(20).fields()):
        path.write_bytes(data)
        back, why = load(path)
        assert back.elites == {}
        assert "begins afresh" in why

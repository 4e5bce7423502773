"""When a snapshot is due and which are kept, against the sentences that promise it."""

from hypothesis import given
from hypothesis import strategies as st

from zones.chronos.retention import decide_sweep, is_snapshot_due
from zones.runtime.retry import Retry
from zones.runtime.snapshot_file import SnapshotName

NAMES = st.lists(
    st.tuples(st.integers(0, 50), st.sampled_from(["aaaaaaaa", "bbbbbbbb", "cccccccc"])),
    unique=True,
    max_size=12,
).map(lambda pairs: sorted((SnapshotName("stable", *pair) for pair in pairs), reverse=True))


@given(NAMES, st.data(), st.integers(1, 4))
def test_sweep_never_deletes_the_last_good_ones(
    names: list[SnapshotName], data: st.DataObject, keep: int
) -> None:
    """Of the living arena the newest `keep` good snapshots stay, and what stays is bounded."""
    bad = data.draw(st.sets(st.sampled_from(names))) if names else set()
    asked: list[SnapshotName] = []

    def is_good(name: SnapshotName) -> bool:
        asked.append(name)
        return name not in bad

    sweep = decide_sweep(names, "aaaaaaaa", keep, is_good)
    kept = [name for name in names if name not in sweep.delete]
    own_good = [name for name in names if name.arena == "aaaaaaaa" and name not in bad]
    assert set(own_good[:keep]) <= set(kept)
    assert len(sweep.delete) == len(set(sweep.delete))
    assert len(asked) == len(set(asked))
    good = [name for name in names if name not in bad]
    good_kept = [name for name in kept if name not in bad]
    assert len(good_kept) >= min(len(good), keep)
    assert len(good_kept) < 2 * keep
    if len(own_good) >= keep:
        assert good_kept == own_good[:keep]
    for name in sweep.delete:
        same = [n for n in good if (n.arena == "aaaaaaaa") == (name.arena == "aaaaaaaa")]
        newer = [n for n in same if n.tick > name.tick or n > name]
        assert len(newer) >= keep or len(own_good) >= keep


def test_world_founded_anew_does_not_lose_to_the_old_one() -> None:
    """Snapshots of a new arena stay although those of the old one have higher ticks."""
    old = [SnapshotName("stable", tick, "bbbbbbbb") for tick in (9000, 8700, 8400)]
    new = [SnapshotName("stable", tick, "aaaaaaaa") for tick in (600, 300)]
    assert decide_sweep([*old, *new], "aaaaaaaa", 3, lambda name: True).delete == ()
    third = SnapshotName("stable", 900, "aaaaaaaa")
    sweep = decide_sweep([*old, third, *new], "aaaaaaaa", 3, lambda name: True)
    assert sweep.delete == tuple(old)


def test_damaged_ones_do_not_count() -> None:
    """A damaged snapshot neither counts as kept nor pushes a good one out."""
    names = [SnapshotName("stable", tick, "aaaaaaaa") for tick in (5, 4, 3, 2, 1)]
    sweep = decide_sweep(names, "aaaaaaaa", 3, lambda name: name.tick != 5)
    assert [name.tick for name in sweep.delete] == [1]
    assert [name.tick for name in sweep.good] == [4, 3, 2]


@given(st.integers(0, 2**62), st.integers(0, 2**62), st.integers(1, 10**7))
def test_due_at_the_first_boundary_after_the_interval(tick: int, last: int, interval: int) -> None:
    """A snapshot is due once `interval` ticks have gone by since the last, not before."""
    assert is_snapshot_due(tick, last, interval, Retry(), 5.0) is (tick >= last + interval)
    assert not is_snapshot_due(last + interval, last, interval, Retry(1, 5.1, "why"), 5.0)
    assert is_snapshot_due(last + interval, last, interval, Retry(1, 5.0, "why"), 5.0)


def test_an_arena_without_any_gets_one_at_once() -> None:
    """Recorded inputs lead nowhere without a snapshot to begin from."""
    assert is_snapshot_due(1, None, 300, Retry(), 5.0)
    assert not is_snapshot_due(1, None, 300, Retry(1, 5.1, "why"), 5.0)

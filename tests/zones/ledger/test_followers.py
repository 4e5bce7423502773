"""What is kept in memory for followers is the newest, and bounded."""

from zones.ledger.followers import Recent


def test_the_newest_are_kept_within_their_bytes() -> None:
    """The oldest go, whole batches at a time; what is left is read by its position."""
    recent = Recent(1000)
    for number in range(3000):
        recent.add(2 * number + 1, [b"%d" % number * 2, b"x" * 96], 100)
        assert recent.newest == 2 * number + 2
        assert recent.newest - recent.first < 20
    assert [position for position, _ in recent.read(recent.first)] == [*range(5981, 6001)]
    assert len(recent._batches) < 2100  # what was forgotten does not stay in the list


def test_a_hole_in_the_positions_forgets_what_was_before() -> None:
    """Behind positions that were given up nothing before can be asked for from memory."""
    recent = Recent(1000)
    recent.add(1, [b"one"], 3)
    recent.add(10, [b"ten"], 3)
    assert (recent.first, recent.newest) == (10, 10)

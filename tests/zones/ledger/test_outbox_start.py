"""Where reading an outbox goes on after any restart."""

import pytest

from zones.ledger.outbox_reader import Place
from zones.ledger.outbox_start import decide_start

RING = 1024
NOWHERE = Place(0, 0)


@pytest.mark.parametrize(
    ("stored", "acknowledged", "committed", "first", "place", "lost"),
    [
        # the log goes on, whatever the side mapping says
        (Place(7, 500), NOWHERE, Place(9, 600), 0, Place(7, 500), None),
        (Place(7, 500), Place(3, 100), Place(9, 600), 0, Place(7, 500), None),
        (Place(9, 600), Place(9, 600), Place(9, 600), None, Place(9, 600), None),
        # a ring that was overwritten, or another one
        (Place(7, 500), NOWHERE, Place(99, 5000), None, Place(99, 5000), 7),
        (Place(7, 500), NOWHERE, Place(3, 100), 0, Place(3, 100), 7),
        # nothing stored: a new world, a restored one, one whose ledger was deleted
        (None, NOWHERE, Place(0, 0), None, Place(0, 0), None),
        (None, NOWHERE, Place(41, 0), None, Place(41, 0), None),
        (None, NOWHERE, Place(45, 300), 41, Place(41, 0), None),
        (None, Place(44, 200), Place(45, 300), 41, Place(41, 0), None),
        (None, Place(90, 4900), Place(99, 5000), None, Place(90, 4900), None),
        # nothing stored, and the ring has gone round
        (None, NOWHERE, Place(99, 5000), 3, Place(99, 5000), 0),
        (None, Place(200, 9000), Place(99, 5000), None, Place(99, 5000), 0),
        (None, NOWHERE, Place(45, 300), None, Place(45, 300), 0),
        (None, NOWHERE, Place(45, 300), 46, Place(45, 300), 0),
    ],
)
def test_start(
    stored: Place | None,
    acknowledged: Place,
    committed: Place,
    first: int | None,
    place: Place,
    lost: int | None,
) -> None:
    """Reading goes on where storing ended; where that is unknown, the gap is told of."""
    start = decide_start(stored, acknowledged, committed, RING, first)
    assert start.place == place
    if lost is None:
        assert start.gap is None
    else:
        assert start.gap is not None
        assert start.gap["first"] == lost
        assert start.gap["last"] == max(lost, committed.sequence - 1)

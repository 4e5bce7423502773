"""The ring of what the kernel remembers: the newest, within both limits."""

from hypothesis import given
from hypothesis import strategies as st

from Kernel.core.event_ring import LogLine, Ring


@given(st.lists(st.integers(0, 400), max_size=60), st.integers(1, 20), st.integers(1, 1000))
def test_a_ring_keeps_the_newest(sizes, count_max, bytes_max):
    """Against a list: a suffix of what was added, within both limits unless it is one alone."""
    ring = Ring(count_max, bytes_max)
    for position, size in enumerate(sizes, start=1):
        ring.add(LogLine(position, 0.0, "a", "stderr", "info", ""), size)
    kept = [line.position for line in ring.read(0)]
    assert kept == list(range(ring.oldest, len(sizes) + 1))
    assert len(kept) <= count_max
    assert sum(sizes[place - 1] for place in kept) <= bytes_max or len(kept) == 1

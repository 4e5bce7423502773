"""The walk up to the parents: who is found, who is not, who cannot be told."""

import pytest

from Kernel.contract.kin import GENERATIONS_MAX, descends

PARENTS = {10: 1, 20: 10, 30: 20, 40: 1}


def stat_of(pid: int) -> bytes:
    """Return what /proc would say; the name of the program tries to look like more of it."""
    if pid not in PARENTS:
        raise FileNotFoundError(pid)
    return f"{pid} (a ) S 7 b) S {PARENTS[pid]} 0 0".encode()


@pytest.mark.parametrize(
    ("pid", "found"), [(30, True), (20, True), (10, False), (40, False), (1, None), (99, None)]
)
def test_descendants_of_a_process(pid: int, found: bool | None) -> None:
    """Children and theirs are, itself and its elders are not, of the gone nobody knows."""
    assert descends(pid, 10, stat_of) is found


def test_nonsense_cannot_be_told() -> None:
    """A line that is none is as good as no line."""
    assert descends(30, 10, lambda _pid: b"30") is None
    assert descends(30, 10, lambda _pid: b"30 (x) S y") is None


def test_a_chain_without_end_is_a_yes() -> None:
    """The walk ends, and who makes such a chain is not trusted."""
    asked: list[int] = []

    def stat(pid: int) -> bytes:
        asked.append(pid)
        return f"{pid} (x) S {pid + 1} 0".encode()

    assert descends(100, 10, stat) is True and len(asked) == GENERATIONS_MAX

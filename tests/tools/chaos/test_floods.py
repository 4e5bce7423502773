"""A flood sees what it must, or says what it has not seen; a child is heard."""

import socket
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.support.wait import wait_until
from tools.chaos import pestering
from tools.chaos.child import Child
from tools.chaos.load_faults import load_faults
from tools.chaos.peer import Peer
from tools.chaos.pestering import REFUSED, TAKEN
from tools.chaos.target import NotInTime


def test_a_flood_lasts_until_it_has_seen_both() -> None:
    """Nobody may have been there to answer: it waits a while longer, and no longer."""
    both, one = Counter({TAKEN: 1, REFUSED: 1}), Counter({TAKEN: 1})
    assert not pestering.is_over(both, 10.0, 9.0) and pestering.is_over(both, 10.0, 10.1)
    assert not pestering.is_over(one, 10.0, 10.1)
    assert pestering.is_over(one, 10.0, 10.1 + pestering.GRACE_S)


def test_answers_are_counted_by_what_they_say() -> None:
    """Who may come again was not refused for good."""
    counts: Counter[str] = Counter()
    take = pestering.count_answers(counts)
    for line in (b'{"ok": true}', b'{"ok": false}', b'{"ok": false, "again": true}'):
        take(line)
    assert counts == {TAKEN: 1, REFUSED: 1, "again": 1}


def test_a_peer_never_waits(tmp_path: Path) -> None:
    """It hands in what goes, takes lines as they come, and sees that it was hung up on."""
    lines: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "door"))
        door.listen(1)
        with Peer(tmp_path / "door", lines.append) as peer:
            other, _ = door.accept()
            with other:
                peer.say(b"x" * (1 << 22))
                peer.turn()
                assert peer.said, "more than a socket takes"
                other.sendall(b"one\ntwo\nthr")
                peer.turn()
                assert lines == [b"one", b"two"] and not peer.is_gone
            peer.turn()
            assert peer.is_gone


def test_nobody_listens(tmp_path: Path) -> None:
    """Then it is gone from the start."""
    with Peer(tmp_path / "door", print) as peer:
        assert peer.is_gone


@pytest.mark.slow
def test_a_child_is_heard(tmp_path: Path) -> None:
    """One that saw all is content; one that did not says what, and one that goes on is ended."""
    good = Child("tools.chaos.burden", "sync", str(tmp_path), "1", "5")
    wait_until("its end", good.is_content)
    bad = Child("tools.chaos.burden", "nosuch")
    with pytest.raises(NotInTime, match="nosuch"):
        wait_until("its end", bad.is_content)
    long = Child("tools.chaos.burden", "spin", "60")
    began_s = time.monotonic()
    assert not long.is_content()
    for each in (good, bad, long):
        each.end()
    assert time.monotonic() - began_s < 60
    assert not list(tmp_path.iterdir())


def test_lines_of_a_flood_are_mostly_good() -> None:
    """What is good is an event; the same seed says the same."""
    first, again = ([pestering._line(Random(7)) for _ in range(3)] for _ in range(2))
    assert first == again
    chance = Random(1)
    good = sum(b"chaos.flood" in pestering._line(chance) for _ in range(1000))
    assert 800 < good < 1000


def test_each_fault_of_the_machine_has_a_name_of_its_own() -> None:
    """The report counts by them."""
    names = [each.name for each in load_faults()]
    assert len(set(names)) == len(names)

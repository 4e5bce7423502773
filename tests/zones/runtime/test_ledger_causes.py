"""Causes are walked to the root and effects to their ends, whatever senders wrote into them."""

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from Kernel.contract.envelope import Envelope, id_text
from Kernel.contract.errors import Refused
from tests.zones.ledger.paper_ledger import event_id, make
from tests.zones.ledger.real_ledger import index, search, store
from zones.runtime import ledger_causes
from zones.runtime.ledger_causes import find_event, tell_story

CHAIN = [
    make(1, "command.taken"),
    make(2, "telemetry"),
    make(3, "drill.begun", cause=1),
    make(4, "zone.died", cause=3),
    make(5, "zone.taken_over", cause=4),
    make(6, "drill.ended", cause=3),
    make(7, "zone.ready", cause=b"\x33" * 16),
    make(8, "mutation.ready", payload={"mutation_id": "M-0143", "trait_name": "forage"}),
    make(9, "mutation.failed", cause=8, payload={"mutation_id": "M-0143", "error": "slow"}),
    make(10, "feed", payload={"mutation_id": "M-0143"}),
]


@pytest.fixture(params=["indexed", "half", "plain"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A ledger whose index has all, half or nothing of it."""
    store(tmp_path, CHAIN[:5])
    if request.param == "half":
        index(tmp_path)
    store(tmp_path, CHAIN[5:])
    if request.param == "indexed":
        index(tmp_path)
    return tmp_path


def test_the_beginning_of_a_mutation(tmp_path: Path) -> None:
    """Six characters name one where no other begins so; it is the newest event about it."""
    ids = ("mut_0123456789ab", "mut_01ffffffffff", "mut_0123456789ab")
    store(
        tmp_path,
        [
            make(number, "mutation.applied", payload={"mutation_id": each})
            for number, each in enumerate(ids, 1)
        ],
    )
    assert find_event(search(tmp_path, False), "mut_012").position == 3
    for word, why in (("mut_01", "cannot tell"), ("mut_0", "cannot find"), ("mut_9999", "cannot")):
        with pytest.raises(Refused, match=why):
            find_event(search(tmp_path, False), word)


def test_a_version_by_its_name(tmp_path: Path) -> None:
    """As it is told of in tables: the newest event about that version of that trait."""
    told = [("Forager", 1), ("Forager", 2), ("Forager", 1), ("Other", 1)]
    events = [
        make(number, "mutation.applied", payload={"trait_name": name, "version": version})
        for number, (name, version) in enumerate(told, 1)
    ]
    store(tmp_path, events)
    assert find_event(search(tmp_path, False), "Forager_v1").position == 3
    with pytest.raises(Refused):
        find_event(search(tmp_path, False), "Forager_v3")


def test_back_to_the_root(folder: Path) -> None:
    """The event, its cause, the cause of that; complete when it ends where no cause was named."""
    found = search(folder)
    story = tell_story(found, find_event(found, "5"))
    assert [event.position for event in story.chain] == [5, 4, 3, 1]
    assert not (story.missing or story.circle or story.cut or story.effects)


def test_forward(folder: Path) -> None:
    """What came of an event, each below its cause, with how deep it is."""
    found = search(folder)
    story = tell_story(found, find_event(found, "#1"), effects=True)
    assert [(effect.event.position, effect.depth) for effect in story.effects] == [
        (3, 1), (4, 2), (5, 3), (6, 2),
    ]  # fmt: skip
    assert story.effects[1].of == id_text(event_id(3))
    assert tell_story(found, find_event(found, "2"), effects=True).effects == ()


def test_a_missing_cause_is_named(folder: Path) -> None:
    """A cause that is not in the ledger ends the chain and is said."""
    found = search(folder)
    assert tell_story(found, find_event(found, "7")).missing == id_text(b"\x33" * 16)


@pytest.mark.parametrize(
    ("word", "position"),
    [
        ("4", 4),
        (" #4 ", 4),
        (id_text(event_id(4)), 4),
        (event_id(4).hex().upper(), 4),
        (event_id(9).hex()[:9], 9),
        ("M-0143", 9),
        ("forage", 8),
    ],
)
def test_what_a_word_means(folder: Path, word: str, position: int) -> None:
    """A position, an id, its beginning, or the newest event about a mutation or trait."""
    assert find_event(search(folder), word).position == position


@pytest.mark.parametrize("word", ["", "99", "#99", "zzzz", "ffffffff", "9" * 40, "\x00", "*"])
def test_a_word_that_means_nothing(folder: Path, word: str) -> None:
    """It is refused with what would be understood."""
    with pytest.raises(Refused, match="cannot find"):
        find_event(search(folder), word)


def test_a_beginning_of_several_ids(tmp_path: Path) -> None:
    """It is refused, and the ids are named; a whole id is always its own event."""
    twins = [make(n, id=b"\xab\xcd" + bytes(13) + bytes([n])) for n in range(1, 4)]
    store(tmp_path, twins)
    with pytest.raises(Refused, match="'abcd' is: #1, #2, #3"):
        find_event(search(tmp_path), "abcd")
    assert find_event(search(tmp_path), twins[1].id.hex()).position == 2


@pytest.mark.parametrize("indexed", [True, False])
def test_an_id_used_twice(tmp_path: Path, indexed: bool) -> None:
    """A word means the first; a sender that repeats an id breaks nothing."""
    store(
        tmp_path, [make(1), make(2), make(2, "forged"), make(4, cause=2), make(5, cause=6), make(6)]
    )
    if indexed:
        index(tmp_path)
    found = search(tmp_path)
    assert find_event(found, id_text(event_id(2))).kind == "telemetry"
    assert tell_story(found, find_event(found, "4")).chain[1].position in {2, 3}
    late = tell_story(found, find_event(found, "5"))
    assert [event.position for event in late.chain] == [5, 6], "a cause may be stored later"


@pytest.mark.parametrize("causes", [{1: 1}, {1: 2, 2: 1}, {1: 2, 2: 3, 3: 2}])
def test_circles_end(tmp_path: Path, causes: dict[int, int]) -> None:
    """Events that cause each other are told once, and the circle is said."""
    store(tmp_path, [make(n, cause=causes[n]) for n in causes])
    found = search(tmp_path)
    story = tell_story(found, find_event(found, "1"), effects=True)
    assert story.circle
    assert len(story.chain) == len(causes)
    assert len(story.effects) < len(causes)


def test_limits_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain or a crowd without end is cut, and that is said."""
    monkeypatch.setattr(ledger_causes, "CAUSES_MAX", 5)
    monkeypatch.setattr(ledger_causes, "EFFECTS_MAX", 5)
    store(tmp_path, [make(n, cause=n - 1 if n > 1 else b"") for n in range(1, 21)])
    found = search(tmp_path)
    assert tell_story(found, find_event(found, "20")).cut
    story = tell_story(found, find_event(found, "1"), effects=True)
    assert story.effects_cut
    assert len(story.effects) == 5


LINKS = st.lists(st.integers(0, 12), min_size=1, max_size=12)


@given(LINKS, st.booleans())
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_causes(
    tmp_path_factory: pytest.TempPathFactory, links: list[int], indexed: bool
) -> None:
    """Random links, forwards, backwards and into nothing: each walk ends and tells only links."""
    folder = tmp_path_factory.mktemp("ledger")
    events: list[Envelope] = [make(n, cause=to or b"") for n, to in enumerate(links, 1)]
    store(folder, events)
    if indexed:
        index(folder)
    found = search(folder)
    for number in range(1, len(links) + 1):
        story = tell_story(found, find_event(found, f"#{number}"), effects=True)
        walked = [event.position for event in story.chain]
        assert all(links[a - 1] == b for a, b in itertools.pairwise(walked))
        assert bool(story.missing) == (links[walked[-1] - 1] > len(links))
        assert bool(story.circle) == (links[walked[-1] - 1] in walked)
        reached = {number}
        while more := {n for n, to in enumerate(links, 1) if to in reached} - reached:
            reached |= more
        assert {effect.event.position for effect in story.effects} == reached - {number}

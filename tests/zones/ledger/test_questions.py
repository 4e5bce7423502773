"""The questions of SPEC 6 have the answers that a reader of the log would give."""

from pathlib import Path

import pytest

from Kernel.contract.envelope import Envelope, Role
from tests.zones.ledger.paper_ledger import START_NS, make
from tests.zones.ledger.real_ledger import derive, index, no_news, search, store
from tests.zones.ledger.society import SOCIETY, failed, ready
from zones.ledger import questions
from zones.ledger.relations import RELATIONS, Relations
from zones.runtime.ledger_search import Query

SECOND_NS = 1_000_000_000


@pytest.fixture(params=[True, False], ids=["derived", "plain"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The society's ledger, with derived tables and without."""
    store(tmp_path, SOCIETY)
    if request.param:
        index(tmp_path)
        table = Relations(tmp_path, no_news)
        derive(tmp_path, table)
        table.close()
    return tmp_path


@pytest.mark.parametrize(
    ("agent", "span", "positions"),
    [
        ("coder-1", Query(), [7]),
        ("architect-1", Query(), [2]),
        ("architect", Query(), [2]),
        ("*-1", Query(), [2, 7]),
        ("*-1", Query(time_from_ns=START_NS + 3 * SECOND_NS), [7]),
        ("*-1", Query(time_to_ns=START_NS + 3 * SECOND_NS), [2]),
        ("*-1", Query(tick_from=3, tick_to=6), []),
        ("nobody", Query(), []),
    ],
)
def test_decisions(folder: Path, agent: str, span: Query, positions: list[int]) -> None:
    """Every decision of one agent, of a pattern, of a role, in a span of time or ticks."""
    found = questions.decisions(search(folder), agent, span)
    assert [event.position for event in found] == positions


@pytest.mark.parametrize(
    ("one", "other", "subject", "positions"),
    [
        ("architect-1", "coder-1", "", [3, 4, 6]),
        ("coder-1", "architect-1", "FOOD DENSITY", [3, 4]),
        ("coder-1", "coder-2", "food", [5]),
        ("coder-2", "architect-1", "", []),
        ("architect-1", "coder-1", "money", []),
    ],
)
def test_conversations(
    folder: Path, one: str, other: str, subject: str, positions: list[int]
) -> None:
    """Both ways between the two, and about the subject."""
    found = questions.conversations(search(folder), one, other, subject, Query())
    assert [event.position for event in found] == positions
    late = Query(time_from_ns=START_NS + 6 * SECOND_NS)
    found = questions.conversations(search(folder), one, other, subject, late)
    assert [event.position for event in found] == [each for each in positions if each >= 6]


@pytest.mark.parametrize(
    ("persona", "wanted"),
    [
        (
            "coder-1",
            [("mutations/forage.py", 12, "named"), ("mutations/forage.py", 14, "caused"),
             ("config/world.yaml", 14, "named")],
        ),
        ("coder-2", [("notes.md", 15, "named")]),
        ("patcher", []),
        ("architect", []),
    ],
)  # fmt: skip
def test_files_that_led_to_a_rollback(
    folder: Path, persona: str, wanted: list[tuple[str, int, str]]
) -> None:
    """By what the rollback names, and by its recorded causes; not the undoing itself."""
    found = questions.undone_files(search(folder), folder, persona)
    assert [(each.modified.target, each.rolled_back.position, each.how) for each in found] == wanted


def test_a_role_is_a_persona(folder: Path) -> None:
    """All coders together have what each of them has."""
    found = questions.undone_files(search(folder), folder, "coder")
    assert {each.modified.source for each in found} == {"coder-1", "coder-2"}
    assert found[0].fields()["modified"]["position"] == 8


@pytest.mark.parametrize("taken", [0, 3, 4])
def test_who_proposed_a_mutation_has_modified_its_file(tmp_path: Path, taken: int) -> None:
    """The kernel tells that a file is written; it was made by the last who proposed it before."""

    def proposed(number: int, agent: str, role: Role) -> Envelope:
        payload = {"mutation_id": "M-1", "trait_name": "forage", "author": "genetic"}
        return make(
            number, "mutation.proposed", zone="sandbox", agent=agent, role=role, payload=payload
        )

    file = "mutations/trait_forage_v1.py"
    events = [
        proposed(1, "patcher-1", Role.PATCHER),
        proposed(2, "coder-1", Role.CODER),
        ready(3, "", "M-1", file, role=Role.UNSPECIFIED, zone="kernel"),
        ready(4, "", "M-2", "by-hand.py", role=Role.UNSPECIFIED, zone="kernel"),
        proposed(5, "patcher-1", Role.PATCHER),
        failed(6, "M-1", "none", cause=3),
    ]
    if taken:
        store(tmp_path, events[:taken])
        table = Relations(tmp_path, no_news)
        derive(tmp_path, table)
        table.close()
    store(tmp_path, events[taken:])
    for persona in ("coder", "coder-1", "c*"):
        (found,) = questions.undone_files(search(tmp_path), tmp_path, persona)
        assert (found.modified.target, found.fields()["agent"]) == (file, "coder-1")
        assert found.fields()["modified"]["role"] == "coder"
    for persona in ("kernel", "patcher"):
        assert questions.undone_files(search(tmp_path), tmp_path, persona) == []
    made = questions.relations(search(tmp_path), tmp_path, "coder-1", RELATIONS, Query())
    assert [(each.position, each.target) for each in made] == [(3, file)]
    others = questions.relations(search(tmp_path), tmp_path, "kernel", ("modified",), Query())
    assert [each.target for each in others] == ["by-hand.py"]


def test_history(folder: Path) -> None:
    """All events that name a mutation, a plan, a trait or a mission."""

    def told(name: str) -> list[int]:
        return [event.position for event in questions.history(search(folder), name)]

    assert told("M-0143") == [8, 10, 12]
    assert told("P-1") == [8]
    assert told("forage") == [8, 10]
    assert told("feed the hungry") == [1, 2, 7]
    assert told("nothing") == []


def test_relations(folder: Path) -> None:
    """Of one thing, of some names, in a span."""
    found = questions.relations(search(folder), folder, "coder-2", RELATIONS, Query())
    assert [(each.position, each.name) for each in found] == [(5, "talked_to"), (11, "modified")]

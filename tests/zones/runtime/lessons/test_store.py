"""Lessons are found by words and meaning, with how they ended, from the file or the log itself."""

import random
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from Kernel.contract.envelope import Envelope, id_text
from Kernel.contract.errors import Refused
from Kernel.contract.kinds import Story
from tests.zones.ledger.lesson_book import FORAGE, FUEL, SPAWN, fill, lesson, store
from tests.zones.ledger.paper_ledger import PaperLedger, event_id, make
from zones.runtime.lessons import rows as lesson_rows
from zones.runtime.lessons.lesson import TEXT_CHARS_MAX, lesson_id, read_lesson
from zones.runtime.lessons.rows import FILE
from zones.runtime.lessons.tried import tried_fields

LATER = Story(zone="sandbox", time_ns=1_800_000_000_000_000_000, agent="historian-1")


def three() -> PaperLedger:
    return PaperLedger([make(1), lesson(2, FORAGE), lesson(3, SPAWN), make(4), lesson(5, FUEL)])


def ids(texts: list[tuple[str, str, str]]) -> list[str]:
    return [lesson_id(*each) for each in texts]


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    fill(tmp_path, three()).close()
    return tmp_path


class TestSearch:
    def test_nearest_comes_first(self, filled: Path) -> None:
        """The lesson that shares most with a question leads, with how it ended."""
        tried = store(filled, None).tried_before("have we lowered the resource spawn rate?")
        assert tried.matches[0].lesson.result.startswith("rolled back")
        assert tried.matches[0].found_by == ("words", "meaning")
        assert tried.is_known and tried.lessons == 3

    def test_every_word_of_it(self, filled: Path) -> None:
        """A lesson that has all words of a short question speaks of the same thing."""
        tried = store(filled, None).tried_before("starvation")
        assert tried.is_known and all(match.near for match in tried.matches)
        assert not store(filled, None).tried_before("starvation of quaternions").is_known

    def test_nothing_alike(self, filled: Path) -> None:
        """A question about something else finds nothing."""
        tried = store(filled, None).tried_before("quaternion zeppelin")
        assert tried.matches == () and not tried.is_known

    @given(st.permutations(range(8)))
    @settings(max_examples=20, deadline=None)
    def test_order_of_insertion_does_not_matter(self, order: list[int]) -> None:
        """The same lessons learned in another order give the same answer."""
        texts = [FORAGE, SPAWN, FUEL] + [
            (f"Starvation of {name}", "add food", "kept") for name in ("ants", "bees", "ants two")
        ]
        texts += [("Food is short", "add food", "kept"), ("Food is short", "add food", "failed")]
        answers = []
        for way in (list(range(8)), order):
            log = PaperLedger([lesson(n, texts[index]) for n, index in enumerate(way, start=1)])
            tried = store(Path("nowhere"), log).tried_before("starvation: add food fuel", 8)
            answers.append(
                [(each.lesson.lesson_id, each.score, each.similarity) for each in tried.matches]
            )
        assert answers[0] == answers[1] and len(answers[0]) == 8

    @given(st.text(max_size=60))
    @settings(max_examples=60, deadline=None)
    @example('"trait* OR NEAR(a b) AND {x}: ^')
    @example("\0spawn\0rate")
    @example("\ud800")
    @example("")
    @example("x" * 1_000_000)
    @example("rate " * 200_000)
    def test_hostile_question(self, hostile_book: Path, question: str) -> None:
        """No question raises, whatever stands in it."""
        store(hostile_book, None).tried_before(question)

    def test_same_lesson_again_counts_up(self, tmp_path: Path) -> None:
        """A lesson learned three times is one, with the last event that taught it."""
        fill(tmp_path, PaperLedger([lesson(n, FORAGE) for n in (1, 2, 3)])).close()
        [match] = store(tmp_path, None).newest().matches
        assert (match.lesson.times, match.lesson.position) == (3, 3)
        assert len(store(tmp_path, None).tried_before("nearest food").matches) == 1

    def test_limit_is_kept(self, filled: Path) -> None:
        """No more than asked for, none for zero or less."""
        reader = store(filled, None)
        assert len(reader.tried_before("starvation spawn rate", 1).matches) == 1
        assert reader.tried_before("starvation spawn rate", 0).matches == ()
        assert reader.tried_before("starvation spawn rate", -3).matches == ()


@pytest.fixture(scope="module")
def hostile_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ledger")
    fill(folder, three()).close()
    return folder


class TestHowItEnded:
    def test_outcomes_of_the_mutations(self, tmp_path: Path) -> None:
        """A lesson names its events, and what became of the mutations among them."""
        log = PaperLedger(
            [
                make(1, "evolution.plan", payload={"plan_id": "p1", "trigger_id": "t1"}),
                make(2, "mutation.ready", payload={"mutation_id": "m1", "plan_id": "p1"}),
                make(
                    3,
                    "mutation.applied",
                    payload={"mutation_id": "m1", "trait_name": "forage", "version": 2},
                ),
                make(
                    4,
                    "mutation.failed",
                    payload={
                        "mutation_id": "m1",
                        "error": "births fell",
                        "stage": "guard",
                        "rollback_to": "forage v1",
                    },
                ),
                make(5, "mutation.applied", payload={"mutation_id": "m2"}),
                lesson(6, SPAWN, from_positions=[1]),
                lesson(7, FORAGE, from_positions=[3, 99]),
            ]
        )
        fill(tmp_path, log).close()
        newest, older = store(tmp_path, log).newest().matches
        assert [each.position for each in older.outcomes] == [2, 3, 4]
        assert [each.position for each in newest.outcomes] == [2, 3, 4]
        assert older.outcomes[2].told == "guard; births fell; back to forage v1"
        assert older.outcomes[1].told == "forage v2"
        assert [(each.position, each.event_id) for each in newest.origins] == [
            (3, event_id(3)),
            (99, b""),
        ]

    def test_change_that_was_taken_back(self, tmp_path: Path) -> None:
        """What took back an event that a lesson came from is its outcome."""
        log = PaperLedger(
            [
                make(1, "agent.changed_state", payload={"target_resource": "a.py"}),
                make(
                    2,
                    "agent.changed_state",
                    payload={"target_resource": "a.py", "rolls_back": id_text(event_id(1))},
                ),
                lesson(3, FORAGE, from_positions=[1]),
            ]
        )
        fill(tmp_path, log).close()
        [match] = store(tmp_path, log).newest().matches
        assert [(each.position, each.told) for each in match.outcomes] == [(2, "a.py")]

    def test_fields(self, filled: Path) -> None:
        """What programs read: ids that `molt why` takes, the result, the outcomes."""
        said = tried_fields(store(filled, three()).tried_before("nearest food"))
        first = said["lessons"][0]
        assert said["tried"] is True and said["of"] == 3
        assert (first["id"], first["position"]) == (id_text(event_id(2)), 2)
        assert first["result"] == FORAGE[2] and first["outcomes"] == []


class TestFromTheLog:
    def test_same_store_when_made_again(self, tmp_path: Path) -> None:
        """Emptied and filled again from the log, it holds the same."""
        log = three()
        table = fill(tmp_path, log)
        before = dump(tmp_path)
        table.rebuild()
        assert table.upto == 0
        table.close()
        fill(tmp_path, log).close()
        assert dump(tmp_path) == before

    @pytest.mark.parametrize("damage", ["missing", "header", "middle", "empty"])
    def test_damaged_file_is_done_without(self, filled: Path, damage: str) -> None:
        """A tool reads the log instead and says so; nothing is written."""
        hurt(filled / FILE, damage)
        before = (filled / FILE).read_bytes() if damage != "missing" else b""
        reader = store(filled, three())
        assert ids([FUEL, SPAWN, FORAGE]) == [
            match.lesson.lesson_id for match in reader.newest().matches
        ]
        notes = reader.newest().notes
        assert bool(notes) == (damage != "missing"), notes
        assert ((filled / FILE).read_bytes() if damage != "missing" else b"") == before

    @pytest.mark.parametrize("damage", ["header", "middle"])
    def test_damaged_file_is_made_anew(self, filled: Path, damage: str) -> None:
        """The archive finds the damage when it starts, says so, and fills it from the log."""
        before = dump(filled)
        hurt(filled / FILE, damage)
        told: list[str] = []
        fill(filled, three(), tell=lambda event, **_values: told.append(event)).close()
        assert told == ["archive.derived_rebuilt"] and dump(filled) == before

    def test_without_an_archive(self, tmp_path: Path) -> None:
        """With no file at all the log answers."""
        tried = store(tmp_path, three()).tried_before("nearest food")
        assert tried.matches[0].lesson.result == FORAGE[2] and tried.notes == ()
        assert list(tmp_path.iterdir()) == []

    def test_what_the_file_has_not_taken_yet(self, filled: Path) -> None:
        """A lesson that was just acknowledged is found before the archive has taken it."""
        log = three()
        reader = store(filled, log)
        assert len(reader.newest().matches) == 3
        for texts in (("Wind", "glide", "kept"), ("Rain", "hide", "kept")):
            log.add(make(log.newest + 1))
            log.add(lesson(log.newest + 1, texts))
            assert reader.newest().matches[0].lesson.situation == texts[0]
        assert len(reader.newest().matches) == 5

    @pytest.mark.parametrize("events", [1, 9])
    def test_file_of_another_log(self, filled: Path, events: int) -> None:
        """A file that was made from another log, longer or shorter, is not believed."""
        log = PaperLedger([lesson(100, FUEL), *(make(100 + n) for n in range(1, events))])
        reader = store(filled, log)
        assert [match.lesson.situation for match in reader.newest().matches] == [FUEL[0]]
        assert "another log" in reader.newest().notes[0]

    def test_nothing_at_all(self, tmp_path: Path) -> None:
        """No file and an empty log: no lessons, no fault."""
        reader = store(tmp_path, PaperLedger())
        assert reader.tried_before("food").matches == ()
        assert reader.status()["lessons"] == 0

    @pytest.mark.parametrize(
        "payload",
        [
            b"\xc1",
            {},
            {"lesson_id": 5},
            {"lesson_id": "L", "situation": "s", "action": "a", "result": "r", "feedback": None},
        ],
    )
    def test_lesson_that_is_none(self, tmp_path: Path, payload: Any) -> None:
        """An event that says it is a lesson and is not is counted, and hurts nothing."""
        log = PaperLedger([make(1, "lesson.learned", payload=payload), lesson(2)])
        fill(tmp_path, log).close()
        status = store(tmp_path, log).status()
        assert (status["lessons"], status["unreadable"]) == (1, 1)

    def test_oldest_leave(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Beyond the limit the oldest go, with their words and vectors, and are counted."""
        monkeypatch.setattr(lesson_rows, "LESSONS_MAX", 2)
        fill(tmp_path, three()).close()
        reader = store(tmp_path, None)
        assert [match.lesson.position for match in reader.newest().matches] == [5, 3]
        assert reader.status()["dropped"] == 1
        assert reader.tried_before("nearest food towards").matches == ()


class TestAddLesson:
    def learn(self, **changes: Any) -> Envelope:
        texts = {"situation": "s", "action": "a", "result": "r", "feedback": "", "tags": ["t"]}
        sent: list[Envelope] = []
        store(Path("nowhere"), None).add_lesson(
            sent.append, **(texts | changes), story=LATER, entropy=bytes(10)
        )
        [event] = sent
        return event

    def test_makes_an_event_and_no_row(self) -> None:
        """What is learned is sent, and is the lesson when it is read again."""
        event = self.learn(from_positions=(4, 5))
        found = read_lesson(9, event)
        assert found is not None and found.agent == "historian-1"
        assert (found.situation, found.tags, found.from_positions) == ("s", ("t",), (4, 5))
        assert found.lesson_id == lesson_id("s", "a", "r")

    @pytest.mark.parametrize(
        "changes",
        [
            {"situation": " "},
            {"result": ""},
            {"feedback": "x" * (TEXT_CHARS_MAX + 1)},
            {"tags": ["t"] * 33},
            {"tags": ["t" * 65]},
            {"from_positions": range(257)},
        ],
    )
    def test_refused(self, changes: dict[str, Any]) -> None:
        """A text that is missing or too long is refused before anything is sent."""
        with pytest.raises(Refused, match="cannot learn"):
            self.learn(**changes)


def hurt(path: Path, damage: str) -> None:
    if damage == "missing":
        path.unlink()
        return
    data = bytearray(path.read_bytes())
    if damage == "empty":
        data = bytearray(b"")
    elif damage == "header":
        data[:64] = random.Random(7).randbytes(64)
    else:
        data[4096:] = random.Random(7).randbytes(len(data) - 4096)
    path.write_bytes(data)


def dump(folder: Path) -> list[Any]:
    db = apsw.Connection(str(folder / FILE), flags=apsw.SQLITE_OPEN_READONLY)
    tables = ("meta", "lesson", "vector", "outcome", "tally")
    rows = [list(db.execute(f"SELECT * FROM {table}")) for table in tables]
    rows.append(list(db.execute("SELECT rowid, * FROM lesson_text WHERE lesson_text MATCH 'rate'")))
    db.close()
    return rows

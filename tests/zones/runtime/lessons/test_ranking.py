"""Fusing two orders: deterministic, whatever comes in, in whatever order."""

import apsw
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zones.runtime.lessons.ranking import TERMS_MAX, K, fuse, match_text, rank

SCORES = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from([0.1, 0.2, 0.5]))


@given(SCORES, SCORES, st.randoms(use_true_random=False))
def test_order_of_insertion_does_not_matter(one, two, shuffler) -> None:
    """The same scores in another order of keys give the same list."""
    again = list(one.items())
    shuffler.shuffle(again)
    assert fuse([one, two]) == fuse([dict(again), two])


@given(SCORES, SCORES)
def test_fusion_by_its_formula(one, two) -> None:
    """Each list gives 1 / (60 + rank), equal ranks are in the order of ids."""
    fused = fuse([one, two])
    for name, score in fused:
        wanted = sum(1 / (K + rank(scores)[name]) for scores in (one, two) if name in scores)
        assert score == pytest.approx(wanted)
    assert fused == sorted(fused, key=lambda item: (-item[1], item[0]))
    assert {name for name, _ in fused} == set(one) | set(two)


def test_equal_scores_share_a_rank() -> None:
    """Two equal ones are both first, the next one is third."""
    assert rank({"a": 0.5, "b": 0.9, "c": 0.9}) == {"b": 1, "c": 1, "a": 3}


@pytest.fixture(scope="module")
def words_table() -> apsw.Connection:
    db = apsw.Connection(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5(a, tokenize='porter unicode61')")
    db.execute("INSERT INTO t VALUES ('the trait starved near and not far')")
    return db


@given(st.text(max_size=80))
@settings(max_examples=200)
@example('trait" OR a:* NEAR(')
@example("a AND OR NOT NEAR/2 ^ * - + : ( ) { } \" '")
@example("trait\0starved")
@example("\ud800 _ ² ⅷ \u0301 \U0001f600 ªº")
def test_no_question_is_a_fault_of_syntax(words_table: apsw.Connection, question: str) -> None:
    """FTS5 takes whatever is made of a question."""
    for every in (False, True):
        match = match_text(question, every) or "none"
        list(words_table.execute("SELECT rowid FROM t WHERE t MATCH ?", (match,)))


def test_words_are_found_by_their_stem(words_table: apsw.Connection) -> None:
    """A question in another form of the word finds it; its operators are words."""
    for question in ("starving traits", "NOT trait", 'trait"', "trait\0"):
        found = words_table.execute("SELECT rowid FROM t WHERE t MATCH ?", (match_text(question),))
        assert list(found) == [(1,)]


def test_terms_are_bounded() -> None:
    """A megabyte of different words asks for a few of them."""
    question = " ".join(f"word{number}" for number in range(100_000))
    assert match_text(question).count(" OR ") == TERMS_MAX - 1

"""The comment of a file of mutations/: written for people, taken off without a trace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zones.agents.header import HEADER_BYTES_MAX, header, without_header
from zones.agents.mutation import STATUSES, Mutation

FORAGER = Mutation(
    "mut_0123456789ab", trait="Forager", version=3, code_hash="ab" * 32, author="ollama",
    model="llama3:8b", prompt_hash="cd" * 32, plan="plan_1", status="kept", applied_at_tick=4200,
)  # fmt: skip
SOURCE = b"class Forager(Trait):\n    pass\n"


def test_it_says_where_the_code_comes_from() -> None:
    """Mutation, plan, author, model, prompt, tick, status and hash; a comment to the last line."""
    text = header(FORAGER, "eat what is near").decode()
    assert text.startswith("# molt: Forager_v3, mutation mut_0123456789ab\n")
    for said in (
        "# status: kept", "# applied: at tick 4200", "# author: ollama, llama3:8b",
        "# prompt: " + "cd" * 32, "# plan: plan_1 eat what is near", "# code: sha256 " + "ab" * 32,
    ):  # fmt: skip
        assert f"{said}\n" in text
    assert all(line.startswith("#") for line in text.splitlines())


@pytest.mark.parametrize("status", ["rolled_back", "quarantined"])
def test_it_says_that_nothing_carries_it(status: str) -> None:
    """Of a version that was taken back, with the reason and what carriers went back to."""
    gone = Mutation(
        "mut_1", trait="T", version=2, status=status, reason="it starved them\nall",
        rollback_to="T_v1",
    )  # fmt: skip
    text = header(gone).decode()
    assert f"# status: {status.replace('_', ' ')}: nothing carries it" in text
    assert "went back to T_v1\n# reason: it starved them all\n" in text


TEXTS = st.text(max_size=300)


@given(
    st.binary(max_size=200), TEXTS, TEXTS, TEXTS, st.sampled_from(STATUSES),
    st.sampled_from([b"", SOURCE, header(FORAGER), header(FORAGER)[:-1], b"\xef\xbb\xbf", b"\r\n"]),
)  # fmt: skip
def test_a_source_comes_back_byte_by_byte(
    source: bytes, plan: str, name: str, reason: str, status: str, before: bytes
) -> None:
    """Whatever is in the source and whatever people and models say; in every encoding, too."""
    mutation = Mutation("mut_1", trait=name, version=1, status=status, reason=reason, author=plan)
    made = header(mutation, plan)
    assert len(made) <= HEADER_BYTES_MAX and made.isascii()
    assert without_header(made + before + source) == before + source


@given(st.binary(max_size=300))
def test_what_has_no_comment_of_ours_is_left_as_it_is(data: bytes) -> None:
    """Nothing is cut off a file of other people."""
    assert without_header(data) == data or data.startswith(b"# molt: ")


def test_the_line_ends_of_another_system() -> None:
    """An editor that writes the whole file with them changes the source, not where it begins."""
    changed = (header(FORAGER) + SOURCE).replace(b"\n", b"\r\n")
    assert without_header(changed) == SOURCE.replace(b"\n", b"\r\n")


def test_a_comment_without_an_end_is_source() -> None:
    """Somebody's own words that begin like ours: nothing is cut off."""
    assert without_header(b"# molt: mine\n" + SOURCE) == b"# molt: mine\n" + SOURCE

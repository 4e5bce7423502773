"""Hashed n-grams: unit length, the same everywhere, alike where words are."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.structure.sources import ROOT
from zones.runtime.lessons.embeddings import HASHED
from zones.runtime.lessons.vectors import DIMENSIONS, words


@given(st.text(max_size=120))
@settings(max_examples=50)
def test_unit_length(text: str) -> None:
    """The vector of any text has unit length, or is zero where it has no word at all."""
    vector = HASHED.embed(text)
    assert vector.shape == (DIMENSIONS,) and vector.dtype == np.float32
    length = float(np.linalg.norm(vector))
    assert length == pytest.approx(1.0, abs=1e-5) or (length == 0.0 and not words(text))


def test_known_vector() -> None:
    """The vector of a text never changes under its name: stored ones stay comparable."""
    vector = HASHED.embed("Molbots are starving: add food")
    strongest = np.argsort(-np.abs(vector), kind="stable")[:4]
    assert {int(place): round(float(vector[place]), 4) for place in strongest} == {
        83: -0.3285,
        212: 0.3285,
        223: 0.3285,
        306: -0.3285,
    }


@pytest.mark.slow
def test_same_in_every_process() -> None:
    """Another process with another hash seed gives the same bytes."""
    script = (
        "import hashlib; from zones.runtime.lessons.embeddings import HASHED; "
        "print(hashlib.sha256(HASHED.embed('a trait that eats').tobytes()).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_alike_by_words_and_by_parts_of_words() -> None:
    """Shared words weigh most, shared beginnings some, nothing shared about nothing."""
    asked = HASHED.embed("the population is starving")
    same = float(HASHED.embed("The starving population!") @ asked)
    related = float(HASHED.embed("populations starve") @ asked)
    other = float(HASHED.embed("compress files with zstd") @ asked)
    assert same > 0.8 > related > 0.2 > abs(other)


def test_steps_lead_to_the_same_vector() -> None:
    """Embedding in steps ends in the vector that is made at once."""
    steps = HASHED.embed_in_steps("food")
    with pytest.raises(StopIteration) as end:
        while True:
            next(steps)
    assert np.array_equal(end.value.value, HASHED.embed("food"))


def test_common_words_are_left_out_unless_alone() -> None:
    """What every sentence has makes no two alike; a text of nothing else keeps it."""
    assert words("what is the trait") == ["trait"]
    assert words("what is the") == ["what", "is", "the"]
    assert words("") == words("!?\0 \ud800") == []


def test_megabyte_is_cut() -> None:
    """Only the beginning of a huge text counts."""
    huge = "food " * 200_000
    assert np.array_equal(HASHED.embed(huge), HASHED.embed(huge[:8192]))

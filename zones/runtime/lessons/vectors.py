"""Vectors of texts without a model: hashed n-grams of words and letters.

Owns: what an embedding offers, and the one that is always there. Does not own: the sentence model
(`sentence_model.py`), which of both is in use (`embeddings.py`).

The same text has the same vector in every process and on every machine: the hash is keyed BLAKE2,
the sum is in 64 bits and in one order. Two texts are alike when they share words, parts of words
or pairs of words; meaning is beyond it.
Model: feature hashing with signs (Weinberger et al., Feature Hashing for Large Scale Multitask
Learning, ICML 2009, https://arxiv.org/abs/0902.2206); letters within words as in fastText
(Bojanowski et al., 2017, https://arxiv.org/abs/1607.04606).
"""

import hashlib
import re
import unicodedata
from collections.abc import Generator, Iterator
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

DIMENSIONS: Final = 512
"""Two features share a place in 1 of 512 cases: unrelated texts differ from 0 by some 0.05."""
TEXT_CHARS_MAX: Final = 8192
WORD_CHARS_MAX: Final = 64
GRAMS: Final = (3, 4)
"""Letters in a row, the mark before and after a word included."""
NAME: Final = "hashed-ngrams/1"
"""Counted up when a vector comes out another way."""
_KEY: Final = b"molt hashed n-grams 1"
_WORD: Final = re.compile(r"[^\W_]+")
_HALF: Final = 1 << 63
# Words that say nothing about what a sentence is about; they would make every two alike.
_COMMON_TEXT: Final = (
    "a an and are as at be been but by did do does for from had has have how i if in into is it "
    "its not of on or our so that the their them then there these they this to too was we were "
    "what when where which who why will with you"
)
COMMON: Final = frozenset(_COMMON_TEXT.split())


class Embedding(Protocol):
    """Turns texts into vectors of unit length."""

    @property
    def name(self) -> str:
        """Names the model with its version: only vectors of one name can be compared."""

    @property
    def dimensions(self) -> int:
        """Numbers in a vector."""

    @property
    def floor(self) -> float:
        """Cosine below which two texts have nothing to do with each other."""

    @property
    def near(self) -> float:
        """Cosine from which on two texts speak of the same thing."""

    @property
    def is_quick(self) -> bool:
        """Whether a vector takes less than a few milliseconds."""

    def embed(self, text: str) -> Floats:
        """Return the vector of any text, shape (dimensions,)."""

    def embed_in_steps(self, text: str) -> Generator[None, None, Floats]:
        """Return the same vector, yielding every few milliseconds."""


class HashedNgrams:
    """The embedding that needs nothing but numpy."""

    name = NAME
    dimensions = DIMENSIONS
    floor = 0.12
    near = 0.25
    is_quick = True

    def embed(self, text: str) -> Floats:
        """Return the vector of a text, unit length; of zeros when it has no letter and no digit."""
        sums: dict[bytes, float] = {}
        for feature, weight in _features(text):
            sums[feature] = sums.get(feature, 0.0) + weight
        if not sums:
            return np.zeros(DIMENSIONS, np.float32)
        hashes = np.array([_hash(feature) for feature in sums], np.uint64)
        # A word said ten times weighs more than one said once, but not ten times as much.
        weights = np.sqrt(np.fromiter(sums.values(), np.float64, len(sums)))
        signed = np.where(hashes >= _HALF, -weights, weights)
        places = (hashes % DIMENSIONS).astype(np.int64)
        vector = np.bincount(places, signed, DIMENSIONS)
        length = float(np.sqrt((vector * vector).sum()))
        if length == 0.0:  # two features that cancel each other to the last bit
            return np.zeros(DIMENSIONS, np.float32)
        return (vector / length).astype(np.float32)

    def embed_in_steps(self, text: str) -> Generator[None, None, Floats]:
        """Return the vector of a text after one step."""
        yield
        return self.embed(text)


def words(text: str) -> list[str]:
    """Return the words of the beginning of a text, in small letters, without the common ones.

    A text of common words alone keeps them.
    """
    folded = unicodedata.normalize("NFKC", text[:TEXT_CHARS_MAX]).casefold()
    found = [word[:WORD_CHARS_MAX] for word in _WORD.findall(folded)]
    return [word for word in found if word not in COMMON] or found


def _features(text: str) -> Iterator[tuple[bytes, float]]:
    """Yield what stands in a text, with its weight: a word counts as much as all its parts."""
    told = words(text)
    for word in told:
        yield f"w {word}".encode(), 1.0
        marked = f"<{word}>"
        grams = [
            marked[start : start + length]
            for length in GRAMS
            for start in range(len(marked) - length + 1)
        ]
        for gram in grams:
            yield f"g {gram}".encode(), 1.0 / len(grams)
    for first, second in pairwise(told):
        yield f"p {first} {second}".encode(), 0.5


def _hash(feature: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(feature, digest_size=8, key=_KEY).digest(), "little")

"""Which model makes the vectors of lessons, and why that one.

Owns: the choice and its words. Does not own: the models (`vectors.py`, `sentence_model.py`).
A sentence model that is installed but cannot be used is a state people can see, never a silent
step back. `python -m zones.runtime.lessons.embeddings` tries it, for `make memory`.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from Kernel.contract.errors import LedgerError
from zones.runtime.lessons.sentence_model import MODEL, SentenceModel, find_model
from zones.runtime.lessons.vectors import Embedding, HashedNgrams

INSTALL: Final = "make memory"
HASHED: Final = HashedNgrams()


@dataclass(frozen=True, slots=True)
class Choice:
    """The model in use.

    Args:
        why: one sentence for people.
        hint: a command that would better it, or "".
        is_degraded: the better one is there and fails.
    """

    embedding: Embedding
    why: str
    hint: str = ""
    is_degraded: bool = False

    def fields(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "name": self.embedding.name,
            "dimensions": self.embedding.dimensions,
            "why": self.why,
            "hint": self.hint or None,
            "degraded": self.is_degraded,
        }


def choose_embedding(find: Callable[[], tuple[Path, str] | None] = find_model) -> Choice:
    """Return the sentence model when it is installed and sound, else hashed n-grams."""
    found = find()
    if found is None:
        why = f"hashed n-grams: the sentence model {MODEL} is not installed"
        return Choice(HASHED, why, INSTALL)
    try:
        model = SentenceModel(*found)
    except LedgerError as error:
        why = f"hashed n-grams: {error.message}"
        return Choice(HASHED, why, error.hint or INSTALL, is_degraded=True)
    return Choice(model, f"the sentence model {MODEL} is installed")


def main() -> int:
    """Say which model is in use, and return 1 when it is not the sentence model."""
    choice = choose_embedding()
    if not choice.embedding.is_quick and choice.embedding.embed("one sentence").any():
        return 0
    print(f"cannot compare lessons by meaning: {choice.why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

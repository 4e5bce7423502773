"""Versions of the code of a service, good and bad, as the checkout and the slots hold them.

Owns: how a version behaves. Does not own: when the checkout holds a bad one (`faults.py`).
"""

import hashlib
from dataclasses import dataclass

SCHEMA = b'{"columns":[{"name":"chain","dtype":"<u8"}]}'
"""What a world on paper has; a digest of it is all that the kernel looks at."""


@dataclass(frozen=True, slots=True)
class Code:
    """One version.

    Args:
        prepare_ms: shortest and longest time a zygote takes to prepare it.
        ready_ms: the same for a process that gets ready.
        broken: how it fails to load: "" it loads, "import" it says so and ends, "exit" it ends
            without a word, "hang" it is never prepared.
        dies_at_birth: its processes end with a fault before they are ready.
        guilty_every: a tick divisible by this ends whoever computes it with a fault; 0: none.
        guilty_slot: the trait slot that runs when it does, 0: plain code.
        schema: JSON of the columns it computes in.
    """

    name: str
    prepare_ms: tuple[float, float] = (250.0, 900.0)
    ready_ms: tuple[float, float] = (3.0, 25.0)
    broken: str = ""
    dies_at_birth: bool = False
    guilty_every: int = 0
    guilty_slot: int = 0
    schema: bytes = SCHEMA

    @property
    def schema_hash(self) -> bytes:
        """The digest by which kernel and arena know the columns."""
        return hashlib.sha256(self.schema).digest()


GOOD = Code("good")
OTHER_COLUMNS = Code("other columns", schema=b'{"columns":[{"name":"link","dtype":"<u8"}]}')
"""As good as any: a running world is moved to an arena of its own for it, and back."""
SLOT = Code("slot")
GONE = Code("gone", broken="exit")

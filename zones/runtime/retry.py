"""When to try again what the disk refused: a pause that doubles, up to a limit.

Owns: the record and its formula. Does not own: what is tried (the services). Pure: no clock.
"""

from dataclasses import dataclass
from typing import Final

RETRY_FIRST_S: Final = 1.0
RETRY_MAX_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Retry:
    """How a thing that may fail stands: failures in a row, and when it may be tried again.

    Args:
        not_before_s: monotonic seconds.
        why: the last failure's sentence, "" when it works.
        hint: a command that helps.
    """

    failures: int = 0
    not_before_s: float = 0.0
    why: str = ""
    hint: str = ""

    def failed(
        self,
        now_s: float,
        why: str,
        hint: str,
        first_s: float = RETRY_FIRST_S,
        max_s: float = RETRY_MAX_S,
    ) -> "Retry":
        """Return the state after one more failure: the pause doubles from `first_s` to `max_s`."""
        pause_s = min(first_s * 2 ** min(self.failures, 16), max_s)
        return Retry(self.failures + 1, now_s + pause_s, why, hint)

    def may_try(self, now_s: float) -> bool:
        """Return whether the pause is over."""
        return now_s >= self.not_before_s

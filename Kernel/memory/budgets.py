"""Restart budgets that outlive the kernel: what a zone's code had used up when its kernel died.

Owns: the form of the entry, when it is written and what the next kernel makes of it. Does not own:
budgets (`Kernel/core/supervisor.py`), the memory.

A kernel that is killed and started again would give code that crashes a fresh budget each time. So
failures in a row are remembered, by what the code and its settings are: other code, or other
settings, begin anew, as does whatever an operator has stopped in order (`remembering.py`), or that
was healthy again. One try is always left: what was wrong may have been mended in another way.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from Kernel.core.supervisor import Generation, Policy, Spent
from Kernel.memory.context_memory import ContextMemory, Priority
from Kernel.memory.contexts import BUDGETS

FAILURES_MAX: Final = 100_000
WHY_CHARS: Final = 200
CODE_CHARS: Final = 16


def made_of(fingerprint: str, settings: Mapping[str, Any]) -> str:
    """Return what stands for code and settings of a generation."""
    told = json.dumps([fingerprint, settings], sort_keys=True, default=repr)
    return hashlib.sha256(told.encode()).hexdigest()[:CODE_CHARS]


def remember_budget(memory: ContextMemory, code: str, life: Generation, now_s: float) -> None:
    """Write down what a generation has used up, or that it is healthy; nothing where that is known.

    Args:
        code: from `made_of`.
    """
    key = _key(life.name, code)
    failures, of_zygote = life.patience.failures, life.zygote_patience.failures
    if life.condemned:  # proved, whatever its count: one try is all that is left
        failures = FAILURES_MAX
    known = memory.get(BUDGETS, key, now_s)
    if not failures and not of_zygote:
        if known is not None and life.healthy_s is not None:
            memory.forget(BUDGETS, key)
        return
    told = {
        "failures": min(failures, FAILURES_MAX),
        "zygote_failures": min(of_zygote, FAILURES_MAX),
        "why": life.why[:WHY_CHARS],
    }
    if known != told:
        memory.put(BUDGETS, key, told, now_s, Priority.HIGH)


def recall_budget(
    memory: ContextMemory, zone: str, code: str, policy: Policy, now_s: float
) -> Spent | None:
    """Return what this very code had used up under the kernel before; None: nothing is known.

    What is kept is a file's word: whatever is not as `remember_budget` writes it counts for
    nothing.
    """
    told = memory.get(BUDGETS, _key(zone, code), now_s)
    if not isinstance(told, dict):
        return None
    counts = [told.get("failures"), told.get("zygote_failures")]
    why = told.get("why")
    if type(why) is not str or not all(
        type(each) is int and 0 <= each <= FAILURES_MAX for each in counts
    ):
        return None
    most = policy.failures_max - 1
    failures, of_zygote = (min(int(each), most) for each in counts if each is not None)
    return Spent(failures, of_zygote, why) if failures or of_zygote else None


def _key(zone: str, code: str) -> str:
    """Return the key of an entry: each version of the code of a zone has its own."""
    return f"{zone} {code}"

"""What a step of the governor does, in a word for people.

Owns: the words. Does not own: the steps (`Kernel/core/steps.py`). Pure.
"""

from typing import Final

DONE: Final = {
    "none": "let alone",
    "warn": "warned of",
    "throttle": "throttled",
    "pause": "paused",
    "restart": "replaced",
    "kill": "ended",
}
"""By the name of the step, as events and configuration have it."""

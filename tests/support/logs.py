"""A logger that says nothing and remembers what was said.

Owns: that. Does not own: how a line looks (`Kernel/core/log_lines.py`).
"""

from typing import Any


class QuietLog:
    """Stands for a structlog logger.

    Attributes:
        events: names, in order.
        told: names with their values.
    """

    def __init__(self) -> None:
        self.events: list[str] = []
        self.told: list[tuple[str, dict[str, Any]]] = []

    def info(self, event: str, **values: Any) -> None:
        """Remember the event."""
        self.events.append(event)
        self.told.append((event, values))

    warning = error = info

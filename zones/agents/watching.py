"""Noticing at once that something has changed in a folder.

Owns: the watch by inotify (watchdog), and looking now and then where there is none. Does not own:
what has changed: whoever is told looks for himself (`folder.py`). Its threads are started behind
the cage, which lets this profile make the calls.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

POLLING_S: Final = 2.0
"""Between two looks without inotify."""
ANYWAY_S: Final = 15.0
"""Between two looks with it: a queue of events may have run over."""


class FolderWatch:
    """Says when it is time to look at a folder.

    Args:
        folder: is made where it is missing.
        observer: makes what watches; another one in tests.

    Attributes:
        degraded: why there is no inotify, "" where there is.
    """

    def __init__(self, folder: Path, observer: Callable[[], BaseObserver] = Observer) -> None:
        self.degraded = ""
        self._changed = threading.Event()
        self._looked_s = float("-inf")
        self._observer: BaseObserver | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            watching = observer()
            watching.daemon = True
            watching.schedule(_Noting(self._changed), str(folder), recursive=False)
            watching.start()
            self._observer = watching
        except (OSError, RuntimeError) as error:  # limits are reached, or no thread can be had
            self.degraded = f"cannot watch {folder}: {error}; looked at every {POLLING_S:g} s"

    def is_due(self, now_s: float) -> bool:
        """Return whether to look now; the first time always."""
        every_s = POLLING_S if self.degraded else ANYWAY_S
        if not self._changed.is_set() and now_s - self._looked_s < every_s:
            return False
        self._changed.clear()
        self._looked_s = now_s
        return True

    def close(self) -> None:
        """End the watch."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(1.0)
            self._observer = None


class _Noting(FileSystemEventHandler):
    """Reading a file is an event, too, and none of ours: we would wake ourselves for good."""

    def __init__(self, changed: threading.Event) -> None:
        self._changed = changed

    def on_any_event(self, event: FileSystemEvent) -> Any:
        if event.event_type in ("created", "modified", "moved", "deleted", "closed"):
            self._changed.set()

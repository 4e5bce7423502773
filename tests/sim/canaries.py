"""Bugs planted on purpose: a simulation that does not find them finds nothing.

Owns: known bugs, put into the kernel's modules for as long as one run lasts. They live here alone:
the kernel has no flag for them.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from Kernel.contract.outbox import Outbox
from Kernel.core.berth import Death
from Kernel.core.inbox_writer import InboxWriter
from Kernel.core.line import Line
from Kernel.core.log_sender import LogSender
from Kernel.core.watchdog import Verdict
from Kernel.core.zone_watch import ZoneWatch
from tests.sim.ledger import SimAheadFiles


def _everywhere(name: str, planted: Callable[..., Any]) -> list[Any]:
    """Return patches that put `planted` wherever a module of the kernel has imported `name`."""
    return [
        mock.patch.object(module, name, planted)
        for path, module in sorted(sys.modules.items())
        if path.startswith("Kernel.core") and hasattr(module, name)
    ]


def outside_kill_counts() -> list[Any]:
    """Take a plain SIGKILL from outside for a fault of the code."""
    return _everywhere(
        "is_failure", lambda *, drilled, signal_number, code, **_: bool(code or signal_number)
    )


def permission_before_ready() -> list[Any]:
    """Name an heir that is not ready."""

    def planted(generations: Any) -> int:
        heirs = [each.heir.pid for each in generations if each.heir and not each.stopping]
        return heirs[0] if heirs else 0

    return _everywhere("decide_permission", planted)


def no_back_off() -> list[Any]:
    """Start what fails again at once, for ever."""
    return _everywhere("backoff_s", lambda _policy, _failures: 0.0)


def hang_unseen() -> list[Any]:
    """Never find anybody hung."""
    return _everywhere("judge", lambda *_: Verdict.FINE)


def heir_unwatched() -> list[Any]:
    """Never look whether who stands by would still take over."""
    return [mock.patch.object(ZoneWatch, "_watch_standing_by", lambda *_: None)]


def input_sent_twice() -> list[Any]:
    """Forget, after a boot, that what is in the inbox has a number already."""
    real = InboxWriter._find_end

    def planted(self: InboxWriter) -> None:
        real(self)
        if self._next:
            self._next -= 1

    return [mock.patch.object(InboxWriter, "_find_end", planted)]


def events_forgotten() -> list[Any]:
    """Begin a file of one's own without a look at what a killed kernel has left."""
    return [mock.patch.object(SimAheadFiles, "earlier", lambda _self: [])]


def event_sent_twice() -> list[Any]:
    """Number everything anew when the connection was lost."""
    real = LogSender._hang_up

    def planted(self: LogSender) -> None:
        if self._road is not None and len(self._own):
            records = [record for _, record in self._own.kept()]
            self._own = Outbox(self._own.epoch, 10_000, 10_000_000, self._own.next_number)
            for record in records:
                self._own.add(record)
        real(self)

    return [mock.patch.object(LogSender, "_hang_up", planted)]


def cause_unknown() -> list[Any]:
    """Forget what has ended who served."""
    return [mock.patch.object(Line, "tell_death", lambda *_: Death("active", b""))]


CANARIES: dict[str, Callable[[], list[Any]]] = {
    "outside-kill-counts": outside_kill_counts,
    "permission-before-ready": permission_before_ready,
    "no-back-off": no_back_off,
    "hang-unseen": hang_unseen,
    "heir-unwatched": heir_unwatched,
    "input-sent-twice": input_sent_twice,
    "events-forgotten": events_forgotten,
    "event-sent-twice": event_sent_twice,
    "cause-unknown": cause_unknown,
}


@contextlib.contextmanager
def planted(name: str) -> Iterator[None]:
    """Plant a canary for as long as the context lasts; "" plants none."""
    with contextlib.ExitStack() as stack:
        patches = CANARIES[name]() if name else []
        assert patches or not name, f"nothing of the kernel is changed by {name}"
        for patch in patches:
            stack.enter_context(patch)
        yield

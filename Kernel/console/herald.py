"""What the service manager is told, and when: ready, status, reload, stop, signs of life.

Owns: the words of systemd's notify protocol and their rhythm. Does not own: the socket
(`Kernel/ports/notify.py`), what the status says (`screen_words.py`).
Source: sd_notify(3), sd_watchdog_enabled(3).
"""

from Kernel.ports.clock import Clock
from Kernel.ports.notify import Notifier

STATUS_S = 10.0
"""How often a status whose numbers alone have changed is renewed."""
LOOK_S = 1.0
BOOT_EXTENSION_S = 120.0
"""How long the manager shall wait after each step of a boot; a step may compile for long."""
STEPS_MAX = 1000
OWED_MAX = 8
STOP_SLACK_S = 5.0


class Herald:
    """Speaks to the service manager. Call it from the loop that does the work."""

    def __init__(self, notifier: Notifier, clock: Clock) -> None:
        self._notifier = notifier
        self._clock = clock
        self._owed: list[tuple[str, ...]] = []
        self._step = ""
        self._earned: set[str] = set()
        self._state: str | None = None
        self._status_s = self._looked_s = -STATUS_S
        self._alive_s = 0.0

    def look(self) -> None:
        """Say that the loop turns, at half of the time the manager waits, and what is owed."""
        while self._owed and self._notifier.tell(*self._owed[0]):
            del self._owed[0]
        now_s = self._clock.now_s()
        wait_s = self._notifier.watchdog_s
        if wait_s > 0 and now_s - self._alive_s >= wait_s / 2 and self._notifier.tell("WATCHDOG=1"):
            self._alive_s = now_s

    def is_due(self) -> bool:
        """Tell whether it is time to look how things are: nobody reads ten lines a second."""
        now_s = self._clock.now_s()
        if now_s - self._looked_s < LOOK_S:
            return False
        self._looked_s = now_s
        return True

    def booting(self, step: str) -> None:
        """Say how far a boot is; a step earns more time, but only the first time it is seen.

        A zone that dies in its preparing and begins anew makes no progress.
        """
        if step == self._step:
            return
        self._step = step
        status = f"STATUS=Starting: {step}"
        if step in self._earned or len(self._earned) >= STEPS_MAX:
            self._notifier.tell(status)
            return
        self._earned.add(step)
        self._notifier.tell(status, f"EXTEND_TIMEOUT_USEC={_usec(BOOT_EXTENSION_S)}")

    def ready(self) -> None:
        """Say that every zone serves, or that the configuration was read again."""
        self._must_tell("READY=1")

    def status(self, state: str, text: str) -> None:
        """Say how things are, at once when `state` is another, else when the last is old."""
        now_s = self._clock.now_s()
        if state == self._state and now_s - self._status_s < STATUS_S:
            return
        if self._notifier.tell(f"STATUS={text}"):
            self._state, self._status_s = state, now_s

    def reloading(self) -> None:
        """Say that the configuration is read again; `ready` says that it is done."""
        self._must_tell("RELOADING=1", f"MONOTONIC_USEC={self._clock.now_ns() // 1000}")

    def stopping(self, deadline_s: float) -> None:
        """Say that an orderly stop has begun; it ends by itself within `deadline_s`."""
        self._step = ""
        more = f"EXTEND_TIMEOUT_USEC={_usec(deadline_s + STOP_SLACK_S)}"
        self._must_tell("STOPPING=1", "STATUS=Stopping", more)

    def leaving(self, text: str, left_s: float) -> None:
        """Say whom a stop waits for; a stage that is new earns its own time."""
        if text == self._step:
            return
        self._step = text
        more = f"EXTEND_TIMEOUT_USEC={_usec(left_s + STOP_SLACK_S)}"
        self._notifier.tell(f"STATUS=Stopping: {text}", more)

    def _must_tell(self, *lines: str) -> None:
        """Say what is said once only: again and again until it is taken, in order."""
        self._owed.append(lines)
        del self._owed[:-OWED_MAX]
        self.look()


def _usec(seconds: float) -> int:
    return round(seconds * 1e6)

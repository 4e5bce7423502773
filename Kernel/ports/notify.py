"""The service manager as the kernel sees it.

Owns: what the kernel asks of it, refusing an environment that cannot be used. Does not own: the
socket (`fallback/notify.py`, which safe mode shares), what is told (`Kernel/console/herald.py`).
"""

from collections.abc import Mapping
from typing import Protocol

from fallback import notify
from Kernel.contract.errors import ConfigError


class Notifier(Protocol):
    """Whoever watches over the service; a test gives its own."""

    watchdog_s: float
    """How long it waits for a sign of life before it ends us, seconds; 0: it does not watch."""

    def tell(self, *lines: str) -> bool:
        """Say NAME=value lines in one message and return whether it was taken; never waits."""

    def close(self) -> None:
        """Say nothing more."""


def find_notifier(environment: Mapping[str, str], pid: int) -> Notifier:
    """Return the service manager the environment names, or one to whom all is told in vain.

    Raises:
        ConfigError: NOTIFY_SOCKET or WATCHDOG_USEC cannot be used.
    """
    try:
        return notify.find_notifier(environment, pid)
    except ValueError as error:
        hint = "env -u NOTIFY_SOCKET python manifest.py"
        raise ConfigError(str(error), hint) from error

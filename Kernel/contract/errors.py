"""The errors of molt, named by who must act.

Owns: the tree of outside failures. Does not own: expected outcomes (they are values) and our own
bugs (they are `assert`, and the process dies). Every message begins with "cannot", names the
thing, the value and the limit; `hint` is a command that helps.
Model: Trio's `_core/_exceptions.py`.
"""


class MoltError(Exception):
    """Something outside the program failed.

    Args:
        message: one sentence that begins with "cannot".
        hint: a command or act that helps, or "".
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(MoltError):
    """The configuration or the installation is wrong: the operator must mend a file."""

    exit_code = 78


class UsageError(MoltError):
    """A command was called with words it does not take."""

    exit_code = 2


class Refused(MoltError):
    """A request is understood and not allowed."""

    exit_code = 5


class NoKernel(MoltError):
    """Nobody answers at the console socket."""

    exit_code = 69


class AlreadyRunning(MoltError):
    """Another kernel, or what is left of one, holds this home."""

    exit_code = 75


class WaitTimeout(MoltError):
    """A wait ran out of time."""

    exit_code = 124


class ArenaError(MoltError):
    """An arena file is damaged, foreign or too small."""


class NoArena(ArenaError):
    """A home has no arena: its world was never founded, or is in snapshots only."""

    exit_code = 69


class RingFull(MoltError):
    """A ring has no room for one more entry; its reader is behind."""


class RingDamaged(MoltError):
    """A ring entry does not match its checksum or sequence."""


class CodecError(MoltError):
    """A message is too large or not of the agreed form."""


class SnapshotError(MoltError):
    """A snapshot cannot be read, or does not match its own hash."""

"""The errors of molt, named by who must act.

Owns: the tree of outside failures, and which command helps when a disk refuses. Does not own:
expected outcomes (they are values) and our own bugs (they are `assert`, and the process dies).
Every message begins with "cannot", names the thing, the value and the limit; `hint` is a command
that helps.
Model: Trio's `_core/_exceptions.py`.
"""

import errno
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

FAULTS_TOLD_MAX = 20


class MoltError(Exception):
    """Something outside the program failed.

    Args:
        message: one sentence that begins with "cannot".
        hint: a command or act that helps, or "".

    Attributes:
        details: what programs want to know of it besides, by name.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details: dict[str, str | int] = {}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in the configuration.

    Args:
        key: the key with those above it, dots between: "zones.stable.nice"; "" the whole file.
        why: what is wrong, as it follows the key: "is 20, it takes a whole number from 0 to 19".
        where: "FILE:LINE", "--set KEY" or "MOLT_KEY"; "" while only the reader of the files knows.
        hint: a command that helps, or "".
    """

    key: str
    why: str
    where: str = ""
    hint: str = ""

    def sentence(self, file: str) -> str:
        """Return it as one sentence; `file` is named when nothing better is known."""
        what = f"{self.key} {self.why}" if self.key else self.why
        return f"cannot use {self.where or file}: {what}"


class ConfigError(MoltError):
    """The configuration or the installation is wrong: the operator must mend a file.

    Args:
        faults: what is wrong, one by one, as far as it is about keys.
    """

    exit_code = 78

    def __init__(self, message: str, hint: str = "", faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message, hint)
        self.faults = faults

    @classmethod
    def of(cls, file: str, faults: list[Fault]) -> "ConfigError":
        """Return the error that tells of faults, a sentence and a line for each.

        Args:
            file: the file they are in, for those that do not say where they are.
            faults: at least one; those beyond FAULTS_TOLD_MAX are only counted.
        """
        told = [fault.sentence(file) for fault in faults[:FAULTS_TOLD_MAX]]
        if len(faults) > len(told):
            told.append(f"and {len(faults) - len(told)} more")
        hint = next((fault.hint for fault in faults if fault.hint), "")
        return cls("\n".join(told), hint, tuple(faults[:FAULTS_TOLD_MAX]))


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


class NoRoom(ArenaError):
    """No folder has room for an arena: the machine's limit, and nobody's fault."""

    exit_code = 73


class RingFull(MoltError):
    """A ring has no room for one more entry; its reader is behind."""


class RingDamaged(MoltError):
    """A ring entry does not match its checksum or sequence."""


class CodecError(MoltError):
    """A message is too large or not of the agreed form."""


class LedgerError(MoltError):
    """The ledger cannot be read or written: a full disk, a damaged file, another writer."""


class NoLedger(LedgerError):
    """A home has no ledger yet: nothing was ever recorded there."""

    exit_code = 69


class LedgerDamaged(LedgerError):
    """Records of the ledger cannot be read, or are not what was appended.

    Args:
        position: the first of them.
        last: the last one.
    """

    def __init__(self, position: int, last: int, why: str) -> None:
        what = f"event {position}" if position == last else f"events {position} to {last}"
        super().__init__(f"cannot read {what} of the ledger: {why}", "molt verify")
        self.position = position
        self.last = last
        self.why = why


class SnapshotError(MoltError):
    """A snapshot cannot be read, or does not match its own hash."""


def error_fields(error: MoltError, hint: str) -> dict[str, object]:
    """Return an error as programs read it.

    Args:
        hint: that of the error, about the home in question.
    """
    return {"code": error.exit_code, "message": error.message, "hint": hint, **error.details}


def what_installs(extra: str) -> str:
    """Return the command that installs an extra of molt into this Python.

    From the checkout, and never by name: on the public index "molt" is somebody else's package. A
    copy in a slot is no checkout; then the command is to be typed in one.
    """
    checkout = Path(__file__).resolve().parents[2]
    if not (checkout / "pyproject.toml").is_file():
        return f".venv/bin/python -m pip install -e '.[{extra}]'"
    place = shlex.quote(f"{checkout}[{extra}]")
    return f"{shlex.quote(sys.executable)} -m pip install -e {place}"


def what_helps(error: OSError, directory: Path) -> str:
    """Return the command that shows what is wrong with a directory that could not be written."""
    place = shlex.quote(str(directory))
    if error.errno in (errno.EROFS, errno.EIO):
        return f"findmnt -T {place}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EEXIST):
        return f"ls -ld {place}"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "ulimit -n"
    return f"df -h {place}"

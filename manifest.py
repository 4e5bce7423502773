"""Boot molt: check the environment with the standard library only, then run the kernel.

Owns: finding a Python that has the packages. Does not own: what a boot does (`Kernel/boot.py`),
what becomes of a kernel that cannot be imported or crashes (`fallback/entry.py`).
It installs nothing. Written so that an older Python can still read it and say what is missing.
"""

from __future__ import annotations

import signal

if __name__ == "__main__":  # held until the kernel's handlers stand: it would end us
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])

import importlib.util
import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent
VENV_PYTHON = CHECKOUT / ".venv" / "bin" / "python"
PYTHON_MIN = (3, 11)
PACKAGES = ("zmq", "msgpack", "yaml", "structlog", "psutil")
GUARD = "MOLT_REEXECUTED"
EXIT_INSTALLATION = 78


def find_problem() -> str:
    """Return what this Python lacks to run the kernel, or ""."""
    if sys.version_info < PYTHON_MIN:
        found = ".".join(str(part) for part in sys.version_info[:3])
        return f"Python is {found}, molt needs {PYTHON_MIN[0]}.{PYTHON_MIN[1]} or newer"
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    return f"packages are missing: {', '.join(missing)}" if missing else ""


def prepare(arguments: list[str]) -> str:
    """Return "" when this Python will do, else what is wrong; may replace the process.

    When `.venv` exists the process becomes its Python, once: the environment variable `GUARD`
    says that this was tried, so that a broken `.venv` ends in a message and not in a loop.
    """
    problem = find_problem()
    if problem and GUARD not in os.environ and os.access(VENV_PYTHON, os.X_OK):
        print("molt: using .venv/bin/python", file=sys.stderr, flush=True)
        os.environ[GUARD] = "1"
        script = str(CHECKOUT / "manifest.py")
        os.execv(str(VENV_PYTHON), [str(VENV_PYTHON), script, *arguments])
    os.environ.pop(GUARD, None)
    return problem


def run() -> int:
    """Check the environment, run the kernel to its end and return the exit code."""
    problem = prepare(sys.argv[1:])
    if problem:
        print(f"cannot start molt: {problem}\n  make setup", file=sys.stderr)
        return EXIT_INSTALLATION
    try:
        from Kernel.boot import main
    except Exception as error:
        from fallback.entry import on_import_failure

        return on_import_failure(sys.argv[1:], error)
    try:
        return main(sys.argv[1:])
    except Exception:
        from fallback.entry import on_crash

        return on_crash(sys.argv[1:])


if __name__ == "__main__":
    try:
        sys.exit(run())
    except KeyboardInterrupt:  # before the kernel could take the signal: nothing was begun
        sys.exit(130)

"""Safe mode: `python -P fallback/safe_mode.py --home DIR --reason TEXT [...] -- ARGUMENTS`.

Owns: its command line, and taking the home. Does not own: what is done then (`steward.py`). It is
started by `entry.py`, never by hand: `python manifest.py` enters it when the kernel cannot be
imported, the kernel itself when no version of the world keeps running.
Standard library only, and nothing of ours but `fallback`.
"""

import argparse
import contextlib
import os
import signal
import sys
import traceback
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
# Of this checkout, whatever else Python's path holds: an installed molt may be another one.
sys.path.insert(0, str(CHECKOUT))

from fallback.back_off import BackOff  # noqa: E402 - the lines above must come first
from fallback.births import hold_for_exec  # noqa: E402
from fallback.entry import EXIT_CRASH  # noqa: E402
from fallback.home_folders import open_folders  # noqa: E402
from fallback.home_locks import HeldError  # noqa: E402
from fallback.steward import STOP_SIGNALS, Entry, Steward, end_children  # noqa: E402
from fallback.talk import WARNING, standard_talk  # noqa: E402

EXIT_HELD = 75
EXIT_CONFIG = 78
AGAIN_S = 1.0


def main(arguments: list[str]) -> int:
    """Run safe mode until it is stopped; return the exit code. May become the normal kernel."""
    parser = argparse.ArgumentParser(prog="safe_mode.py", allow_abbrev=False)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--reason", required=True)
    parser.add_argument("--detail", default="")
    parser.add_argument("--probe-base", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--probe-cap", type=float, default=300.0, metavar="SECONDS")
    parser.add_argument("--stay", action="store_true", help="until asked to leave")
    parser.add_argument("arguments", nargs="*", help="of manifest.py, behind --")
    options = parser.parse_args(arguments)
    end_children()
    try:
        folders = open_folders(options.home.resolve())
    except HeldError as error:
        said = f"cannot start: {options.home} is held by the kernel with pid {error.pid or '?'}"
        print(f"{said}\nhint: molt status, or molt shutdown", file=sys.stderr)
        return EXIT_HELD
    except OSError as error:
        said = f"cannot use {options.home} as home: {error.strerror} ({error.filename})"
        print(f"{said}\nhint: ls -ld {options.home}", file=sys.stderr)
        return EXIT_CONFIG
    if "--own-terminal" in options.arguments:
        _own_terminal()
    entry = Entry(options.reason, options.detail, tuple(options.arguments), options.stay)
    back_off = BackOff(options.probe_base, max(options.probe_base, options.probe_cap))
    steward = None
    try:
        steward = Steward(CHECKOUT, folders, entry, back_off, standard_talk())
        return steward.run()
    except Exception:  # nobody else is left to keep the world
        standard_talk().say(traceback.format_exc(), WARNING)
        if steward is not None and steward.is_stopping:
            end_children()
            return EXIT_CRASH
        return _begin_again()


def _begin_again() -> int:
    """Become safe mode anew after a fault of its own: same pid, locks kept, nothing remembered.

    At most once in AGAIN_S. Returns the exit code when told to stop meanwhile.
    """
    said = f"cannot go on: safe mode itself failed; it begins again in {AGAIN_S:g} s"
    standard_talk().say(said, WARNING)
    hold_for_exec()
    end_children()
    if signal.sigtimedwait(STOP_SIGNALS, AGAIN_S) is not None:
        return 0
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _own_terminal() -> None:
    """Be the terminal's foreground, as the kernel under `make run`: Ctrl-C is for us, not make."""
    with contextlib.suppress(OSError):  # there is no terminal, or it is not ours to take
        if os.tcgetpgrp(0) == os.getpgrp():
            return
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        if os.getpgrp() != os.getpid():
            os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpgrp())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

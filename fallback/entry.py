"""Ways into safe mode: a kernel that cannot be imported, one that crashes again and again, a wish.

Owns: becoming safe mode, crash reports, counting crashes. Does not own: what safe mode does.
Standard library only.
"""

import argparse
import contextlib
import os
import platform
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from fallback.births import hold_for_exec
from fallback.last_words import last_words, printable

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGES = ("zmq", "msgpack", "msgspec", "yaml", "structlog", "psutil", "click", "rich")
"""What the kernel imports of others: missing, the installation is wrong, and not our files."""
RETURNED_AT = "MOLT_RETURNED_AT"
"""Environment variable: monotonic seconds at which safe mode became the kernel again."""
EXIT_CRASH = 1
EXIT_INSTALLATION = 78
CRASHES_MAX = 3
CRASHES_S = 60.0
REPORTS_KEPT = 20
TEXT_MAX = 2000


def enter_safe_mode(
    home: Path,
    reason: str,
    detail: str,
    arguments: Sequence[str],
    probe_s: tuple[float, float] = (5.0, 300.0),
    stay: bool = False,
) -> NoReturn:
    """Become safe mode: same pid, locks kept. Children that are left are ended by it.

    A signal that comes meanwhile waits until safe mode can act on it.

    Args:
        reason: one sentence for people.
        detail: the captured error, or "".
        arguments: of manifest.py, to go back with.
        probe_s: first and largest delay between tries of normal running.
        stay: it was asked for, so normal running is tried only when that is asked for, too.
    """
    hold_for_exec()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # None: it was closed
            stream.flush()
    line = [
        sys.executable,
        "-P",
        str(CHECKOUT / "fallback" / "safe_mode.py"),
        "--home",
        str(home.resolve()),
        f"--reason={printable(reason[:TEXT_MAX])}",
        f"--detail={printable(detail[:TEXT_MAX])}",
        f"--probe-base={probe_s[0]:g}",
        f"--probe-cap={probe_s[1]:g}",
        *(["--stay"] if stay else []),
        "--",
        *arguments,
    ]
    os.execv(sys.executable, line)


def on_import_failure(arguments: Sequence[str], error: Exception) -> int:
    """Deal with a kernel that cannot be imported: safe mode, or an exit code where it has no place.

    Safe mode has no place where packages are missing, where nobody wants a kernel to run (--help,
    --probe), and where there can be no world to keep (--ephemeral).
    """
    said = "".join(traceback.format_exception(error))
    why, _hint = last_words(said)
    if _is_installation(error):
        print(f"cannot start molt: {why}\n  make setup", file=sys.stderr)
        return EXIT_INSTALLATION
    options = _read(arguments)
    if options.probe or options.help or options.ephemeral:
        sys.stderr.write(said)
        return EXIT_CRASH
    enter_safe_mode(options.home, "the kernel cannot be imported", why, arguments)


def on_crash(arguments: Sequence[str]) -> int:
    """Deal with an exception that nobody was ready for: a report, and the third time safe mode."""
    said = traceback.format_exc()
    options = _read(arguments)
    if options.probe:
        sys.stderr.write(said)
        return EXIT_CRASH
    report = _write_report(options.home, said, arguments)
    why, _hint = last_words(said)
    with contextlib.suppress(OSError, ValueError):  # nobody listens: the report tells it
        print(f"cannot go on: {why}\nhint: the report is in {report}", file=sys.stderr)
    if options.ephemeral or _count_crash(options.home, _since_boot_s()) < CRASHES_MAX:
        return EXIT_CRASH
    reason = f"the kernel crashed {CRASHES_MAX} times within {CRASHES_S:g} s"
    enter_safe_mode(options.home, reason, f"{why}; {report}", arguments)


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the few words of manifest.py that matter here; the rest may be anything."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--home", type=Path)
    for flag in ("--ephemeral", "--probe", "--help", "-h"):
        parser.add_argument(flag, action="store_true")
    options, _rest = parser.parse_known_args(list(arguments))
    options.help = options.help or options.h
    options.home = options.home or Path(os.environ.get("MOLT_HOME") or CHECKOUT)
    return options


def _is_installation(error: Exception) -> bool:
    """Tell what others have broken from what is wrong in our own files."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return error.name.partition(".")[0] in PACKAGES
    if not isinstance(error, ImportError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    ours = (CHECKOUT / "Kernel", CHECKOUT / "fallback", CHECKOUT / "manifest.py")
    file = Path(frames[-1].filename)
    return not any(file == place or file.is_relative_to(place) for place in ours)


def _write_report(home: Path, said: str, arguments: Sequence[str]) -> str:
    """Write what is known of a crash, and return where, or why not."""
    folder = home / "log"
    path = folder / f"crash-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.txt"
    head = (
        f"time: {time.strftime('%Y-%m-%dT%H:%M:%S%z')}\npid: {os.getpid()}\n"
        f"arguments: {list(arguments)}\npython: {sys.version}\nsystem: {platform.platform()}\n\n"
    )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(head + said, encoding="utf-8", errors="backslashreplace")
        for old in sorted(folder.glob("crash-*.txt"))[:-REPORTS_KEPT]:
            old.unlink()
    except OSError as error:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(said)
        return f"the lines above, it cannot be written to {folder}: {error.strerror}"
    return str(path)


def _count_crash(home: Path, now_s: float) -> int:
    """Note a crash and return how many there were lately, this one among them."""
    path = home / "run" / "crashes"
    recent = [now_s]
    with contextlib.suppress(OSError, ValueError):
        told = [float(line) for line in path.read_text().split()[-CRASHES_MAX:]]
        recent = [each for each in told if 0 <= now_s - each <= CRASHES_S] + recent
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text("".join(f"{each:.3f}\n" for each in recent))
    return len(recent)


def _since_boot_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)

"""How each supervision peer is told to keep one worker alive, as fast as its settings allow.

Owns: their configuration files and command lines. Does not own: killing (`supervision_kills.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

STARTSECS_S = 1
CHECK_DELAY_S = 0.1


@dataclass(frozen=True, slots=True)
class Setup:
    """One peer.

    Args:
        name: as reported.
        program: the supervisor's program, to be found on this machine.
        package: the Debian or Python package that brings the program.
        configure: given an empty folder, the worker's command line and the supervisor's program,
            writes what the supervisor needs and returns the supervisor's command line.
    """

    name: str
    program: str
    package: str
    configure: Callable[[Path, list[str], Path], list[str]]


def configure_runit(folder: Path, worker: list[str], program: Path) -> list[str]:
    """Write one service folder; runsvdir finds it at once."""
    service = folder / "services" / "worker"
    service.mkdir(parents=True)
    run = service / "run"
    run.write_text(f"#!/bin/sh\nexec {' '.join(worker)}\n", encoding="utf-8")
    run.chmod(0o755)
    return [str(program), str(service.parent)]


def configure_circus(folder: Path, worker: list[str], program: Path) -> list[str]:
    """Write circus.ini; it looks for dead workers every `CHECK_DELAY_S` (1 s by default)."""
    config = folder / "circus.ini"
    config.write_text(
        f"""[circus]
check_delay = {CHECK_DELAY_S}
endpoint = ipc://{folder}/control
pubsub_endpoint = ipc://{folder}/events
[watcher:worker]
cmd = {worker[0]}
args = {" ".join(worker[1:])}
numprocesses = 1
warmup_delay = 0
copy_env = True
""",
        encoding="utf-8",
    )
    return [str(program), "--log-output", str(folder / "circus.log"), str(config)]


def configure_supervisord(folder: Path, worker: list[str], program: Path) -> list[str]:
    """Write supervisord.conf; its default loop wakes once a second."""
    config = folder / "supervisord.conf"
    config.write_text(
        f"""[supervisord]
nodaemon = true
logfile = {folder}/supervisord.log
pidfile = {folder}/supervisord.pid
childlogdir = {folder}
[program:worker]
command = {" ".join(worker)}
autorestart = true
startsecs = {STARTSECS_S}
""",
        encoding="utf-8",
    )
    return [str(program), "-c", str(config)]


SETUPS = (
    Setup("runit", "runsvdir", "runit (Debian)", configure_runit),
    Setup(f"circus, check_delay {CHECK_DELAY_S}", "circusd", "circus (Python)", configure_circus),
    Setup("supervisord", "supervisord", "supervisor (Python)", configure_supervisord),
)

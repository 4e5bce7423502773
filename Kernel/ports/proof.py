"""A throw-away child that proves that a service can be prepared, as its zygote would.

Owns: starting and ending that child, reading what it says. Does not own: what it proves
(`zones/runtime/proof.py`), when (`Kernel/probe.py`).
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from fallback.last_words import last_words
from fallback.zone_environment import zone_environment
from Kernel.contract.errors import MoltError

PROOF_S = 300.0


def prove_service(
    service: str, settings: dict[str, Any], root: Path, cache_dir: Path, in_slot: bool = False
) -> None:
    """Return when a process of this service has prepared itself and, with an arena, ticked.

    Args:
        root: the folder whose `zones` it runs.
        in_slot: that folder is a slot, in which no bytecode may be left.

    Raises:
        MoltError: it could not; says what it said, with file and line.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "zones.runtime.proof", service, str(os.getpid())],
            input=json.dumps(settings),
            cwd=root,
            env=zone_environment(cache_dir, in_slot),
            capture_output=True,
            check=False,
            text=True,
            timeout=PROOF_S,
        )
    except subprocess.TimeoutExpired as error:
        raise MoltError(f"cannot run {service}: not prepared within {PROOF_S:g} s") from error
    if done.returncode:
        why, hint = last_words(done.stderr)
        raise MoltError(f"cannot run {service}: {why or f'exit code {done.returncode}'}", hint)

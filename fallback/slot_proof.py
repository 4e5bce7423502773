"""Keep a known-good copy: copy the checkout's module version into a slot once it has proved itself.

Owns: the proof (the copy founds a small world and runs it, in a child that is started in the copy),
what `make setup` says about it. Does not own: the files of a slot (`slot_files.py`).
Usage: python -m fallback.slot_proof [--home DIR]. Standard library only.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from fallback.births import newborn
from fallback.slot_files import Slot, SlotError, fill_slot, find_filled, version_of
from fallback.zone_environment import zone_environment

CHECKOUT = Path(__file__).resolve().parents[1]
CACHE_DIR = CHECKOUT / ".cache" / "numba"
NAME = "fallback"
TICKS = 300
PROOF_S = 900.0
"""A proof that must compile takes half a minute to some minutes; it runs niced."""
NICE = 10
_SAID_MAX = 2000


def proof_with(cache_dir: Path) -> Callable[[Path], Path | None]:
    """Return what proves a copy and gives the folder of its compiled kernels."""

    def prove(copy: Path) -> Path | None:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "zones.world", "self-test", "--ticks", str(TICKS)],
                cwd=copy,
                env=zone_environment(cache_dir, in_slot=True),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                text=True,
                timeout=PROOF_S,
                preexec_fn=newborn(NICE),
            )
        except subprocess.TimeoutExpired as error:
            raise SlotError(
                f"cannot keep this version as known good: its self-test took above {PROOF_S:g} s",
                "python -m zones.world self-test",
            ) from error
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise SlotError(
                "cannot keep this version as known good: its self-test failed: "
                + (said[-1][:_SAID_MAX] if said else f"exit code {done.returncode}"),
                "python -m zones.world self-test",
            )
        told = json.loads(done.stdout.splitlines()[-1])
        assert Path(told["root"]) == copy.resolve(), "the copy itself was tested"
        return Path(told["cache"])

    return prove


def keep_known_good(home: Path, cache_dir: Path = CACHE_DIR) -> tuple[Slot, str]:
    """Return a home's `fallback` slot, filled from the checkout if it differs, and what was done.

    Raises:
        SlotError: the checkout's version does not work; the slot is as before.
    """
    try:
        slot = find_filled(home, NAME)
        was = "" if slot is None else slot.version[:12]
    except SlotError as error:
        slot, was = None, f"a damaged one ({error.message})"
    if slot is not None and slot.version == version_of(CHECKOUT):
        return slot, f"slot {NAME} has this version already ({was})"
    slot = fill_slot(home, NAME, CHECKOUT, proof_with(cache_dir))
    done = f"slot {NAME} is version {slot.version[:12]} now"
    return slot, f"{done}, it was {was}" if was else f"{done}: the first"


def main(arguments: list[str] | None = None) -> int:
    """Fill the `fallback` slot of a home from the checkout, if it may; return the exit code."""
    parser = argparse.ArgumentParser(prog="slot_proof", description=__doc__)
    parser.add_argument("--home", type=Path, default=CHECKOUT, help="default: the checkout")
    options = parser.parse_args(arguments)
    try:
        _slot, said = keep_known_good(options.home.resolve())
    except SlotError as error:
        print(f"{error.message}\nhint: {error.hint}", file=sys.stderr)
        return 1
    print(f"molt: {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

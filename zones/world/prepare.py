"""`python -m zones.world.prepare`: make a trait ready for a world, from bytes of a stranger.

Owns: the order of the steps, their limits in time, what is kept, the verdict that is printed. Does
not own: screening (`zones/traits/screening.py`), compiling and comparing (`trait_trial.py`), the
store (`zones/runtime/trait_store.py`). It never runs a trait, and loads neither numpy nor numba:
what has to do with the source happens in children that are thrown away. Started niced by the kernel
(`Kernel/core/trait_worker.py`); reads the source from stdin, prints one line of JSON.

Steps: screened in a child; put in the store; compiled by a child, and tried on a copy of the real
world by two more; the verdict is kept, the file for people written, and, last and durably, its hash
added to what the zone's next generation loads. A source that was prepared by this very version of
the code is not prepared again.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from Kernel.contract.compiled_files import hash_sources
from Kernel.contract.errors import MoltError
from Kernel.contract.inputs import MOOD_BYTES, TRAIT_NAME_BYTES
from Kernel.contract.trait_sets import encode_set, is_code_hash, set_name
from zones.runtime.kinship import die_with
from zones.runtime.trait_store import StoredTrait, StoreError, TraitStore
from zones.traits.contract import INTERPRETED, NATIVE, SOURCE_BYTES_MAX
from zones.traits.screening import screen
from zones.traits.verdict import Verdict

ROOT: Final = Path(__file__).resolve().parents[2]
TRIAL_S: Final = 70.0
"""Compiling and trying; each child of it has a limit of its own."""
NOTE_CHARS_MAX: Final = 400


def main(arguments: Sequence[str]) -> int:
    """Prepare the source on stdin, print the verdict and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m zones.world.prepare")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--zone", required=True)
    parser.add_argument("--with", action="append", default=[], dest="hashes", metavar="HASH")
    options = parser.parse_args(arguments)
    source = sys.stdin.buffer.read(SOURCE_BYTES_MAX + 1)
    hashes = [each for each in options.hashes if is_code_hash(each)]
    try:
        verdict = prepare(options.home, options.zone, source, hashes)
    except OSError as error:
        return _failed(f"{error.filename or 'the machine'}: {error.strerror or error}")
    except MoltError as error:
        return _failed(error.message)
    print(json.dumps(verdict))
    return 0


def _failed(why: str) -> int:
    """Say why there is no verdict, and return the exit code for it."""
    print(json.dumps({"failed": why[:NOTE_CHARS_MAX]}))
    return 1


def prepare(home: Path, zone: str, source: bytes, hashes: Sequence[str]) -> dict[str, Any]:
    """Return the verdict on a source; what is accepted is ready to be loaded.

    Args:
        hashes: what the zone's next generation loads besides.

    Raises:
        OSError: the disk refused, or no process is left.
        StoreError: what was put in the store is not there.
    """
    store, code_hash = TraitStore(home), hashlib.sha256(source).hexdigest()
    store.drop_unfinished()
    build = build_of(ROOT)
    known = _prepared_before(store, code_hash, build)
    if known is None:
        verdict = limited(screen(source))
        if not verdict.accepted:
            return _refused(code_hash, verdict)
        store.begin(source)
        tried = _try(home, zone, code_hash, _wanted_tier(verdict))
        if tried.get("refused"):
            store.forget(code_hash)
            rule = str(tried.get("rule", "trial"))
            return _refused(code_hash, Verdict(False, rule, 0, str(tried["refused"])))
        store.finish(code_hash, _kept(verdict, store, code_hash, tried) | {"build": build})
        known = store.load(code_hash)
    told = dict(known.verdict)
    path = store.show(str(told["name"]), int(told["version"]), known.source)
    store.write_set(set_name(zone), encode_set(dict.fromkeys([*hashes, code_hash])))
    store.drop_compiled({*hashes, code_hash})
    return {"accepted": True, **told, "file_path": str(path.relative_to(home))}


def build_of(root: Path) -> str:
    """Return what names the version of everything that makes machine code of a trait."""
    digest = hashlib.sha256(hash_sources(root).encode())
    for path in sorted((root / "zones" / "traits").rglob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def limited(verdict: Verdict) -> Verdict:
    """Return a verdict that also holds names to the room a world has for them."""
    if not verdict.accepted:
        return verdict
    if len(verdict.name.encode()) > TRAIT_NAME_BYTES:
        why = f"the name of the class takes more than {TRAIT_NAME_BYTES} bytes: {verdict.name}"
        return Verdict(False, "name", 0, why, name=verdict.name)
    for mood in verdict.moods:
        if not 0 < len(mood.encode()) <= MOOD_BYTES or not mood.isprintable():
            why = f"a state's name takes 1 to {MOOD_BYTES} printable bytes: {mood!r}"
            return Verdict(False, "state", 0, why, name=verdict.name)
    return verdict


def _wanted_tier(verdict: Verdict) -> str:
    """Return the tier to be tried: native, unless something is known that speaks against it."""
    return INTERPRETED if verdict.why_interpreted else NATIVE


def _prepared_before(store: TraitStore, code_hash: str, build: str) -> StoredTrait | None:
    """Return a trait that this version of the code has prepared, whole; None: prepare it."""
    try:
        known = store.load(code_hash)
    except StoreError:
        return None
    whole = known.has_native or known.verdict.get("tier") == INTERPRETED
    return known if whole and known.verdict.get("build") == build else None


def _try(home: Path, zone: str, code_hash: str, tier: str) -> dict[str, Any]:
    """Have a trait compiled and tried, and return what came of it: tier, note, faults, refused."""
    words = ["--home", str(home), "--zone", zone, "--hash", code_hash, "--tier", tier]
    parent = os.getpid()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "zones.world.trait_trial", *words],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TRIAL_S,
            check=False,
            preexec_fn=lambda: die_with(parent),
        )
    except subprocess.TimeoutExpired:
        # Its children have shorter limits: so it is not the source that takes so long.
        raise MoltError(f"it was not tried in {TRIAL_S:g} s: the machine is busy") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise MoltError(f"cannot try the trait: {said[-1] if said else done.returncode}")
    told = json.loads(done.stdout)
    assert isinstance(told, dict), "it is our own program"
    return told


def _kept(
    verdict: Verdict, store: TraitStore, code_hash: str, tried: Mapping[str, Any]
) -> dict[str, Any]:
    tier = NATIVE if tried.get("tier") == NATIVE else INTERPRETED
    why = str(tried.get("note") or verdict.why_interpreted or verdict.why_volatile)
    note = "; ".join(each for each in (why, str(tried.get("faults") or "")) if each)
    return {
        "name": verdict.name,
        "version": store.version_of(verdict.name, code_hash),
        "tier": tier,
        "state": verdict.state,
        "memory": verdict.memory,
        "moods": list(verdict.moods),
        "note": note[:NOTE_CHARS_MAX],
    }


def _refused(code_hash: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "accepted": False,
        "code_hash": code_hash,
        "name": verdict.name[:NOTE_CHARS_MAX],
        "rule": verdict.rule,
        "line": verdict.line,
        "reason": verdict.reason,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

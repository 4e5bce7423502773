"""The validator under libFuzzer: `python -m tests.fuzz.libfuzzer [OPTIONS OF LIBFUZZER]`.

Owns: the target and the mutator that atheris is given. Does not own: the changes (`mutating.py`),
the rules (`oracle.py`). atheris is no dependency of molt (35 MB, for some machines only): who wants
this second engine beside `covering.py` installs it into a venv of his own. It runs in one process,
so nothing is executed here: only gate, validator, study and tier; a crash is libFuzzer's to report.
"""

import importlib
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import atheris

from tests.fuzz.mutating import mutate_text
from tests.fuzz.oracle import objections
from tests.zones.traits.corpus import found, honest, hostile, hostile_running
from zones.traits.contract import SOURCE_BYTES_MAX, VERDICT_S
from zones.traits.verdict import Refusal

SOURCES = tuple((honest() | hostile() | hostile_running() | found()).values())


# Instrumented while they are imported, so not at the top.
with atheris.instrument_imports(include=["zones.traits"]):
    tiers: Any = importlib.import_module("zones.traits.native.tiers")
    reading: Any = importlib.import_module("zones.traits.reading")


def target(data: bytes) -> None:
    """Judge one source; anything but a verdict in time is a finding."""
    started_s = time.process_time()
    try:
        checked = reading.check_source(data)
    except Refusal:
        checked = None
    if checked is not None:
        tiers.tier_of(checked)
        broken = list(objections(checked.tree))
        assert not broken, broken
    spent_s = time.process_time() - started_s
    assert spent_s < VERDICT_S, f"a verdict took {spent_s:.1f} s"


def mutate(data: bytes, size_max: int, seed: int) -> bytes:
    """Change words of a source, or a few bytes as libFuzzer does it."""
    dice = random.Random(seed)
    if dice.random() < 0.2:
        return bytes(atheris.Mutate(data, size_max))
    return mutate_text(data, dice.choice(SOURCES), dice)[:size_max]


def main() -> None:
    """Run until libFuzzer's limits are met."""
    with tempfile.TemporaryDirectory(prefix="molt-fuzz-") as folder:
        for number, source in enumerate(SOURCES):
            (Path(folder) / str(number)).write_bytes(source)
        options = [f"-max_len={2 * SOURCE_BYTES_MAX}", "-timeout=10", "-rss_limit_mb=3000"]
        atheris.Setup([sys.argv[0], *options, *sys.argv[1:], folder], target, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

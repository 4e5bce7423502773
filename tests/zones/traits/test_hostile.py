"""The hostile corpus: every source is refused, in time, by a rule that says which and where.

They are judged as `molt validate` judges them, by one small process that forks a child for each.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.structure.sources import ROOT
from tests.zones.traits.corpus import HOSTILE, HOSTILE_RUNNING, hostile, hostile_running
from tests.zones.traits.hostile_bytes import BOMBS, BYTES, HEAVY

HEAD = re.compile(rb"# category: ([a-z-]+); expect: refused(?:; rule: ([a-z-]+))?\n")
RUNNING_HEAD = re.compile(rb"# category: ([a-z-]+); expect: stopped\n")
SOURCES_MIN = 150
NOT_ONES_OWN = frozenset({"parser", "too-long", "file"})
"""Of a child that crashed or hung: orderly, and yet a bug of ours where a source meets it."""


def judge(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the verdicts on all files of a folder, by their names."""
    files = sorted(map(str, folder.glob("*.py")))
    done = subprocess.run(
        [sys.executable, "-m", "zones.traits", "validate", "--json", *files],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in {0, 5}, done.stderr
    return {Path(row["file"]).stem: row for row in json.loads(done.stdout)["verdicts"]}


def test_corpus_is_large() -> None:
    """There are hundreds of hostile sources, in many categories."""
    categories = defaultdict(int)
    for name, source in hostile().items():
        head = HEAD.match(source)
        assert head, f"{name} does not say what it is"
        categories[head[1]] += 1
    assert sum(categories.values()) >= SOURCES_MIN
    assert len(categories) >= 20


@pytest.mark.slow
def test_hostile_source_is_refused() -> None:
    """Each source is refused by the rule it says, with a reason."""
    verdicts = judge(HOSTILE)
    wrong = []
    for name, source in hostile().items():
        head = HEAD.match(source)
        assert head
        rule, row = (head[2] or b"").decode(), verdicts[name]
        orderly = not row["accepted"] and row["reason"] and row["rule"] not in NOT_ONES_OWN
        if not orderly or (rule and row["rule"] != rule):
            wrong.append(f"{name}: wanted {rule}, got {row['rule']}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_bytes_and_bombs_are_refused(tmp_path: Path) -> None:
    """What is no text, or exhausts parsers, compilers or walkers, is refused, not by accident."""
    sources = BYTES | BOMBS | HEAVY
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_bytes(source)
    verdicts = judge(tmp_path)
    assert verdicts.keys() == sources.keys()
    for name, row in verdicts.items():
        assert row["rule"] not in NOT_ONES_OWN, f"{name}: {row['rule']}"
        assert name in HEAVY or not row["accepted"], name


@pytest.mark.slow
def test_what_only_running_shows_has_an_orderly_verdict() -> None:
    """Sources that are to be stopped when they run say so, and are judged like any other."""
    assert all(RUNNING_HEAD.match(source) for source in hostile_running().values())
    verdicts = judge(HOSTILE_RUNNING)
    assert verdicts.keys() == hostile_running().keys()
    assert not [name for name, row in verdicts.items() if row["rule"] in NOT_ONES_OWN]

"""Fuzz traits: `python -m tests.fuzz [NAME...] [--seconds S] [--count N] [--seed N]`.

edges: the traits of tests/corpus/edges, as they are and all of them. grammar: random traits.
mutants: changed honest traits and edges. All these in both tiers. validator: changed sources of any
kind, guided by the lines they reach. All four when none is named; the last three share the seconds.
What is found is made smaller and kept in tests/corpus/found.

Exit code 0: nothing was found. 1: something was; the last line of each finding names its seed.
"""

import argparse
import hashlib
import math
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

from tests.fuzz.covering import BATCH, Pool, run_batch
from tests.fuzz.judging import judge, warm_up
from tests.fuzz.mutating import mutate_tree
from tests.fuzz.shrinking import shrink
from tests.fuzz.statements import write_trait
from tests.zones.traits.corpus import FOUND, edges, found, honest, hostile, hostile_running

NAMES = ("edges", "grammar", "mutants", "validator")
SHRINK_TRIES = 150
FINDINGS_MAX = 20
REPORT_S = 60.0
Writer = Callable[[int], str]
"""Gives the source of a seed, "" when there are no more."""


class Campaign:
    """One kind of fuzzing, within its limits.

    Args:
        seconds, count: whichever is met first ends it.
    """

    def __init__(self, name: str, seed: int, seconds: float, count: int, keep: bool) -> None:
        self.name = name
        self.seed = seed
        self.seconds = seconds
        self.count = count
        self.keep = keep
        self.findings: list[str] = []
        self.ends: Counter[str] = Counter()
        self.started_s = time.monotonic()
        self._told_s = self.started_s

    def seeds(self, step: int = 1) -> Iterator[int]:
        """Yield seeds until a limit is met."""
        for number in range(0, self.count, step):
            now_s = time.monotonic()
            if now_s - self.started_s > self.seconds or len(self.findings) >= FINDINGS_MAX:
                return
            if now_s - self._told_s > REPORT_S:
                self._told_s = now_s
                self.tell()
            yield self.seed * 1_000_000 + number

    def tell(self) -> None:
        """Say how far it is."""
        spent_s = time.monotonic() - self.started_s
        ends = ", ".join(f"{how} {times}" for how, times in self.ends.most_common())
        print(
            f"{self.name}: seed {self.seed}, {spent_s:.0f} s, {sum(self.ends.values())} runs "
            f"({ends}), {len(self.findings)} findings",
            flush=True,
        )

    def record(self, how: str, detail: str, source: bytes, seed: int) -> None:
        """Keep a finding, and say it."""
        digest = hashlib.sha256(source).hexdigest()[:12]
        path = FOUND / f"{self.name}_{how}_{digest}.py"
        self.findings.append(path.stem)
        if self.keep:
            FOUND.mkdir(exist_ok=True)
            path.write_bytes(source)
        print(f"FOUND {how}: {detail.strip()[-600:]}\n{source.decode('utf-8', 'replace')}")
        print(f"  {path.name}: {self.name}, seed {seed}", flush=True)


def run_tiers(campaign: Campaign, write: Writer) -> None:
    """Judge what is written for each seed; a finding is made smaller before it is kept."""
    whys: Counter[str] = Counter()
    for seed in campaign.seeds():
        source = write(seed)
        if not source:
            break
        judged = judge(source, seed)
        campaign.ends[judged.how] += 1
        if judged.how in {"interpreted", "refused"}:
            whys[f"{judged.how}: {judged.detail.partition('{')[0][:90]}"] += 1
        if judged.is_finding:
            smaller = shrink(source, partial(fails_alike, seed, judged.how), SHRINK_TRIES)
            again = judge(smaller, seed)
            campaign.record(judged.how, again.detail or judged.detail, smaller.encode(), seed)
    for why, times in whys.most_common(12):
        print(f"  {times} x {why}")


def fails_alike(seed: int, how: str, source: str) -> bool:
    """Tell whether a source fails in this way."""
    return judge(source, seed).how == how


def run_validator(campaign: Campaign) -> None:
    """Run batches of changed sources, guided by the lines they reach."""
    sources = honest() | hostile() | hostile_running() | found() | edges()
    pool = Pool(list(sources.values()))
    begin = len(pool.sources)
    for seed in campaign.seeds(BATCH):
        for finding in run_batch(pool, seed):
            campaign.record(finding.how, finding.detail, finding.source, seed)
        campaign.ends = Counter(refused=pool.refused, accepted=pool.accepted)
    print(f"  {len(pool.lines)} lines reached, {len(pool.sources) - begin} sources kept")


def _edges() -> Writer:
    """Return what gives the edges in turn, and "" when all have been given."""
    sources = [source.decode() for source in edges().values()]

    def write(seed: int) -> str:
        number = seed % 1_000_000
        return sources[number] if number < len(sources) else ""

    return write


def _mutants() -> Writer:
    """Return what changes honest traits and edges."""
    sources = [source.decode() for source in (honest() | edges()).values()]

    def write(seed: int) -> str:
        dice = random.Random(seed)
        return mutate_tree(dice.choice(sources), dice)

    return write


WRITERS: dict[str, Callable[[], Writer]] = {
    "edges": _edges,
    "grammar": lambda: write_trait,
    "mutants": _mutants,
}


def run(arguments: list[str]) -> int:
    """Fuzz, say what was found, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=float, default=60.0, help="of all together (60)")
    parser.add_argument("--count", type=int, default=1_000_000, help="sources of each, at most")
    parser.add_argument("--seed", type=int, help="below 10**6; random when it is left out")
    parser.add_argument("--no-keep", action="store_true", help="do not write to tests/corpus/found")
    options = parser.parse_args(arguments)
    names = options.names or list(NAMES)
    if not set(names) <= set(NAMES):
        parser.error(f"there are {', '.join(NAMES)}")
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    os.nice(5)
    warm_up()
    findings = 0
    shares = len([name for name in names if name != "edges"]) or 1
    for name in names:
        seconds = math.inf if name == "edges" else options.seconds / shares
        campaign = Campaign(name, seed, seconds, min(options.count, 10**6), not options.no_keep)
        if name == "validator":
            run_validator(campaign)
        else:
            run_tiers(campaign, WRITERS[name]())
        campaign.tell()
        findings += len(campaign.findings)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))

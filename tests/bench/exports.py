"""The roads out of the ledger: files, SQL and spans of a million events.

Owns: making the ledger, timing each road. No peer: no other program reads this ledger. Each road is
timed in a process of its own, so that its memory is its own.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from Kernel.contract.codec import pack
from Kernel.contract.envelope import Envelope, Level, new_id, pack_envelope
from tests.bench.report import Report, Row
from zones.ledger.commands import export
from zones.ledger.derived import Deriver
from zones.ledger.exports.event_table import open_events
from zones.ledger.exports.export import choose_target, write
from zones.ledger.exports.otel import SpanTable
from zones.ledger.exports.sql import ask
from zones.ledger.log import Log, LogSettings
from zones.runtime.ledger_file import LedgerReader
from zones.runtime.ledger_search import Query

EVENTS = 1_000_000
EVENTS_QUICK = 50_000
BATCH = 10_000
START_NS = 1_790_000_000_000_000_000
TIMEOUT_S = 900
QUERIES = (
    "SELECT kind, count(*) FROM events GROUP BY 1",
    "SELECT avg((payload->>'avg_energy')::DOUBLE) FROM events WHERE kind = 'telemetry'",
    "SELECT effect.kind, count(*) FROM events effect JOIN events cause ON effect.cause = cause.id "
    "GROUP BY 1",
    "SELECT * FROM events WHERE position = 12345",
)
FORMS = ("parquet", "jsonl", "pb")


def measure(peers: bool, quick: bool) -> Report:
    """Store the events once, then take each road."""
    del peers
    events = EVENTS_QUICK if quick else EVENTS
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        fill(home, events)
        for road in (*FORMS, "sql first", "sql again", "spans"):
            words = [sys.executable, "-m", "tests.bench.exports", road, str(home)]
            done = subprocess.run(
                words, check=True, capture_output=True, text=True, timeout=TIMEOUT_S
            )
            rows += [{"events": events} | each for each in json.loads(done.stdout)]
    return Report("exports", rows, [])


def fill(home: Path, events: int) -> None:
    """Store events like a world's and a kernel's: one in ten is caused by the one before."""
    draw = random.Random(7)
    log = Log(home / "data" / "ledger", LogSettings(), lambda kind, **_: None)
    batch: list[bytes] = []
    cause = b""
    for number in range(events):
        envelope = _event(draw, number, cause if number % 10 == 0 else b"")
        cause = envelope.id
        batch.append(pack_envelope(envelope))
        if len(batch) == BATCH or number == events - 1:
            log.append(batch, [])
            batch = []
    log.close()


def _event(draw: random.Random, number: int, cause: bytes) -> Envelope:
    time_ns = START_NS + number * 20_000_000
    if number % 4 == 0:
        kind = "telemetry"
        payload = {
            "tick": number,
            "entity_count": draw.randrange(1000),
            "avg_energy": draw.random() * 100,
            "genes": [draw.random() for _ in range(8)],
            "dominant_trait": "none",
        }
    else:
        kind = ("zone.ready", "input.applied", "weather.read")[number % 4 - 1]
        payload = {"zone": "stable", "pid": draw.randrange(65_000), "text": f"number {number}"}
    return Envelope(
        new_id(time_ns, draw.randbytes(10)),
        time_ns,
        number,
        "stable",
        kind,
        1,
        Level.INFO,
        pack(payload),
        cause,
    )


def _export(home: Path, form: str) -> Iterator[Row]:
    path = home / f"out.{form}"
    with closing(LedgerReader(home / "data" / "ledger")) as reader:
        query = Query(last=reader.newest)
        chosen = export._chained if form == "pb" else export._found
        words = (reader, query, None) if form == "pb" else (reader, reader.folder, query, None)
        target = choose_target(str(path), None, True)
        watch = _Watch()
        count = write(target, chosen(*words), lambda _: None)
        took = watch.stop()
    size = path.stat().st_size
    path.unlink()
    yield _row(f"export {form}", took, count) | {"bytes_an_event": round(size / count, 1)}


def _sql(home: Path, road: str) -> Iterator[Row]:
    folder = home / "data" / "ledger"
    reader = LedgerReader(folder)
    count = reader.newest
    watch = _Watch()
    with open_events(reader, folder, lambda *_: None, print) as connection:
        took = watch.stop()
        size = os.path.getsize(folder / "events.duckdb")
        row = _row(f"{road}: the table", took, count)
        yield row | {"bytes_an_event": round(size / count, 1)}
        if road == "sql again":
            for query in QUERIES:
                watch = _Watch()
                ask(connection, query)
                yield _row(query[:60], watch.stop(), count)


def _spans(home: Path, _road: str) -> Iterator[Row]:
    folder = home / "data" / "ledger"
    table = SpanTable(folder, home / "log", None, lambda *_, **__: None)
    deriver = Deriver(LedgerReader(folder), [table], time.monotonic, lambda *_, **__: None)
    watch = _Watch()
    while deriver.step(1.0):
        pass
    took = watch.stop()
    written = table.facts()["written"]
    yield _row("spans: events taken", took, table.upto)
    yield _row("spans: written", took, written)
    table.close()


class _Watch:
    """Time since it was made: on the wall, and of this process's processors."""

    def __init__(self) -> None:
        self._began_s, self._cpu_s = time.perf_counter(), time.process_time()

    def stop(self) -> tuple[float, float]:
        return time.perf_counter() - self._began_s, time.process_time() - self._cpu_s


def _row(road: str, took: tuple[float, float], count: int) -> dict[str, str | float | int]:
    took_s, cpu_s = took
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "road": road,
        "seconds": round(took_s, 3),
        "cpu_s": round(cpu_s, 3),
        "per_s": round(count / took_s),
        "peak_mb": round(peak_mb),
    }


ROADS: dict[str, Callable[[Path, str], Iterator[Row]]] = {
    **dict.fromkeys(FORMS, _export),
    "sql first": _sql,
    "sql again": _sql,
    "spans": _spans,
}


if __name__ == "__main__":
    print(json.dumps(list(ROADS[sys.argv[1]](Path(sys.argv[2]), sys.argv[1]))))

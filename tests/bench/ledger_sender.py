"""Write events to a live kernel's ledger at a steady rate: `HOME RATE_PER_S SECONDS`.

Owns: the rate, and counting what was durable in time. Prints {events, seconds, behind_s}: how many
of its events were on disk at the end, and the longest it was behind its rate. Each event is made,
validated and redacted here, as senders do.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Final

from Kernel.contract.places import BUS
from tests.bench.ledger_stores import make_bench_event
from zones.runtime.ahead_file import new_epoch
from zones.runtime.user_bus import UserBus, connector

ZONE: Final = "chronos"
"""Whose endpoint it uses: that of a zone every kernel has."""
BEAT_S: Final = 0.005
"""So often it sends what is due."""
OUTSTANDING: Final = 4000
FLUSH_S: Final = 20.0


def main(words: list[str]) -> None:
    """Send for as long as asked."""
    home, rate_per_s, seconds = Path(words[0]), int(words[1]), float(words[2])
    directory = os.open(home / BUS, os.O_RDONLY | os.O_DIRECTORY)
    bus = UserBus(
        connector(directory, ZONE),
        ZONE,
        new_epoch(time.time_ns(), os.urandom(10)),
        home / "ahead-bench",
        time.monotonic,
        lambda event, **values: print(event, values, file=sys.stderr),
        outstanding_max=OUTSTANDING,
    )
    sent = 0
    behind_s = 0.0
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        due = int(passed * rate_per_s)
        behind_s = max(behind_s, (due - sent) / rate_per_s)
        while sent < due:
            bus.send(make_bench_event(sent, ZONE))
            sent += 1
        bus.poll()
        time.sleep(BEAT_S)
    bus.flush(FLUSH_S)
    took_s = time.monotonic() - began
    bus.close()
    print(json.dumps({"events": sent, "seconds": took_s, "behind_s": behind_s}))


if __name__ == "__main__":
    main(sys.argv[1:])

"""How long a verdict takes: run as a process of its own, small as the one of `molt validate` is.

Prints the ms of each verdict over the honest corpus as JSON. The bench itself has numba loaded, and
forking such a process costs more than the verdict.
"""

import json
import sys
import time

from tests.bench.figures import NS_PER_MS
from tests.zones.traits.corpus import honest
from zones.traits.screening import screen


def main() -> None:
    """Screen each honest trait as often as the first argument says; the first time warms."""
    rounds = int(sys.argv[1])
    taken: list[float] = []
    for number in range(rounds + 1):
        for name, source in honest().items():
            started_ns = time.perf_counter_ns()
            verdict = screen(source)
            spent_ms = (time.perf_counter_ns() - started_ns) / NS_PER_MS
            assert verdict.accepted, (name, verdict)
            if number:
                taken.append(spent_ms)
    assert "numba" not in sys.modules and "numpy" not in sys.modules
    print(json.dumps(taken))


if __name__ == "__main__":
    main()

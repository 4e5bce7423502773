"""What the supervision peers keep alive: a numpy worker that counts its ticks in a mapped file.

Run as `python supervision_worker.py FILE`. FILE holds two words, u64: the pid of the worker that
ticked last, and the ticks of all workers. The pid is stored behind the tick, so a new pid in the
file proves that a new worker has done work.
"""

import os
import sys
import time

import numpy as np

PERIOD_S = 0.002
ENTITIES = 500


def run(path: str) -> None:
    """Tick until killed."""
    words = np.memmap(path, dtype=np.uint64, mode="r+", shape=(2,))
    places = np.zeros((ENTITIES, 2), dtype=np.float32)
    while True:
        places += 1.0
        words[1] += np.uint64(1)
        words[0] = os.getpid()
        time.sleep(PERIOD_S)


if __name__ == "__main__":
    run(sys.argv[1])

"""A child that floods a kernel's doors, and looks whether it is answered as it must be.

Owns: what is said at the scribe's socket and at the console, and what must come back. Does not own:
the user bus (`bus_pestering.py`), one connection (`peer.py`). It ends with 0 when what is good was
taken and what is bad was refused; it says on stderr what was not.

    python -m tools.chaos.pestering scribe|console HOME SECONDS SEED
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Final

from Kernel.contract.places import CONSOLE_SOCKET, SCRIBE_SOCKET
from tools.chaos.peer import Peer

KIND: Final = "chaos.flood"
LINES_MAX: Final = 15_000
"""Good ones of one flood: each is an event of some 200 bytes in the ledger."""
TALKERS: Final = 8
LEFT: Final = 30
"""Connections that are opened and left: more than the scribe has room for."""
AHEAD_BYTES: Final = 32 * 1024
HUGE_BYTES: Final = 1 << 20
GRACE_S: Final = 20.0
"""So long after the flood somebody good must have been taken: whoever answers may be away."""
IDLE_S: Final = 0.001
CALLERS: Final = 3000
CALLERS_AT_ONCE: Final = 64
DEEP: Final = 100_000

TAKEN: Final = "taken"
REFUSED: Final = "refused"


def main(arguments: list[str]) -> int:
    """Flood one door; 0: all was as it must be."""
    what, home, seconds, seed = arguments
    flood = {"scribe": flood_scribe, "console": flood_console}[what]
    counts = flood(Path(home), time.monotonic() + float(seconds), Random(int(seed)))
    unseen = [each for each in (TAKEN, REFUSED) if not counts[each]]
    if unseen:
        print(f"flood {what}: nothing was {' nor '.join(unseen)}: {counts}", file=sys.stderr)
    return 1 if unseen else 0


def count_answers(counts: Counter[str]) -> Callable[[bytes], None]:
    """Return what takes the lines that come back: each says whether it was done."""

    def take(line: bytes) -> None:
        answer = json.loads(line)
        counts[TAKEN if answer["ok"] else "again" if answer.get("again") else REFUSED] += 1

    return take


def is_over(counts: Counter[str], until_s: float, now_s: float) -> bool:
    """Tell whether a flood has lasted, and seen all that it must, or will not see it any more."""
    has_seen = counts[TAKEN] and counts[REFUSED]
    return now_s > until_s and (bool(has_seen) or now_s > until_s + GRACE_S)


# The scribe.


def flood_scribe(home: Path, until_s: float, chance: Random) -> Counter[str]:
    """Write as many lines as are taken, good ones and bad ones, and leave many connections."""
    counts: Counter[str] = Counter()
    path, take = home / SCRIBE_SOCKET, count_answers(counts)
    talkers = [Peer(path, take) for _ in range(TALKERS)]
    left = [Peer(path, take) for _ in range(LEFT)]
    for each in left:
        each.say(chance.choice((b"", b'{"kind": "chaos.fl', b"x" * HUGE_BYTES)))
    said = 0
    while True:
        now_s = time.monotonic()
        if is_over(counts, until_s, now_s):
            break
        for place, each in enumerate(talkers):
            if each.is_gone:
                talkers[place] = Peer(path, take)
            elif len(each.said) < AHEAD_BYTES and said < LINES_MAX:
                lines = [_line(chance) for _ in range(64)]
                said += len(lines)
                each.say(b"".join(lines))
        _turn([*talkers, *left])
    for each in (*talkers, *left):
        each.close()
    return counts


def _line(chance: Random) -> bytes:
    """Return a line: nine of ten are good."""
    if chance.random() < 0.9:
        fields = {"kind": KIND, "payload": {"number": chance.randrange(1 << 30)}, "agent": "flood"}
        return json.dumps(fields).encode() + b"\n"
    return chance.choice(
        (
            b"no JSON at all\n",
            b'{"kind": "kernel.stopped", "payload": {}}\n',
            b'{"kind": "chaos.flood", "payload": []}\n',
            b'{"kind": "chaos.flood", "number": 1}\n',
            b"[" * 10_000 + b"\n",
            chance.randbytes(200).replace(b"\n", b" ") + b"\n",
        )
    )


# The console.


def flood_console(home: Path, until_s: float, chance: Random) -> Counter[str]:
    """Open connections by the hundred, that ask nonsense, too much, or nothing at all."""
    counts: Counter[str] = Counter()
    path, take = home / CONSOLE_SOCKET, count_answers(counts)
    peers: list[Peer] = []
    opened = 0
    while True:
        now_s = time.monotonic()
        if is_over(counts, until_s, now_s):
            break
        peers = [each for each in peers if not each.is_gone]
        wanted = CALLERS_AT_ONCE if opened < CALLERS else 1
        while len(peers) < wanted:
            peers.append(Peer(path, take))
            peers[-1].say(_request(chance))
            opened += 1
            if peers[-1].is_gone:  # many wait to be let in
                break
        if len(peers) > 1 and chance.random() < 0.2:
            chance.choice(peers).close()
        _turn(peers)
    for each in peers:
        each.close()
    return counts


def _request(chance: Random) -> bytes:
    return chance.choice(
        (
            b"",
            b'{"command": "sta',
            b'{"command": "status"}\n',
            b'{"command": "status"}\n' * 200,
            b'{"command": "nosuch"}\n',
            b'{"command": "set", "args": {"key": "world.no", "value": 1}}\n',
            b'{"command": "status", "args": {"what": "ever"}}\n',
            b'{"command": 7}\n',
            b"[" * DEEP + b"\n",
            chance.randbytes(4096),
            b"x" * HUGE_BYTES,
        )
    )


def _turn(peers: Sequence[Peer]) -> None:
    for each in peers:
        each.turn()
    time.sleep(IDLE_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

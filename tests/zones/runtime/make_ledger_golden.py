"""Make the golden ledger: `python -m tests.zones.runtime.make_ledger_golden FOLDER`.

Only for a new version of the on-disk form; the files of older versions stay and stay readable.
"""

import gzip
import sys
import tempfile
from pathlib import Path

import apsw

from tests.zones.ledger.damage import WAL, News, open_log, record
from zones.ledger import segments
from zones.ledger.tail import cut_tail
from zones.runtime.ledger_file import LOG, SEGMENTS, ArenaMark, SenderMark


def make(folder: Path) -> None:
    """Write one ledger with everything in it: segments, log, marks, a cut and its gap."""
    segments.BLOCK_RECORDS_MAX = 20
    with tempfile.TemporaryDirectory() as name:
        made = Path(name)
        log = open_log(made, News(), log_bytes_max=60_000, segment_bytes=5_000)
        log.append(
            [record(number) for number in range(1, 121)],
            [SenderMark("kernel", b"k" * 16, 100), ArenaMark(b"a" * 16, 20, 640)],
        )
        log.append([b"x" * 60_000])
        while log.maintain(1.0):
            pass
        log.append([record(number) for number in range(122, 131)])
        log.close()
        connection = apsw.Connection(str(made / LOG))
        cut_tail(connection, 127, 130)
        connection.close()
        log = open_log(made)
        log.append([record(131)])
        log.close()
        connection = apsw.Connection(str(made / LOG))
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        connection.close()
        (made / WAL).unlink(missing_ok=True)
        (folder / SEGMENTS).mkdir(parents=True)
        for path in (made / LOG, *(made / SEGMENTS).iterdir()):
            target = folder / path.relative_to(made)
            target.with_name(target.name + ".gz").write_bytes(
                gzip.compress(path.read_bytes(), 9, mtime=0)
            )


if __name__ == "__main__":
    make(Path(sys.argv[1]))

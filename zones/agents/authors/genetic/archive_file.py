"""The archive of the offline author as a file, so that missions learn from each other.

Owns: reading and writing `archive.msgpack`, what happens to a damaged one. Does not own: what is in
it (`archive.py`), the folder (the zone's service).
A file that cannot be read is no reason not to work: the author begins afresh and says why.
"""

from pathlib import Path
from typing import Final

from Kernel.contract.codec import pack, unpack
from Kernel.contract.errors import CodecError
from zones.agents.authors.genetic.archive import Archive, parse_archive

NAME: Final = "archive.msgpack"
BYTES_MAX: Final = 4 * 1024 * 1024


def load(path: Path) -> tuple[Archive, str]:
    """Return the archive of a file, and why it is a fresh one though there is one, else ""."""
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
        return parse_archive(unpack(data, BYTES_MAX)), ""
    except FileNotFoundError:
        return Archive(), ""
    except OSError as error:
        return Archive(), f"cannot read {path.name}: {error.strerror}; the author begins afresh"
    except (CodecError, ValueError) as error:
        return Archive(), f"cannot use {path.name}: {error}; the author begins afresh"


def save(archive: Archive, path: Path) -> None:
    """Write the archive: wholly or not at all. Losing it costs a few trials, so nothing is synced.

    Raises:
        OSError: the disk refused.
    """
    written = path.with_name(f".{path.name}.new")
    written.write_bytes(pack(archive.fields(), BYTES_MAX))
    written.replace(path)

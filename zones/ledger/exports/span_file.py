"""The file of spans: lines that grow up to a size, with some older files beside it.

Owns: `spans.jsonl`, turning it over, going back to where a transaction stood. Does not own: what a
line says (`otlp_json.py`), which transaction (`otel.py`).

    HOME/log/spans.jsonl     the newest
    HOME/log/spans.1.jsonl   the one before, and so on up to FILES_MAX

Nothing is synced: spans are made from the ledger, which is. After a power cut some may be missing.
"""

import os
from pathlib import Path
from typing import Final

NAME: Final = "spans.jsonl"
FILE_BYTES: Final = 16 * 1024 * 1024
FILES_MAX: Final = 4
"""Of `spans.jsonl` and those before it: 64 MB in all."""
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


class SpanFile:
    """The file.

    Args:
        folder: HOME/log; made when it is missing.

    Raises:
        OSError: the disk refused; from every method.
    """

    def __init__(self, folder: Path, file_bytes: int = FILE_BYTES) -> None:
        self.path = folder / NAME
        self._file_bytes = file_bytes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def size_bytes(self) -> int:
        """Return how long it is now; somebody may have deleted it."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def cut(self, size_bytes: int) -> None:
        """Take away what was written behind a transaction that did not come to its end."""
        if self.size_bytes() > size_bytes:
            os.truncate(self.path, size_bytes)

    def turn_over(self) -> bool:
        """Begin a new file where this one is full; return whether it did."""
        if self.size_bytes() < self._file_bytes:
            return False
        for number in range(FILES_MAX - 1, 0, -1):
            younger = self._older(number - 1)
            if younger.exists():
                younger.rename(self._older(number))
        return True

    def append(self, line: bytes) -> int:
        """Append a line and return how long the file is then. A half line is taken back."""
        descriptor = os.open(self.path, _FLAGS, 0o600)
        try:
            before = os.fstat(descriptor).st_size
            data = memoryview(line + b"\n")
            try:
                while data:
                    data = data[os.write(descriptor, data) :]
            except OSError:
                os.ftruncate(descriptor, before)
                raise
            return before + len(line) + 1
        finally:
            os.close(descriptor)

    def _older(self, number: int) -> Path:
        return self.path.with_name(f"spans.{number}.jsonl") if number else self.path

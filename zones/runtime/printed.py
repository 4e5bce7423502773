"""What a program prints, kept in memory up to a limit.

Owns: the limit, and how much came after it. Does not own: who prints (`called.py`).
"""

import io
from typing import TextIO


class Printed:
    """Standard output and error of one program: one text, in the order in which it was written.

    Args:
        bytes_max: so much of the beginning is kept.

    Attributes:
        stream: takes its place as `sys.stdout`; it has a `buffer`, as the real one.
        dropped_bytes: so much came after what is kept.
    """

    def __init__(self, bytes_max: int) -> None:
        self._kept = _Kept(bytes_max)
        self.stream: TextIO = io.TextIOWrapper(
            self._kept,  # type: ignore[type-var]  # typeshed asks for a name, which it has not
            encoding="utf-8",
            errors="backslashreplace",
            write_through=True,
        )

    @property
    def dropped_bytes(self) -> int:
        """How many bytes are not kept."""
        return self._kept.dropped_bytes

    def text(self) -> str:
        """Return what is kept; bytes that are no text are replaced."""
        return self._kept.data.decode(errors="replace")


class _Kept(io.BufferedIOBase):
    def __init__(self, bytes_max: int) -> None:
        super().__init__()
        self.data = bytearray()
        self.dropped_bytes = 0
        self._bytes_max = bytes_max

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        given = memoryview(data).cast("B")  # type: ignore[arg-type]  # as the real one: any buffer
        room = max(0, self._bytes_max - len(self.data))
        self.data += given[:room]
        self.dropped_bytes += max(0, len(given) - room)
        return len(given)

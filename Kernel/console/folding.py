"""Break lines between words on a terminal, which would break them inside one.

Owns: how wide a stream is and where its lines break. Does not own: what is in them. A pipe has no
width: there a line stays whole, so that grep sees all of it. Commands to paste are never broken:
a terminal gives a line that it broke itself back as one.
"""

import shutil
from textwrap import wrap
from typing import TextIO

COLUMNS_MIN = 20


def columns_of(stream: TextIO) -> int:
    """Return the width of a terminal, 0 when the stream is none."""
    return max(COLUMNS_MIN, shutil.get_terminal_size().columns) if stream.isatty() else 0


def fold(text: str, columns: int, indent: int = 0) -> str:
    """Return a line as the lines it takes, broken between words only.

    Args:
        columns: 0: it stays whole.
        indent: blanks before each line but the first.
    """
    if not columns or len(text) <= columns:
        return text
    lines = wrap(
        text,
        columns,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)

"""What is in a file that a command names, as it is sent to the kernel.

Owns: reading it, with its limit. Does not own: what it is for (`commands.py`). The kernel may run
in another folder and may not read everybody's files, so it is sent the content and no path.
"""

import sys
from base64 import b64encode
from pathlib import Path

from Kernel.contract.errors import UsageError

STDIN = "-"
LABEL_MAX = 200


class Content(str):
    """What is in a file, as base64, with the path it was read from."""

    path = ""


def file_of(content: object) -> str:
    """Return the path that content was read from, "" for what came otherwise."""
    return content.path if isinstance(content, Content) else ""


def label_of(content: object) -> str:
    """Return what content is called in one line: its path, or the end of one."""
    path = file_of(content)
    name = "stdin" if path in ("", STDIN) else path
    return "".join(each if each.isprintable() else "?" for each in name)[-LABEL_MAX:]


def read_content(command: str, path: Path, most: int) -> Content:
    """Return a file's bytes as base64.

    Args:
        path: "-" is what comes on stdin.
        most: bytes; a longer file is not read to its end.

    Raises:
        UsageError: it cannot be read, or is longer.
    """
    try:
        if str(path) == STDIN:
            data = sys.stdin.buffer.read(most + 1)
        else:
            with path.open("rb") as file:
                data = file.read(most + 1)
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"cannot read {path}: {why}", f"molt help {command}") from error
    if len(data) > most:
        raise UsageError(
            f"cannot read {path}: it is longer than {most} bytes", f"molt help {command}"
        )
    content = Content(b64encode(data).decode())
    content.path = str(path)
    return content

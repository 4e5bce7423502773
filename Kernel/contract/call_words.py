"""How the end of a call reads: its traceback as Python writes one, its one-line reason.

Owns: these words. Does not own: what an answer holds (`call_job.py`), who shows it. Pure but for
`read_line`, which whoever has the files gives.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

HEAD: Final = "Traceback in the sealed process (most recent call last):"


def reason(error: Mapping[str, Any]) -> str:
    """Return the type and message of an error, in one line."""
    kind, message = str(error.get("type", "")), str(error.get("message", ""))
    return f"{kind}: {message}" if message else kind


def traceback_text(
    error: Mapping[str, Any], read_line: Callable[[str, int], str] = lambda _file, _line: ""
) -> str:
    """Return an error with the way to it; its reason alone where there are no frames.

    Args:
        error: of an answer.
        read_line: gives the text of a line where the answer has none: the process had no files.
    """
    frames = error.get("frames") or []
    lines = [HEAD] if frames else []
    for file, line, function, text in frames:
        if not file:
            lines.append(f"  {function}")
            continue
        lines.append(f'  File "{file}", line {line}, in {function}')
        shown = text or read_line(file, line).strip()
        lines += [f"    {shown}"] if shown else []
    return "\n".join([*lines, reason(error)])

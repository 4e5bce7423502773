"""How the end of a call is shown to people: what it printed, its value, or its traceback.

Owns: these looks. Does not own: what is in an answer (`Kernel/core/calls.py`), its words
(`Kernel/contract/call_words.py`), the exit code. What foreign code wrote cannot steer the terminal.
"""

import json
import linecache
from typing import IO

from Kernel.console.values import Fields, fields_of, number, word
from Kernel.contract.call_words import traceback_text

RESULT_WIDTH = 88


def show_call(result: Fields, out: IO[str], err: IO[str]) -> None:
    """Write what a call printed and returned to `out`, what went wrong to `err`."""
    printed = harmless(result.get("printed"))
    out.write(printed)
    if printed and not printed.endswith("\n"):
        out.write("\n")
    dropped = result.get("dropped_bytes")
    if isinstance(dropped, int) and dropped:
        out.flush()
        err.write(f"truncated: {dropped} bytes more were printed\n")
    if result.get("ok") is True:
        value = result.get("result")
        if value is not None:
            out.write(harmless(value if isinstance(value, str) else _as_json(value)) + "\n")
        return
    out.flush()
    error = fields_of(result, "error")
    text = traceback_text(error, linecache.getline)
    seconds = number(result.get("seconds")) or 0.0
    end = f"{word(result, 'file')}: {word(result, 'outcome')} after {seconds:.2f} s"
    err.write(f"{harmless(text)}\n{end}\n")


def harmless(text: object) -> str:
    """Return text without control characters but line ends and tabs."""
    if not isinstance(text, str):
        return ""
    return "".join(each for each in text if each.isprintable() or each in "\n\t")


def _as_json(value: object) -> str:
    """Return a value in one line, or in many where that is too long."""
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= RESULT_WIDTH else json.dumps(value, ensure_ascii=False, indent=2)

"""The comment at the top of a file of `mutations/`: where the code comes from, what became of it.

Owns: writing it and taking it off again. Does not own: when a file is written (`folder.py`). Pure.

The hash of a mutation is that of its source without this comment: a file of ours that is read back
gives the very bytes that were accepted, also where an editor has changed the line ends of the
comment. All of it that comes from models and people is made one printable line, in ASCII: whatever
encoding the source declares, the comment can be read in it.
"""

import re
from typing import Any, Final

from zones.agents.mutation import QUARANTINED, ROLLED_BACK, Mutation

BEGIN: Final = b"# molt: "
END: Final = "# molt: the source begins below this line"
HEADER_BYTES_MAX: Final = 4096
TEXT_MAX: Final = 160
_END: Final = re.compile(rb"^" + re.escape(END.encode()) + rb"\r?\n", re.MULTILINE)


def header(mutation: Mutation, plan: str = "") -> bytes:
    """Return the comment for a mutation.

    Args:
        plan: what its plan says in words.
    """
    lines = [
        _line("molt", f"{mutation.name}, mutation {mutation.id}"),
        "# Written by molt. An edit of this file is tried like any other source, and then becomes",
        "# the next version; docs/evolution.md tells more.",
        _line("status", _status(mutation)),
    ]
    if mutation.reason:
        lines.append(_line("reason", mutation.reason))
    came_in = mutation.applied_at_tick
    lines += [
        _line("applied", "never" if came_in is None else f"at tick {came_in}"),
        _line("author", ", ".join(each for each in (mutation.author, mutation.model) if each)),
        _line("prompt", mutation.prompt_hash or "-"),
        _line("plan", " ".join(each for each in (mutation.plan or "-", plan) if each)),
        _line("code", f"sha256 {mutation.code_hash}"),
        END,
    ]
    made = ("\n".join(lines) + "\n").encode("ascii")
    assert len(made) <= HEADER_BYTES_MAX, "every line has a limit"
    return made


def without_header(data: bytes) -> bytes:
    """Return a source as it was accepted: without our comment, if it has one."""
    if not data.startswith(BEGIN):
        return data
    end = _END.search(data, 0, HEADER_BYTES_MAX * 2)
    return data if end is None else data[end.end() :]


def _status(mutation: Mutation) -> str:
    told = mutation.status.replace("_", " ")
    if mutation.status in (ROLLED_BACK, QUARANTINED):
        return f"{told}: nothing carries it; carriers went back to {mutation.rollback_to or '-'}"
    if mutation.removed_at_tick is not None:
        return f"{told}, and removed by hand at tick {mutation.removed_at_tick}"
    return told


def _line(label: str, text: Any) -> str:
    printable = str(text).encode("ascii", "backslashreplace").decode()
    one = "".join(each if each.isprintable() else " " for each in printable)
    return f"# {label}: {one[:TEXT_MAX]}".rstrip()

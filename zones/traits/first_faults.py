"""Where the first call of each kind of fault failed, for whoever wrote the trait.

Owns: a line and a name from an exception. Does not own: the kinds (`contract.py`), telling them
(`zones/world/trial`). Nothing of the source runs here: of its own exceptions only the line is
taken.
"""

import re
from typing import Any, Final, NamedTuple

NAME_CHARS_MAX: Final = 64
FRAMES_MAX: Final = 10_000
_NAMED: Final = re.compile(rf"(?:attribute|set|delete) '(\w{{1,{NAME_CHARS_MAX}}})'")
_traceback: Final[Any] = BaseException.__dict__["__traceback__"]


class FirstFault(NamedTuple):
    """Where it was: `line` is 0 and `name` (of an attribute) "" where that is not known."""

    line: int = 0
    name: str = ""


def first_fault(error: BaseException, file: str) -> FirstFault:
    """Return where in a source an exception came from.

    Args:
        file: what the code of the source is compiled as.
    """
    line, frame = 0, _traceback.__get__(error)
    for _ in range(FRAMES_MAX):
        if frame is None:
            break
        if frame.tb_frame.f_code.co_filename == file:
            line = frame.tb_lineno
        frame = frame.tb_next
    name = ""
    # What is not plain may be the source's own code.
    if type(error) is AttributeError and all(type(each) is str for each in error.args):
        found = _NAMED.search(" ".join(error.args))
        name = found[1] if found else ""
    return FirstFault(line, name)

"""Hints that can be pasted: they name the home that the command which failed was about.

Owns: putting `--home` into a command line that we suggest. Does not own: what is suggested. Pure.
"""

import shlex

_NEEDS_NO_HOME = "molt help"


def at_home(hint: str, given: str | None, used: str | None) -> str:
    """Return a hint as a command line about the same home.

    Args:
        hint: a command line, or words that are none and stay as they are.
        given: the word after `--home`, None when there was none: `molt` then finds it again.
        used: the same or, without it, MOLT_HOME, which `manifest.py` does not read.
    """
    if " --home " in hint or hint == _NEEDS_NO_HOME or hint.startswith(_NEEDS_NO_HOME + " "):
        return hint
    for program, home in (("molt", given), ("python manifest.py", used)):
        if home is not None and (hint == program or hint.startswith(program + " ")):
            return f"{program} --home {shlex.quote(home)}{hint.removeprefix(program)}"
    return hint

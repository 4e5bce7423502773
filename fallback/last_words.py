"""What a program that failed said last, as one line for people."""

import re

# As a traceback names a place, and as the kernel does.
_PLACE = re.compile(r'File "([^"]+)", line (\d+)|([^\s()]+\.py):(\d+)')


def last_words(text: str) -> tuple[str, str]:
    """Return what a program that failed said last, and its hint.

    Of a traceback that is the error with the last file and line it names.
    """
    lines = [printable(line) for line in text.splitlines() if line.strip()]
    hint = ""
    if lines and lines[-1].startswith("hint: "):
        hint = lines.pop().removeprefix("hint: ")
    if not lines:
        return "", hint
    places = [line.strip() for line in lines if line.lstrip().startswith('File "')]
    traced = any(line.startswith("Traceback") for line in lines) or lines[-1].startswith(
        ("SyntaxError", "IndentationError", "TabError")
    )
    if not traced or not places:
        return lines[-1].strip()[:500], hint
    return f"{lines[-1].strip()[:400]} ({places[-1][:300]})", hint


def place_of(why: str) -> str:
    """Return the place that last words name, as FILE:LINE, or ""."""
    found = _PLACE.search(why)
    return ":".join(word for word in found.groups() if word) if found else ""


def printable(text: str) -> str:
    """Return text that cannot steer a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in text)

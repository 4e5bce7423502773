"""Lists of names as they are best read: a text of words.

Owns: making one of it.
"""


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())

"""What the names of a function stand for: one variable, or another from some statement on.

Owns: versions of names. Does not own: variables (`emitter.py`).

A variable has one type. Where a name is bound to something that its variable cannot hold, it
stands for a new variable from there on. Where ways meet on which it stands for different ones, and
in loops that bind it anew, it is unclear; reading it then keeps a trait in the interpreted tier.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Naming:
    """Names of one function at one statement.

    Attributes:
        versions: number of the place that bound a name anew; none: the first variable.
        unclear: names that stand for different variables on different ways.
    """

    versions: dict[str, int] = field(default_factory=dict)
    unclear: set[str] = field(default_factory=set)

    def copy(self) -> "Naming":
        """Return the same, to be changed."""
        return Naming(dict(self.versions), set(self.unclear))

    def bind(self, name: str, version: int) -> None:
        """Let a name stand for a new variable."""
        self.versions[name] = version
        self.unclear.discard(name)

    def blur(self, names: set[str]) -> None:
        """Let names be unclear."""
        self.unclear |= names


def meet(ways: list[Naming]) -> Naming:
    """Return what names stand for where ways meet; there is at least one."""
    result = ways[0].copy()
    for way in ways[1:]:
        for name in result.versions.keys() | way.versions.keys():
            if result.versions.get(name) != way.versions.get(name):
                result.unclear.add(name)
        result.unclear |= way.unclear
    return result

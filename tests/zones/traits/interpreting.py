"""Traits of the interpreted tier, as tests make and run them."""

from zones.traits.interpreted import InterpretedTrait
from zones.traits.reading import check_source

BODY = """
class Made(Trait):
    async def execute(self, entity):
{}
"""


def interpret(source):
    """Return the trait of a source."""
    return InterpretedTrait(check_source(source.encode()))


def body(lines):
    """Return the source of a trait whose `execute` has these lines."""
    indented = "\n".join(" " * 8 + line for line in lines.strip("\n").splitlines())
    return BODY.format(indented)


def run(source, scene, count=None):
    """Run a source on a scene once and return the trait."""
    trait = interpret(source)
    trait.run(scene, len(scene.living) if count is None else count)
    return trait


def outcome(scene, place=0):
    """Return (status, fuel) of one call."""
    return int(scene.arrays["status"][place]), int(scene.arrays["fuel"][place])

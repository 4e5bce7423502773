"""All hostile acts, in the order of the table."""

from typing import Final

from tests.cage import exhaustion, files, machinery, others, privileges, processes, sockets
from tests.cage.primitive import Primitive

PRIMITIVES: Final[tuple[Primitive, ...]] = (
    *files.PRIMITIVES,
    *sockets.PRIMITIVES,
    *others.PRIMITIVES,
    *processes.PRIMITIVES,
    *machinery.PRIMITIVES,
    *privileges.PRIMITIVES,
    *exhaustion.PRIMITIVES,
)
BY_NAME: Final = {each.name: each for each in PRIMITIVES}

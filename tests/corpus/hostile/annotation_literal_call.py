# category: annotations; expect: refused; rule: annotation
from typing import Literal

x: Literal[len('a')] = 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass

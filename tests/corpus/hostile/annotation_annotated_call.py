# category: annotations; expect: refused; rule: annotation
from typing import Annotated

x: Annotated[int, eval('1')] = 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass

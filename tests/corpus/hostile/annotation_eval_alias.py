# category: annotations; expect: refused
from typing import List

x: List[exec] = 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass

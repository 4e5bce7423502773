# category: classes; expect: refused; rule: base
from collections import deque


class L(deque):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass

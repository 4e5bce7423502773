# category: rebinding; expect: refused; rule: rebinding
from collections import deque


class Sneaky(Trait):
    async def execute(self, entity):
        deque.append = None

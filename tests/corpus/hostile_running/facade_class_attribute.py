# category: escapes; expect: stopped
from collections import deque


class Greedy(Trait):
    async def execute(self, entity):
        d = deque
        d.mine = 1

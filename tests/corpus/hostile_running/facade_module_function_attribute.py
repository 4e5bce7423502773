# category: escapes; expect: stopped
from math import sqrt


class Greedy(Trait):
    async def execute(self, entity):
        f = sqrt
        f.mine = 1

# category: slow-operations; expect: stopped
import random


class Greedy(Trait):
    async def execute(self, entity):
        random.getrandbits(10 ** 9)

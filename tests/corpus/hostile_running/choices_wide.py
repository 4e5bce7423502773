# category: slow-operations; expect: stopped
import random


class Greedy(Trait):
    async def execute(self, entity):
        random.choices([1, 2], k=10 ** 9)

# category: slow-operations; expect: stopped
import random


class Greedy(Trait):
    async def execute(self, entity):
        random.sample(range(9999999), 9999999)

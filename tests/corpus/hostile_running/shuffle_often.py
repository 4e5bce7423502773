# category: slow-operations; expect: stopped
import random


class Greedy(Trait):
    async def execute(self, entity):
        a = list(range(60000))
        for _ in range(10 ** 5):
            random.shuffle(a)

# category: memory; expect: stopped
from collections import Counter


class Greedy(Trait):
    async def execute(self, entity):
        list(Counter(a=10 ** 9).elements())

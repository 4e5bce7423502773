# category: endless; expect: stopped
import itertools
from collections import Counter


class D(Counter):
    def __init__(self):
        super().__init__(itertools.cycle('ab'))


class Greedy(Trait):
    async def execute(self, entity):
        D()

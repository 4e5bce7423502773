# category: rebinding; expect: refused; rule: rebinding
import random


class Sneaky(Trait):
    async def execute(self, entity):
        random.random = lambda: 0.5

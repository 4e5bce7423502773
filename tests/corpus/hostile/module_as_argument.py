# category: rebinding; expect: refused; rule: attribute
import random


class Sneaky(Trait):
    def f(self, m):
        return m.random()

    async def execute(self, entity):
        self.f(random)

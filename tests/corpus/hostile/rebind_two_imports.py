# category: rebinding; expect: refused; rule: rebinding
from math import pow as p
from random import random as p


class Sneaky(Trait):
    async def execute(self, entity):
        pass

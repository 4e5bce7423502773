# category: rebinding; expect: refused; rule: rebinding
from random import random


def random():
    return 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass

# category: rebinding; expect: refused
import math


def f():
    global math
    del math


class Sneaky(Trait):
    async def execute(self, entity):
        pass

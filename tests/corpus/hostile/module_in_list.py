# category: rebinding; expect: refused; rule: module
import random


class Sneaky(Trait):
    async def execute(self, entity):
        [random][0]._inst

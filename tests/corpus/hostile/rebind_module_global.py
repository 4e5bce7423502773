# category: rebinding; expect: refused; rule: rebinding
import random


class Sneaky(Trait):
    async def execute(self, entity):
        global random
        random = self

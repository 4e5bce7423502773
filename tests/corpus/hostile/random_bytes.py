# category: libraries; expect: refused; rule: module-name
import random


class Sneaky(Trait):
    async def execute(self, entity):
        random.randbytes(10)

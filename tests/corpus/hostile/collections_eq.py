# category: libraries; expect: refused; rule: module-name
import collections


class Sneaky(Trait):
    async def execute(self, entity):
        collections._eq

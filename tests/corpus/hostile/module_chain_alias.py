# category: rebinding; expect: refused; rule: module-name
import collections as r


class Sneaky(Trait):
    async def execute(self, entity):
        r._sys.modules

# category: imports; expect: refused; rule: import
import collections.abc


class Sneaky(Trait):
    async def execute(self, entity):
        collections.abc.sys

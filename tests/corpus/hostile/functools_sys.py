# category: libraries; expect: refused; rule: module-name
import functools


class Sneaky(Trait):
    async def execute(self, entity):
        functools.GenericAlias

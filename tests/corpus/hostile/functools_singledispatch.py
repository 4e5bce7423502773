# category: libraries; expect: refused; rule: module-name
from functools import singledispatch


class Sneaky(Trait):
    async def execute(self, entity):
        singledispatch(len).registry

# category: libraries; expect: refused; rule: attribute
from collections.abc import Iterable


class Sneaky(Trait):
    async def execute(self, entity):
        Iterable.register(type(entity))

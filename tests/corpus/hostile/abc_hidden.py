# category: libraries; expect: refused; rule: module-name
from collections.abc import ABCMeta


class Sneaky(Trait):
    async def execute(self, entity):
        ABCMeta

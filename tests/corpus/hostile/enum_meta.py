# category: libraries; expect: refused; rule: module-name
from enum import EnumMeta


class Sneaky(Trait):
    async def execute(self, entity):
        EnumMeta('E', (), {})

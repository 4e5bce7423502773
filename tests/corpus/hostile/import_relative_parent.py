# category: imports; expect: refused; rule: import
from ..runtime import host


class Sneaky(Trait):
    async def execute(self, entity):
        host

# category: imports; expect: refused; rule: import
from trait import Trait


class Sneaky(Trait):
    async def execute(self, entity):
        pass

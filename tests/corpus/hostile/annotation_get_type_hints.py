# category: annotations; expect: refused; rule: module-name
from typing import get_type_hints


class Sneaky(Trait):
    def f(self, a: int):
        return a

    async def execute(self, entity):
        get_type_hints(self.f)

# category: libraries; expect: refused; rule: call
from typing import TypeVar


class Sneaky(Trait):
    async def execute(self, entity):
        TypeVar(self.name)

# category: libraries; expect: refused; rule: dunder
from collections import UserDict


class Sneaky(Trait):
    async def execute(self, entity):
        UserDict().__dict__

# category: dunders; expect: refused; rule: dunder
from enum import IntEnum


class E(IntEnum):
    A = 9

    def f(self):
        return super().__pow__(10 ** 9)


class Sneaky(Trait):
    async def execute(self, entity):
        E.A.f()

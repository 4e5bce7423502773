# category: dunders; expect: refused; rule: dunder
from enum import StrEnum


class E(StrEnum):
    A = 'a'

    def f(self):
        return super().__format__('>99999999')


class Sneaky(Trait):
    async def execute(self, entity):
        E.A.f()

# category: annotations; expect: refused; rule: annotation
from __future__ import annotations


def f(a: exec('1')):
    return a


class Sneaky(Trait):
    async def execute(self, entity):
        pass

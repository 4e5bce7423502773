# category: libraries; expect: refused; rule: call
from collections import namedtuple


class Sneaky(Trait):
    async def execute(self, entity):
        namedtuple('A', [c for c in 'ab'])

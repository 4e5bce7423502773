# category: libraries; expect: refused; rule: call
from typing import NamedTuple


class Sneaky(Trait):
    async def execute(self, entity):
        NamedTuple('A', [(n, int) for n in 'ab'])

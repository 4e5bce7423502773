# category: libraries; expect: refused; rule: dunder
from typing import List


class Sneaky(Trait):
    async def execute(self, entity):
        List[int].__origin__

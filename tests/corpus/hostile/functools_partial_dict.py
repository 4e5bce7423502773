# category: libraries; expect: refused; rule: dunder
from functools import partial


class Sneaky(Trait):
    async def execute(self, entity):
        partial(len).__dict__

# category: names; expect: refused; rule: name
from functools import partial


class Sneaky(Trait):
    async def execute(self, entity):
        partial(open, 'f')()

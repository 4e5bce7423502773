# category: libraries; expect: refused; rule: call
from collections import namedtuple

P = namedtuple('P', 'a', rename=True)


class Sneaky(Trait):
    async def execute(self, entity):
        pass

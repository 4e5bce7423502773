# category: libraries; expect: refused; rule: call
from collections import namedtuple

P = namedtuple('P', 'a', module='os')


class Sneaky(Trait):
    async def execute(self, entity):
        pass

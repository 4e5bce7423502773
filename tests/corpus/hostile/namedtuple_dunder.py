# category: libraries; expect: refused; rule: dunder
from collections import namedtuple

P = namedtuple('P', '__class__ x')


class Sneaky(Trait):
    async def execute(self, entity):
        pass

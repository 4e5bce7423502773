# category: frames; expect: refused; rule: attribute
from collections import namedtuple

P = namedtuple('P', 'f_back')


class Sneaky(Trait):
    async def execute(self, entity):
        P(1).f_back

# category: libraries; expect: refused; rule: call
from collections import namedtuple
from functools import partial


class Sneaky(Trait):
    async def execute(self, entity):
        partial(namedtuple, 'P')('a')

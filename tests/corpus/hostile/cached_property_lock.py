# category: libraries; expect: refused; rule: attribute
from functools import cached_property


class Sneaky(Trait):
    @cached_property
    def p(self):
        return 1

    async def execute(self, entity):
        type(self).p.lock

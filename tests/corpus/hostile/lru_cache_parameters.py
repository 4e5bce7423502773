# category: libraries; expect: refused; rule: attribute
from functools import lru_cache


class Sneaky(Trait):
    @lru_cache
    def p(self):
        return 1

    async def execute(self, entity):
        self.p.cache_parameters()

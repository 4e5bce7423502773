# category: attributes; expect: refused; rule: dunder
from functools import lru_cache


class Sneaky(Trait):
    @lru_cache
    def go(self):
        return 1

    async def execute(self, entity):
        self.go.__wrapped__(self)

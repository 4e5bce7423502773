# category: decorators; expect: refused; rule: call
from functools import total_ordering


class Sneaky(Trait):
    async def execute(self, entity):
        total_ordering(type(entity))

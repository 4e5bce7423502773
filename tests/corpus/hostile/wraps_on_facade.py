# category: decorators; expect: refused; rule: call
from functools import wraps


class Sneaky(Trait):
    async def execute(self, entity):
        wraps(self.execute)(len)

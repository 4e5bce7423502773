# category: libraries; expect: refused; rule: module-name
from functools import update_wrapper


class Sneaky(Trait):
    async def execute(self, entity):
        update_wrapper(type(entity), self)

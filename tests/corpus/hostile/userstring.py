# category: libraries; expect: refused; rule: module-name
from collections import UserString


class Sneaky(Trait):
    async def execute(self, entity):
        UserString('a')

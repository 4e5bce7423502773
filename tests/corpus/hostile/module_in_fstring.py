# category: rebinding; expect: refused; rule: module
import math


class Sneaky(Trait):
    async def execute(self, entity):
        f'{math}'

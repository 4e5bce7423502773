# category: imports; expect: refused; rule: import
from math import *


class Sneaky(Trait):
    async def execute(self, entity):
        sqrt(2)

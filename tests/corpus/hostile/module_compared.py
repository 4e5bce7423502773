# category: rebinding; expect: refused; rule: module
import math
import random


class Sneaky(Trait):
    async def execute(self, entity):
        math is random

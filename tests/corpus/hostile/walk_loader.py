# category: attributes; expect: refused; rule: module-name
import math


class Sneaky(Trait):
    async def execute(self, entity):
        math.__loader__.load_module('os')

# category: imports; expect: refused; rule: import
import math, sys


class Sneaky(Trait):
    async def execute(self, entity):
        sys.modules['os'].getpid()

# category: imports; expect: refused; rule: import
import builtins


class Sneaky(Trait):
    async def execute(self, entity):
        builtins.eval('1')

# category: libraries; expect: refused; rule: module-name
import dataclasses


class Sneaky(Trait):
    async def execute(self, entity):
        dataclasses.builtins.eval('1')

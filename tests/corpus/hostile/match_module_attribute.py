# category: patterns; expect: refused; rule: module-name
import random


class Sneaky(Trait):
    async def execute(self, entity):
        match entity:
            case random._inst:
                pass

# category: imports; expect: refused; rule: identifier
import οs


class Sneaky(Trait):
    async def execute(self, entity):
        οs.listdir('.')

# category: rebinding; expect: refused; rule: module-name
import random


class Sneaky(Trait):
    async def execute(self, entity):
        random._os.system('ls')

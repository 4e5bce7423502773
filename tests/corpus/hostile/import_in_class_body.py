# category: imports; expect: refused
class Sneaky(Trait):
    import random as r

    async def execute(self, entity):
        self.r.random()

# category: names; expect: refused
class molt:
    def go(self, a):
        a.__fuel = 0


class Sneaky(Trait):
    async def execute(self, entity):
        self.a.__fuel

# category: names; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        entity.move(id(self) % 7, 0)

# category: names; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        entity.move(hash(None) % 7, 0)

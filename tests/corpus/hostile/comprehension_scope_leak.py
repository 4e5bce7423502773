# category: comprehensions; expect: refused; rule: name
class Sneaky(Trait):
    async def execute(self, entity):
        [i for i in range(3)]
        entity.move(i, 0)
